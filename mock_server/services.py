"""What a request works with: the services, and the mock that holds them together with the present state."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from ssl import SSLError
from typing import Any

from mock_server.checks import body
from mock_server.checks.auth import Caller, Directory
from mock_server.checks.rate_limit import RateLimiter
from mock_server.checks.validation import Validator
from mock_server.clock import Clock
from mock_server.config import Settings, is_loopback
from mock_server.faults.faults import Faults
from mock_server.ids import Ids
from mock_server.links import Links
from mock_server.media import Media
from mock_server.media.simulated import SimulatedMedia
from mock_server.pagination import Cursors
from mock_server.presenter import Present, presenter
from mock_server.problems import InternalError, Problem
from mock_server.processing import Processing
from mock_server.records.entry import Entry
from mock_server.records.records import Records
from mock_server.records.report import Traffic
from mock_server.state import Cut, State
from mock_server.store import Store
from mock_server.transcripts import TranscriptShelf
from mock_server.webhooks.network import Sender
from mock_server.webhooks.webhooks import Timeline, Webhooks
from mock_server.workspaces import ConfigError

MAX_WAITING = 250  # requests that wait at once for a key that is in flight


@dataclass(frozen=True, slots=True)
class Services:
    """What a request needs and does not change.

    `patience` is how many seconds a request waits for a key that is in flight, and `places` are for those that wait:
    without a bound they could take all connections of the server. `parse` reads a body, `present` returns the JSON
    object of an engagement as of an instant, `render` that of a problem with its request id. `refuses_unknown` tells
    what becomes of unknown parameters of a query. A reset calls `new_store`.
    """

    directory: Directory
    validator: Validator
    media: Media
    clock: Clock
    ids: Ids
    patience: float
    processing: Processing
    present: Present
    links: Links
    cursors: Cursors
    refuses_unknown: bool = False
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MAX_WAITING))
    parse: Callable[[bytes], dict[str, Any]] = body.parse
    render: Callable[[Problem, str], dict[str, object]] = Problem.as_json
    new_store: Callable[[], Store] = Store


class Mock:
    """One mock: its settings, its services and its present state. `stopping` is set when its server stops.

    Whoever changes workspaces, faults, the clock or the state holds `changing`, so that what it found is still so when
    it acts. Requests of the API do not wait for it.

    `admin_token` is what the control plane asks for, or None. Where other machines can reach the server and the
    settings name no token, the mock makes one.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self.changing = threading.RLock()
        clock, processing = Clock(), Processing(settings.processing, settings.seed)
        self.services = Services(
            directory=Directory(settings.callers),
            validator=Validator(settings.media_ports, settings.unknown_fields),
            media=_open_media(settings, self.stopping.wait),
            clock=clock,
            ids=Ids(clock, settings.seed),
            patience=0.0 if settings.in_flight == "conflict" else settings.media_timeout + 5.0,
            processing=processing,
            present=presenter(processing),
            links=Links(clock, secrets.token_bytes(32)),
            cursors=Cursors(secrets.token_bytes(32)),
            refuses_unknown=settings.unknown_fields == "refuse",
        )
        self.state = self.fresh()
        self.admin_token = settings.admin_token
        if self.admin_token is None and settings.admin == "on" and not is_loopback(settings.host):
            self.admin_token = secrets.token_urlsafe(24)

    def use(self, **parts: Any) -> None:
        """Replace the services with these names, and begin with a fresh state."""
        self.services = replace(self.services, **parts)
        self.state = self.fresh()

    def stop(self) -> None:
        """End everything that waits, for good, because the server stops."""
        self.stopping.set()
        self.services.media.close()
        self.state.webhooks.close()

    def reset(self) -> None:
        """Forget everything that requests and tests have changed."""
        self.resume(self.fresh(), self.settings.callers)

    def resume(
        self,
        state: State,
        callers: Iterable[Caller],
        clock_offset: timedelta = timedelta(),
        frozen_at: datetime | None = None,
    ) -> None:
        """Go on from this state, with these credentials and this clock. Requests that a fault holds are released.

        Webhooks of the state before end. Those of the new one tell what happens from now on.
        """
        with self.changing:
            self.state.webhooks.close()  # first, or the new clock makes due what they were still to tell
            self.services.clock.set(clock_offset, frozen_at)
            self.services.directory.change(lambda _: callers)
            before, self.state = self.state, state
        before.faults.remove(lambda _: True)
        state.webhooks.resume([stored for _, stored in state.store.all()])

    def cut(self) -> Cut:
        """Return all that answers depend on, as it is at this moment."""
        with self.changing:
            now, offset, frozen_at = self.services.clock.reading()
            callers = self.services.directory.callers
            known = {one.workspace.id for one in callers}  # a request under way may store for one that was deleted
            return Cut(
                now,
                offset,
                frozen_at,
                callers,
                tuple(stored for (workspace_id, _), stored in self.state.store.all() if workspace_id in known),
                tuple(self.state.faults.listed()),
                tuple(self.state.webhooks.endpoints),
                self.state.limiter.windows(),
            )

    def traffic(self, entries: Iterable[Entry], workspace_id: str | None = None) -> Traffic:
        """Return what a report card grades: these requests, and what is stored in one workspace or in all.

        The scopes of credentials count only if a configuration file gives them.
        """
        stored = [found for (owner, _), found in self.state.store.all() if workspace_id in {None, owner}]
        chosen = () if self.settings.workspaces is None else self.settings.callers
        return Traffic(tuple(sorted(entries, key=lambda entry: entry.began)), tuple(stored), chosen)

    def delete_workspace(self, workspace_id: str) -> bool:
        """Delete a workspace and everything of it. Return False if there is none with this id."""
        with self.changing:
            if workspace_id not in self.services.directory.workspaces:
                return False
            # The credentials go first, so that no new request gets in. One under way forgets what it left when it ends.
            self.services.directory.change(lambda known: [one for one in known if one.workspace.id != workspace_id])
            self.state.forget(workspace_id)
            return True

    def fresh(self) -> State:
        """Return a state in which nothing has happened yet."""
        clock, settings, services = self.services.clock, self.settings, self.services
        timeline = Timeline(clock, services.processing, services.present)
        return State(
            store=self.services.new_store(),
            limiter=RateLimiter(clock, settings.rate_limit),
            transcripts=TranscriptShelf(),
            faults=Faults(clock, self.stopping, settings.seed),
            records=Records() if settings.admin == "on" else None,
            webhooks=Webhooks(
                timeline, Sender(settings.webhook_networks, settings.webhook_timeout), settings.endpoints
            ),
        )


