"""What `expand` adds to an engagement, and the scopes that it needs. Rules: READ-8 to READ-10, READ-14.

The page names the members and not what is in them. The members of the objects here are a decision of this mock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mock_server.checks import auth
from mock_server.checks.auth import Caller, Scope
from mock_server.ids import derived
from mock_server.operations.operation import Request
from mock_server.processing import Results
from mock_server.services import Services
from mock_server.store import Engagement
from mock_server.trace import Trace

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Source:
    """What members are made from: an engagement, its results once processing is completed, a link to the recording."""

    engagement: Engagement
    results: Results | None
    link: Callable[[], str]

    @property
    def workspace_id(self) -> str:
        """The workspace of the engagement: in it a company, a contact and a tag always have the same id."""
        return self.engagement.owner.workspace.id


@dataclass(frozen=True, slots=True)
class Member:
    """A member that can be asked for: how it is made, and the scope that it needs besides that of reading."""

    make: Callable[[Source], object]
    scope: Scope | None = None


def require_scopes(caller: Caller, names: tuple[str, ...], trace: Trace) -> None:
    """Raise Forbidden unless the caller has the scopes that these members need."""
    with trace.step("expand") as step:
        scopes = [scope for name in names if (scope := MEMBERS[name].scope) is not None]
        trace.scopes += tuple(scope.name for scope in scopes)
        for scope in scopes:
            auth.require(caller, scope)
        step.note(", ".join(names) or "nothing")


def expanded(
    engagement: Engagement, names: tuple[str, ...], request: Request, services: Services, at: datetime
) -> Json:
    """Return these members of an engagement as of an instant.

    What processing makes is null, or an empty list, until it is completed.
    """
    if not names:
        return {}
    processing = services.processing
    source = Source(
        engagement,
        processing.results(engagement, processing.stage(engagement, at)),
        lambda: services.links.link(request.origin(), engagement.id),
    )
    return {name: MEMBERS[name].make(source) for name in names}


def _companies(source: Source) -> list[Json]:
    """Return a company for each domain of the participants' e-mail addresses."""
    addresses = [person.email for person in source.engagement.submission.participants if person.email]
    domains = dict.fromkeys(address.rpartition("@")[2].lower() for address in addresses)
    return [
        {"object": "company", "id": derived("cmp", source.workspace_id, domain), "name": domain, "domain": domain}
        for domain in domains
    ]


def _contacts(source: Source) -> list[Json]:
    """Return a contact for each participant. Somebody who is there twice is one contact."""
    found: dict[str, Json] = {}
    for person in source.engagement.submission.participants:
        number = derived("cnt", source.workspace_id, (person.email or person.name or "").lower())
        members = {"object": "contact", "id": number, "name": person.name, "email": person.email}
        found.setdefault(number, {name: value for name, value in members.items() if value is not None})
    return list(found.values())


def _owner(source: Source) -> Json:
    owner = source.engagement.owner
    return {"object": "user", "id": owner.user_id, "email": owner.user}


def _action_items(source: Source) -> Iterator[Json]:
    for text in source.results.action_items if source.results else ():
        number = derived("act", source.engagement.id, text)
        yield {"object": "action_item", "id": number, "text": text, "completed": False}


def _signals(source: Source) -> Iterator[Json]:
    for signal in source.results.signals if source.results else ():
        number = derived("sgl", source.engagement.id, signal.kind, signal.text)
        yield {"object": "signal", "id": number, "kind": signal.kind, "text": signal.text}


def _tags(source: Source) -> Iterator[Json]:
    for name in source.results.tags if source.results else ():
        yield {"object": "tag", "id": derived("tag", source.workspace_id, name), "name": name}


# In the order of the contract.
MEMBERS = {
    "transcript": Member(lambda source: source.results.transcript if source.results else None),
    "media_url": Member(lambda source: source.link()),
    "companies": Member(_companies, Scope("companies:read", "READ-10")),
    "contacts": Member(_contacts, Scope("contacts:read", "READ-10")),
    "owner": Member(_owner, Scope("users:read", "READ-10")),
    "action_items": Member(lambda source: list(_action_items(source))),
    "signals": Member(lambda source: list(_signals(source))),
    "tags": Member(lambda source: list(_tags(source))),
}
