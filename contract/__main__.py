"""`python -m contract`, the same as the command `contract`."""

import sys

from contract.command import main

sys.exit(main())
