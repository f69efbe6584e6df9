"""The command `contract`, which says what to do if packages of the suite are missing or hidden."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.util import find_spec

from contract import interruption

NEEDED = ("certifi", "httpcore", "hypothesis", "jsonschema", "pytest", "rich", "schemathesis")


STANDARD = 2  # the highest number of a standard stream
CUT_SHORT = 3  # the exit code of a run that does not come to its end


def main() -> int:
    """Run the command and return its exit code."""
    _hold_streams()
    interruption.watch()
    try:
        return _main()
    except KeyboardInterrupt:  # before a run has begun, or after it has ended: in between it ends with a report
        print("contract: interrupted", file=sys.stderr)
    except Exception:  # noqa: BLE001  Python would end with 1, which says that the target breaks the contract
        traceback.print_exc()
        print("contract: this is a mistake of the program, and says nothing of the target", file=sys.stderr)
    return CUT_SHORT


def _hold_streams() -> None:
    """Open standard streams that are closed: a socket would get their number, and pytest lead it elsewhere."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= STANDARD:
        pass
    os.close(number)


def _main() -> int:
    if not all(find_spec(name) for name in NEEDED):
        print(
            "contract: this command needs more packages. In a checkout: pip install '.[contract]'. Elsewhere: pip "
            "install the file or URL that you installed the kit from, with [contract] behind it.",
            file=sys.stderr,
        )
        return 2
    from pytest_engagements import shadowed  # it needs pytest, which is one of them

    if reason := shadowed():
        print(f"contract: {reason}", file=sys.stderr)
        return 2
    from contract.cli import main as run  # its packages are an extra

    return run()
