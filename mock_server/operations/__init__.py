"""READ FIRST. The operations of the API, a module for each. The application serves those that are listed here.

`create.py` is the one to begin with. Recordings are served beside the API.
"""

from mock_server.operations.create import OPERATION as CREATE
from mock_server.operations.download import OPERATION as DOWNLOAD
from mock_server.operations.list import OPERATION as LIST
from mock_server.operations.read import OPERATION as READ

OPERATIONS = (CREATE, READ, LIST)
BESIDE = (DOWNLOAD,)
