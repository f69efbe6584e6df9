"""A fresh workspace for one test: its credentials, what arrived in it, faults for it, and assertions that explain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from mock_server.checks.auth import Workspace
from mock_server.clock import Clock
from mock_server.records.entry import Entry, shown_key
from mock_server.records.report import ReportCard, grade
from mock_server.records.report.duplicates import twin_of
from mock_server.services import Mock
from mock_server.testing import failures
from mock_server.testing.receiver import WebhookReceiver, receiving
from mock_server.testing.server import EngagementsServer
from mock_server.testing.stored import StoredEngagement, differing, stored
from mock_server.workspaces import new_callers


class EngagementsApi:
    """The mock as one test sees it. `credentials` are those of its workspace: writer, reader, private_reader, noscope.

    Faults and the clock are put back when the test ends.
    """

    def __init__(
        self, server: EngagementsServer, workspace: str, credentials: dict[str, str], ending: ExitStack
    ) -> None:
        mock = server.mock
        self.workspace = workspace
        self.credentials = credentials
        self.faults = WorkspaceFaults(server, workspace)
        self.clock = ServerClock(mock)
        self._server = server
        self._mock = mock
        self._ending = ending
        self._receiver: WebhookReceiver | None = None
        self._since = 0 if mock.state.records is None else mock.state.records.journal.last

    @property
    def base_url(self) -> str:
        """The root of the API over HTTP, such as `http://127.0.0.1:40123/api`."""
        return self._server.base_url

    @property
    def app(self) -> Flask:
        """The mock as a Flask application, which is a WSGI application: for calls without a socket."""
        return self._server.app

    @property
    def engagements(self) -> list[StoredEngagement]:
        """What is stored in the workspace, oldest first."""
        return [stored(found) for (owner, _), found in self._mock.state.store.all() if owner == self.workspace]

    @property
    def requests(self) -> list[Entry]:
        """The requests of the test, oldest first: those of its workspace, and those with no valid credential."""
        return [entry for entry in self._arrived() if entry.workspace in {None, self.workspace}]

    @property
    def webhooks(self) -> WebhookReceiver:
        """A receiver of the webhooks of the workspace. It is there from the first time on that this is asked for."""
        if self._receiver is None:
            self._receiver = self._ending.enter_context(receiving(self._mock, self.workspace))
        return self._receiver

    def assert_created_once(self, external_id: str, /, **fields: object) -> None:
        """Assert that there is one engagement under this key, and that these fields of it are as they are here.

        It fails, too, if an attempt failed and the client sent the call again under another key, so that it is stored
        twice. `fields` can be the whole body that your client should have sent.
        """
        __tracebackhide__ = True
        found = [one for one in self.engagements if one.external_id == external_id]
        if not found:
            raise AssertionError(failures.not_created(shown_key(external_id), self.requests, self._foreign()))
        if twin := twin_of(self._mock.traffic(self.requests, self.workspace), found[0].id):
            raise AssertionError(failures.created_twice(found[0], twin))
        if differences := differing(found[0], fields):
            raise AssertionError(failures.differs(found[0], differences))

    def assert_no_requests(self) -> None:
        """Assert that nothing was sent to the API during the test, with whatever credential."""
        __tracebackhide__ = True
        if arrived := self._arrived():
            raise AssertionError(failures.requests_arrived(arrived))

    def report(self) -> ReportCard:
        """Grade the client by the requests of the test: `card = …`, then `assert not card.findings, str(card)`."""
        return grade(self._mock.traffic(self.requests, self.workspace))

    def _arrived(self) -> list[Entry]:
        records = self._mock.state.records
        found = [] if records is None else records.journal.select(lambda entry: entry.sequence > self._since)
        return sorted(found, key=lambda entry: entry.began)  # the journal has them as they were answered

    def _foreign(self) -> list[Entry]:
        """Return the requests that came with a credential of another workspace."""
        return [entry for entry in self._arrived() if entry.workspace not in {None, self.workspace}]


class WorkspaceFaults:
    """Faults that strike requests of one workspace."""

    def __init__(self, server: EngagementsServer, workspace: str) -> None:
        self._server = server
        self._workspace = workspace

    def add(self, **order: Any) -> None:
        """Set a fault, or a preset, as `POST /__admin/faults` takes it: `kind="close", phase="after_commit", times=1`.

        Raises ValueError with what is accepted.
        """
        match = {**order.pop("match", {}), "workspace": self._workspace}
        answer = self._ask("POST", json={**order, "match": match})
        if answer.status_code != HTTPStatus.CREATED:
            raise ValueError(failures.of_order(answer.get_json()))

    def clear(self) -> None:
        """Remove the faults of the workspace, and release the requests that they hold."""
        self._ask("DELETE", query_string={"workspace": self._workspace})

    def _ask(self, method: str, **request: Any) -> TestResponse:
        """Ask the control plane, which reads and checks orders, in process."""
        token = self._server.mock.admin_token
        headers = {"Authorization": f"Bearer {token}"} if token else None
        return self._server.app.test_client().open("/__admin/faults", method=method, headers=headers, **request)


class ServerClock:
    """The clock of the server, which the end of the test sets back."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock

    @property
    def _clock(self) -> Clock:
        return self._mock.services.clock

    def now(self) -> datetime:
        """Return the present instant of the server, in UTC."""
        return self._clock.now()

    def advance(self, **by: float) -> None:
        """Move forward: `advance(hours=1)`, with the keywords of `datetime.timedelta`. Raises ValueError, TypeError."""
        step = timedelta(**by)
        if step < timedelta():
            raise ValueError("the clock moves forward only")
        with self._mock.changing:
            self._clock.advance(step)

    def freeze(self, at: datetime | None = None) -> None:
        """Stop the clock at an instant with an offset, or at the present one. Raises ValueError."""
        if at is not None and at.tzinfo is None:
            raise ValueError("an instant needs an offset: datetime(2026, 3, 2, 9, 30, tzinfo=UTC)")
        with self._mock.changing:
            self._clock.freeze(at)

    def reset(self) -> None:
        """Return to the clock of the system."""
        with self._mock.changing:
            self._clock.reset()


@contextmanager
def fresh_api(server: EngagementsServer) -> Iterator[EngagementsApi]:
    """Make a workspace for the block. Afterwards it is gone with its faults, and the clock is as it was before."""
    mock = server.mock
    with mock.changing:
        workspace_id = mock.services.ids.new("wrks")
        callers = new_callers(Workspace(workspace_id, workspace_id))
        mock.services.directory.change(lambda known: (*known, *callers))
        clock = mock.services.clock.setting()
    try:
        with ExitStack() as ending:
            yield EngagementsApi(server, workspace_id, {one.name: one.credential for one in callers}, ending)
    finally:
        with mock.changing:
            mock.delete_workspace(workspace_id)  # first, or the clock makes due what its webhooks were still to tell
            mock.services.clock.set(*clock)
