"""`python -m contract`, the same as the command `contract`."""

import sys

from contract.cli import main

sys.exit(main())
