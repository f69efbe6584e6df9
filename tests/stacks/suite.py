"""The command `contract`, with every failure in its report: a verdict on each fault needs them all, not five a rule."""

import sys

from contract.run import recorder

if __name__ == "__main__":
    recorder.KEPT = 10_000
    from contract.command import main  # later, because it brings modules that copy the number

    sys.exit(main())
