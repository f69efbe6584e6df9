"""A request of the journal as a curl line. The journal has no credential, so the shell fills in a variable."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from mock_server.records.entry import Entry
from mock_server.redaction import HIDDEN

# curl sets these itself, or they belong to the connection.
_OWN = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "accept"}
)


def curl(entry: Entry, base: str) -> str:
    """Return the line. If the body was cut or is not text, the line reads it from the file body.json."""
    url = shlex.quote(base.rstrip("/") + _path(entry) + (f"?{entry.query}" if entry.query else ""))
    # With -X HEAD curl would wait for the body that the head announces.
    words = ["curl -I", url] if entry.method == "HEAD" else ["curl -i -X", shlex.quote(entry.method), url]
    for name, value in entry.headers:
        if name.lower() == "authorization":
            # In double quotes, so that the shell fills in the variable.
            words.append(f'-H "{name}: {value.replace(HIDDEN, "$CREDENTIAL")}"')
        elif name.lower() not in _OWN and value != HIDDEN:
            words += ["-H", shlex.quote(f"{name}: {value}")]
    if entry.body is not None and entry.body.size and entry.method != "HEAD":
        words += ["--data-binary", _data(entry)]
    return " ".join(words)


def _path(entry: Entry) -> str:
    """Return the path with its escapes again. The journal has it without, but for slashes (see `connection`)."""
    return quote(entry.path, safe="/!$&'()*+,;=:@").replace("%252F", "%2F")


def _data(entry: Entry) -> str:
    if entry.body is None or entry.body.truncated:
        return "@body.json"
    try:
        text = entry.body.excerpt.decode()
    except UnicodeDecodeError:
        return "@body.json"
    # A NUL ends an argument, and curl reads a file where data begins with @.
    return "@body.json" if "\0" in text or text.startswith("@") else shlex.quote(text)