def _open_media(settings: Settings, pause: Callable[[float], object]) -> Media:
    """Open the media world that the settings name. `pause` waits some seconds, or less when the server stops.

    Raises ConfigError.
    """
    if settings.media == "simulated":
        return SimulatedMedia(pause, settings.media_timeout)
    if find_spec("av") is None or find_spec("httpcore") is None:
        raise ConfigError(
            "--media live needs more packages. In a checkout: pip install '.[live]'. Elsewhere: pip install the file "
            "or URL that you installed the kit from, with [live] behind it."
        )
    return _open_live(settings)


def _open_live(settings: Settings) -> Media:
    from mock_server.media.live.fetch import Limits, LiveMedia, trusted  # its packages are an extra
    from mock_server.media.live.resolver import StandIns

    try:
        trust = trusted(settings.media_ca)
    except OSError as error:  # ssl.SSLError is one too
        reason = "no certificate in it" if isinstance(error, SSLError) else error.strerror
        raise ConfigError(f"--media-ca: cannot use {settings.media_ca}: {reason}") from None
    limits = Limits(
        timeout=settings.media_timeout,
        max_bytes=settings.media_max_bytes,
        fetches=settings.media_fetches,
        ports=settings.media_ports,
    )
    stand_ins = StandIns(settings.resolve)
    try:
        return LiveMedia(limits, trust, stand_ins.resolve, stand_ins.dial)
    except InternalError as problem:
        raise ConfigError(f"--media live: {problem.detail}") from None
