"""The targets of this process: opened as the environment describes them, or brought along by a run of the kit."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from schemathesis.python import wsgi

from contract.cases import urls
from contract.cases.verdict import ACCEPTED, Url
from contract.generated.recorder import GeneratedRecorder
from contract.generated.session import Operation, Target
from contract.run.profile import Profile
from contract.run.session import REPORT_DIR, Session, open_session
from contract.target import simulated
from contract.target.config import Config, is_loopback, load
from contract.target.values import ConfigError
from contract.target.wsgi import WsgiTransport


def open_target(base_url: str, app: Any = None) -> Target:
    """Return the target at this URL, or this application, as the environment describes it, after a pre-flight.

    Raises ConfigError, PreflightFailed and CutShort, each with a sentence that says what to do.
    """
    environment: Mapping[str, str] = os.environ
    if is_loopback(base_url):
        environment = {"CONTRACT_MEDIA_ACCEPTED": ",".join(simulated.ACCEPTED)} | dict(os.environ)
    config = load({"base_url": base_url}, environment)
    transport = None if app is None else WsgiTransport(app, config.base_url)
    report_dir = None if config.loopback else Path(REPORT_DIR)
    session = open_session(
        config, Profile.of("quick", None), report_dir=report_dir, transport=transport, recorder=GeneratedRecorder()
    )
    atexit.register(session.resources.close)  # Schemathesis does not say when a target is done with
    return adopt(session)


class Targets:
    """The targets of this process: the one that a run brought along, or one for each URL and application."""

    def __init__(self) -> None:
        self.given: Target | None = None
        self._found: dict[tuple[str, int], Target | Exception] = {}

    def of(self, operation: Operation) -> Target:
        """Return the target of an operation, opened when it is first met. Raises what `open_target` raises."""
        if self.given is not None:
            return self.given
        url = operation.base_url or ""
        if operation.app is not None:
            url = f"http://{wsgi.HOST}{urlsplit(url).path}"
        elif not url.startswith("http"):
            raise ConfigError("Schemathesis knows no base URL: add --url, or schema.config.update(base_url=…)")
        return self.at(url, operation.app, operation.schema.config.workers)

    def at(self, base_url: str, app: Any, workers: int) -> Target:
        """Return the target at this URL, or this application."""
        if workers > 1:
            raise ConfigError("contract.schemathesis keeps one set of books: use --workers 1")
        place = (base_url, id(app))
        if place not in self._found:
            try:
                self._found[place] = open_target(base_url, app)
            except Exception as reason:  # noqa: BLE001  whatever it is: the next case would meet it again
                self._found[place] = reason
        if isinstance(found := self._found[place], Exception):
            raise found.with_traceback(None) from None  # its sentence says it all
        return found

    def opened(self) -> list[Target]:
        """Return all targets that passed their pre-flight."""
        given = [] if self.given is None else [self.given]
        return given + [found for found in self._found.values() if isinstance(found, Target)]


targets = Targets()


def adopt(session: Session) -> Target:
    """Return a session of its own recorder as a target, after a pre-flight. Raises what `Session.begin` raises."""
    if not isinstance(session.recorder, GeneratedRecorder):
        raise TypeError("a target needs a session with GeneratedRecorder as its recorder")
    session.begin()
    accepted = {url: Url(url, ACCEPTED, "URL-17", "a configured recording") for url in session.config.accepted}
    return Target(session, session.recorder, accepted, tuple(_hostile(session.config)))


def _hostile(config: Config) -> Iterator[Url]:
    """Yield the URLs of the table that every run tries in turn."""
    yield from urls.over_http(config.accepted[:1])[:1]
    yield from urls.configured(config.rejected, config.redirect_to_private, config.unreachable, config.private_names)
    for several in zip_longest(*urls.HOSTS.values()):  # a bit of each network before more of one
        yield from (url for url in several if url is not None)
