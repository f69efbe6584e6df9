"""READ FIRST. The operations of the API, a module for each. The application serves those that are listed here."""

from mock_server.operations import create

OPERATIONS = (create.OPERATION,)
