"""What may leave for a deployment that other people use: nothing that anybody would see or be mailed about.

The judgement is on the bytes that are about to be sent, so it holds for every kind of submission: what is refused, what
is damaged, repeats and races. A faulty target may turn any of them into an engagement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

SAFE = {"is_private": True, "run_workflows": False}  # what has to be said for an engagement to stay unseen
MAIL_DOMAIN = "example.com"
# A member as a text says it that is no JSON, whatever quotes and escapes stand around it.
_MEMBER = re.compile(r"""\b(is_private|run_workflows)\\*["']?\s*[:=]\s*([^\s,}]*)""")
_ADDRESS = re.compile(r"""[^\s"'<>]@([^\s"'<>,;\\]+)""")
_URL = re.compile(
    r"""(?<![A-Za-z])[A-Za-z]{1,10}://[^\s"'<>]*"""
)  # it may hold user information, to which nobody mails


class Members(list[tuple[str, Any]]):
    """The members of an object in JSON, those with the same name included."""


def shows(content: bytes) -> str | None:
    """Say what a body may show to others; None if an engagement made of it is private, fires and mails nothing.

    The body has to say so itself: what it does not say, a target may take for the opposite.
    """
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    try:
        document = json.loads(text, object_pairs_hook=Members)
    except (ValueError, RecursionError):
        said = [(name, {"true": True, "false": False}.get(value)) for name, value in _MEMBER.findall(text)]
        return _unsafe(said) or _mails([text])
    return _judge(document)


def _judge(document: Any) -> str | None:
    """Judge JSON: an object, several of them in a list, or a text that holds one."""
    match document:
        case Members():
            return _unsafe(document) or _mails(_texts(document))
        case [*items] if items:
            return next(filter(None, map(_judge, items)), None)
        case str():
            return shows(document.encode("utf-8", "surrogatepass"))
    return _unsafe(())


def _unsafe(members: Sequence[tuple[str, Any]]) -> str | None:
    for name, safe in SAFE.items():
        values = [value for member, value in members if member == name]
        if not values or any(value is not safe for value in values):
            return f"it does not say {name} = {json.dumps(safe)}"
    return None


def _mails(texts: Sequence[str] | Iterator[str]) -> str | None:
    for text in texts:
        domains = _ADDRESS.findall(_URL.sub("", text)) if "@" in text else ()
        if any(domain.rstrip(".").lower() != MAIL_DOMAIN for domain in domains):
            return f"it holds an e-mail address outside {MAIL_DOMAIN}"
    return None


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a document, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
