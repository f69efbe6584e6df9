"""A receiver of webhooks for one test: a small HTTP server on loopback, which checks every signature."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from mock_server.clock import monotonic
from mock_server.services import Mock
from mock_server.store import Engagement
from mock_server.testing import failures
from mock_server.testing.received import ReceivedWebhook
from mock_server.webhooks.deliveries import Delivery
from mock_server.webhooks.endpoints import Endpoint, EndpointOrder
from mock_server.webhooks.events import events

POLL_SECONDS = 0.02  # between two looks at whether the receiver ends
IDLE_SECONDS = 5.0  # for the next bytes of a peer: a thread that waits for them keeps the test from its end
PREFIX = "svix-"


@dataclass(frozen=True, slots=True)
class _Answer:
    """How the receiver answers: after some seconds, and so many times (None: from now on)."""

    status: int = HTTPStatus.OK
    after: float = 0.0
    times: int | None = None


class WebhookReceiver:
    """What webhooks arrived in a test. The endpoint at `url` is told of the workspace of the test, and of no other."""

    def __init__(self, mock: Mock, workspace: str, url: str) -> None:
        self._mock = mock
        self._workspace = workspace
        self.url = url
        self._began = monotonic()
        self._lock = threading.Lock()
        self._received: list[ReceivedWebhook] = []
        self._answer = _Answer()
        self._ending = threading.Event()
        self._endpoint = self._register(EndpointOrder(url=url))

    @property
    def secret(self) -> str:
        """The secret of the endpoint, `whsec_…`."""
        return self._endpoint.secret

    @property
    def received(self) -> list[ReceivedWebhook]:
        """What arrived, in the order in which it came; retries, copies and what is sent again included."""
        with self._lock:
            return list(self._received)

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries to this receiver as the mock sees them, oldest first, with their attempts."""
        return self._mock.state.webhooks.deliveries.select(lambda one: one.endpoint is self._endpoint)[::-1]

    def configure(self, **order: Any) -> None:
        """Begin with another endpoint: `events=[…]`, `copies=2`, `order="reversed"`. Raises ValueError.

        What the endpoint before was still to be told is lost.
        """
        self._mock.state.webhooks.remove(self._endpoint.id)
        self._endpoint = self._register(EndpointOrder(url=self.url, **order))

    def answer_with(self, status: int, *, after: float = 0.0, times: int | None = None) -> None:
        """Answer the next webhooks with this status, after some true seconds: `times` of them, or all."""
        with self._lock:
            self._answer = _Answer(status, after, times)

    def resend(self, webhook: ReceivedWebhook) -> None:
        """Let the mock send a webhook again now."""
        for delivery in self.deliveries:
            if delivery.event.message_id == webhook.message_id:
                self._mock.state.webhooks.resend(delivery)

    def wait_for(
        self, event: str, external_id: str | None = None, /, *, times: int = 1, timeout: float = 5.0
    ) -> ReceivedWebhook:
        """Wait until an event has arrived, about any engagement or about that one, and return what arrived.

        With `times` it must have arrived so often, and the last one is returned. `timeout` is in true seconds. When
        this returns, the mock has noted the answer: then `clock.advance` makes the next attempt due. Raises
        AssertionError, which says what did arrive and what is still to come.
        """
        __tracebackhide__ = True
        found: list[ReceivedWebhook] = []

        def arrived() -> bool:
            found[:] = [one for one in self._noted() if one.type == event and external_id in {None, one.external_id}]
            return len(found) >= times

        if not self._mock.state.webhooks.deliveries.wait_until(arrived, timeout):
            wanted = failures.WantedWebhook(event, external_id, times, timeout)
            raise AssertionError(failures.no_webhook(wanted, self.received, self.deliveries, self._to_come()))
        return found[times - 1]

    def _noted(self) -> Iterator[ReceivedWebhook]:
        """Yield what arrived with a right signature, and whose answer the mock has noted."""
        attempts = {one.event.message_id: len(one.attempts) for one in self.deliveries}
        for one in self.received:
            attempts[one.message_id] = attempts.get(one.message_id, 0) - 1
            if attempts[one.message_id] >= 0 and one.refused is None:
                yield one

    def _to_come(self) -> list[failures.ComingWebhook]:
        """Return what has not happened yet, with the seconds until it does by the clock of the server."""
        services = self._mock.services
        now = services.clock.now()
        return [
            failures.ComingWebhook(event.type, stored.submission.external_id, (event.at - now).total_seconds())
            for stored in self._stored()
            for event in events(stored, services.processing)
            if event.at > now and self._endpoint.wants(event)
        ]

    def _stored(self) -> list[Engagement]:
        return [stored for (owner, _), stored in self._mock.state.store.all() if owner == self._workspace]

    def _register(self, order: EndpointOrder) -> Endpoint:
        with self._mock.changing:
            endpoint = order.endpoint(self._mock.services.ids.new("ep"), self._workspace)
            self._mock.state.webhooks.add(endpoint, self._stored)
        return endpoint

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Note a webhook, and return the status to answer it with when it is time."""
        came, refused = monotonic() - self._began, _check(self.secret, headers, body)
        event = json.loads(body) if refused is None else {"type": "something"}
        key = self._key_of(event) if refused is None else None
        with self._lock:
            answer = self._next_answer()
            status = answer.status if refused is None else HTTPStatus.BAD_REQUEST
            message_id = headers.get(PREFIX + "id", "")
            webhook = ReceivedWebhook(event["type"], message_id, key, event, headers, status, came, refused)
            self._received.append(webhook)
        self._ending.wait(answer.after)
        return status

    def _next_answer(self) -> _Answer:
        """Return how to answer, and count it."""
        answer = self._answer
        if answer.times is not None:
            self._answer = replace(answer, times=answer.times - 1) if answer.times > 1 else _Answer()
        return answer

    def _key_of(self, event: dict[str, Any]) -> str | None:
        """Return the external_id of the engagement that an event is about."""
        found = self._mock.state.store.find(event["data"]["object"]["id"])
        return None if found is None else found.submission.external_id

    def close(self) -> None:
        """Remove the endpoint, and answer what waits."""
        self._mock.state.webhooks.remove(self._endpoint.id)
        self._ending.set()


def _check(secret: str, headers: dict[str, str], body: bytes) -> str | None:
    """Return what is wrong with a signature, if anything is."""
    standard = {name.replace(PREFIX, "webhook-"): value for name, value in headers.items()}
    try:
        Webhook(secret).verify(body, standard)
    except WebhookVerificationError as error:
        return str(error)
    return None


class _Server(ThreadingHTTPServer):
    """The server of one receiver. Its end waits for the threads that answer."""

    daemon_threads = False
    receiver: WebhookReceiver

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = IDLE_SECONDS

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.receiver.take(headers, self.rfile.read(int(headers.get("content-length", 0)))))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep standard error clean."""


@contextmanager
def receiving(mock: Mock, workspace: str) -> Iterator[WebhookReceiver]:
    """Receive the webhooks of a workspace until the block ends."""
    with _Server() as server:
        receiver = server.receiver = WebhookReceiver(mock, workspace, f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="webhook-receiver")
        thread.start()
        try:
            yield receiver
        finally:
            receiver.close()
            server.shutdown()
            thread.join()
