"""`python -m mock_server`, the same as the command `mock-server`."""

import sys

from mock_server.cli import main

sys.exit(main())
