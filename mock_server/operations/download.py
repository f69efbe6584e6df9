"""Download the recording of an engagement, with a signed link that `expand=media_url` gave out. Rule: READ-14.

It is served beside the API, as a storage of files would be: the link is all that it asks for.
"""

from __future__ import annotations

from mock_server import links
from mock_server.checks import parameters
from mock_server.operations.operation import Operation, Reply, Request
from mock_server.problems import NotFound
from mock_server.services import Services
from mock_server.state import State
from mock_server.trace import Trace

LONGEST = 200  # characters of a parameter
READERS = {"expires": parameters.text_of(LONGEST), "signature": parameters.text_of(LONGEST)}


def download_recording(request: Request, services: Services, state: State, trace: Trace) -> Reply:
    """Return a recording, which is always the same second of a tone. Raises Problem."""
    engagement_id = request.parameters["engagement_id"]
    with trace.step("link"):
        query = parameters.read(request.query, READERS, "READ-14", refuse_unknown=False)
        services.links.check(engagement_id, query.get("expires", ""), query.get("signature", ""))
    with trace.step("find"):
        trace.engagement = state.store.find(engagement_id)
        if trace.engagement is None:
            raise NotFound("The engagement of this link is gone.", rule="READ-14")
    return Reply(200, headers={"Content-Type": "audio/wav"}, content=links.recording())


OPERATION = Operation("GET", links.PATH, download_recording, ("link", "find"))
