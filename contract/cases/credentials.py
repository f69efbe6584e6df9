"""Credentials that must not be accepted. They are recipes, so that no repr ever holds a secret.

Rules: AUTH-2 to AUTH-4.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from contract.cases.verdict import NO_SCHEME, UNAUTHORIZED, Judged, Verdict

API_KEY = "sk-apik_"  # how a key of the API begins
VARIABLE = "CONTRACT_WRITER"
# Three quarters into a credential lies its secret or its signature, not the padding of an encoding.
_CHANGE = "t = input(); n = len(t) * 3 // 4; print(t[:n] + chr(97 + (t[n] == chr(97))) + t[n + 1:])"
# Before the last dot is the id of an API key, and what a signature is about.
_ALTER = "t = input(); n = max(0, t.rfind(chr(46)) - 1); print(t[:n] + chr(97 + (t[n] == chr(97))) + t[n + 1:])"

# Headers in which other APIs look for a credential, each with what stands before it.
ELSEWHERE = {"X-Api-Key": "", "Cookie": "token="}
PLACES = ("Authorization", *ELSEWHERE)
QUERY = "the query"
IN_QUERY = ("access_token", "api_key", "token")


@dataclass(frozen=True)
class WrongCredential(Judged):
    """A recipe for an Authorization header. `make` gets a valid credential; None sends no header.

    `written` is the same header for a shell, in which the credential is a variable; without it, it is the header.
    `content` stands in the place of a valid body. `place` is the header that it is sent in, or the query.
    """

    value: str
    make: Callable[[str], str] | None = field(repr=False)
    written: str | None = None
    content: bytes | None = None
    place: str = "Authorization"

    def header(self, token: str) -> str | None:
        """Return the Authorization header made from a valid credential."""
        return None if self.make is None else self.make(token)

    def shell(self, token: str) -> str | None:
        """Return the same header for a shell that knows the credential by its variable."""
        return self.header(token) if self.written is None else self.written

    def unfit(self, token: str, valid: Container[str]) -> str | None:
        """Say why a credential cannot be made wrong in this way; None if it can. `valid` are headers to be accepted."""
        header = self.header(token)
        if self.place == PLACES[0] and header in valid:
            return "the configured credentials are such that this one is valid"
        if self.place == QUERY and quote(token) != token:
            return "the configured credential does not stand in a URL as it is"
        if header is not None and header.endswith(" "):
            return "the configured credential is too short for that"
        return None


def cut(kept: int) -> WrongCredential:
    """Return the recipe of the first `kept` percent of a credential, at least one character. `kept` is below 100."""

    def beginning(token: str) -> str:
        return f"Bearer {token[: max(1, len(token) * kept // 100)]}"

    length = f"$(( ${{#{VARIABLE}}} * {kept} / 100 > 0 ? ${{#{VARIABLE}}} * {kept} / 100 : 1 ))"
    written = f'Bearer $(printf "%.*s" "{length}" "${VARIABLE}")'
    return _wrong("AUTH-3", f"the first {kept} % of a credential", beginning, written)


def continued(tail: str, verdict: Verdict = UNAUTHORIZED) -> WrongCredential:
    """Return the recipe of a credential with something added."""
    why = f"a credential with {tail} added"
    return _wrong("AUTH-3", why, lambda token: f"Bearer {token}{tail}", f"Bearer ${{{VARIABLE}}}{tail}", verdict)


def elsewhere(header: str, before: str) -> WrongCredential:
    """Return the recipe of a valid credential in another header than Authorization, and none in that."""
    why = f"a credential in the header {header} alone"
    recipe = _wrong("AUTH-2", why, lambda token: f"{before}{token}", f"{before}${VARIABLE}")
    return replace(recipe, place=header)


def in_query() -> WrongCredential:
    """Return the recipe of a valid credential in the query, under all names that are usual, and in no header."""
    why = f"a credential in the query alone ({', '.join(IN_QUERY)})"
    recipe = _wrong("AUTH-2", why, _query, _query(f"${VARIABLE}"))
    return replace(recipe, place=QUERY)


def _query(token: str) -> str:
    return "&".join(f"{name}={token}" for name in IN_QUERY)


def under(scheme: str, verdict: Verdict = UNAUTHORIZED) -> WrongCredential:
    """Return the recipe of a valid credential under another scheme."""
    return _wrong("AUTH-4", scheme, lambda token: f"{scheme} {token}", f"{scheme} ${VARIABLE}", verdict)


def _wrong(
    rule: str,
    why: str,
    make: Callable[[str], str] | None,
    written: str | None = None,
    verdict: Verdict = UNAUTHORIZED,
) -> WrongCredential:
    return WrongCredential(why, verdict, rule, why, make, written)


def _always(rule: str, why: str, header: str, verdict: Verdict = UNAUTHORIZED) -> WrongCredential:
    return _wrong(rule, why, lambda _: header, None, verdict)


def _changed(token: str, n: int) -> str:
    return f"Bearer {token[:n]}{chr(97 + (token[n] == 'a'))}{token[n + 1 :]}"


def _altered(token: str) -> str:
    return _changed(token, max(0, token.rfind(".") - 1))


def _basic(token: str) -> str:
    return f"Basic {base64.b64encode(f'{token}:'.encode()).decode()}"


NONE = _wrong("AUTH-2", "no Authorization header", None)
UNKNOWN = _always("AUTH-3", "an unknown API key", f"Bearer {API_KEY}unknown0000.unknown0000000000")
OTHER_CASE = _wrong(
    "AUTH-3",
    "a valid credential in the other case",
    lambda token: f"Bearer {token.swapcase()}",
    f"Bearer $(printf %s \"${VARIABLE}\" | tr 'A-Za-z' 'a-zA-Z')",
)
BASIC = _wrong("AUTH-4", "Basic with the credential as user", _basic, f'Basic $(printf %s: "${VARIABLE}" | base64 -w0)')
WRONG: tuple[WrongCredential, ...] = (
    NONE,
    _always("AUTH-2", "an empty Authorization header", ""),
    _always("AUTH-2", "Bearer without a credential", "Bearer", NO_SCHEME),
    UNKNOWN,
    _always("AUTH-3", "an unknown token", "Bearer no-such-credential-0000000000"),
    _wrong(
        "AUTH-3",
        "the beginning of a valid credential",
        lambda token: f"Bearer {token[:-4]}",
        f"Bearer ${{{VARIABLE}%????}}",
    ),
    _wrong(
        "AUTH-3",
        "a valid credential without its last character",
        lambda token: f"Bearer {token[:-1]}",
        f"Bearer ${{{VARIABLE}%?}}",
    ),
    _wrong(
        "AUTH-3",
        "a valid credential with one letter changed",
        lambda token: _changed(token, len(token) * 3 // 4),
        f"Bearer $(printf %s \"${VARIABLE}\" | python3 -c '{_CHANGE}')",
    ),
    _wrong(
        "AUTH-3",
        "a valid credential with the last letter before its last dot changed",
        _altered,
        f"Bearer $(printf %s \"${VARIABLE}\" | python3 -c '{_ALTER}')",
    ),
    _wrong(
        "AUTH-3",
        "a valid credential with nothing behind its last dot",
        lambda token: f"Bearer {token.rpartition('.')[0] or token}.",
        f"Bearer ${{{VARIABLE}%.*}}.",
    ),
    _wrong(
        "AUTH-3",
        "a valid credential without its dots",
        lambda token: f"Bearer {token.replace('.', '')}",
        f'Bearer $(printf %s "${VARIABLE}" | tr -d .)',
    ),
    # What a parser cuts off, cleans away, decodes or matches; some may count as a malformed header.
    *map(continued, ("AAAA", ".AAAA", "=", ".")),
    *(continued(tail, NO_SCHEME) for tail in (";AAAA", ",AAAA", "%", "*")),
    _wrong(
        "AUTH-3",
        "a valid credential with its last letter as an escape",
        lambda token: f"Bearer {token[:-1]}%{ord(token[-1]):02x}",
        f"Bearer ${{{VARIABLE}%?}}$(printf %s \"${VARIABLE}\" | tail -c 1 | od -An -tx1 | tr ' ' %)",
        NO_SCHEME,
    ),
    _wrong(
        "AUTH-3",
        "a valid credential twice",
        lambda token: f"Bearer {token}{token}",
        f"Bearer ${VARIABLE}${VARIABLE}",
    ),
    _always("AUTH-3", "one word that is no API key", "garbage", NO_SCHEME),
    _always("AUTH-3", "two words after Bearer", "Bearer no such", NO_SCHEME),
    _wrong(
        "AUTH-3",
        "a valid credential with a word behind it",
        lambda token: f"Bearer {token} more",
        f"Bearer ${VARIABLE} more",
        NO_SCHEME,
    ),
    OTHER_CASE,
    _wrong(
        "AUTH-3",
        "a valid credential in quotes",
        lambda token: f'Bearer "{token}"',
        f'Bearer \\"${{{VARIABLE}}}\\"',
        NO_SCHEME,
    ),
    _wrong(
        "AUTH-3",
        "a valid credential and another one after a comma",
        lambda token: f"Bearer {token}, Bearer more",
        f"Bearer ${{{VARIABLE}}}, Bearer more",
        NO_SCHEME,
    ),
    _wrong(
        "AUTH-3",
        "a valid credential with an escape for its first letter",
        lambda token: f"Bearer %{ord(token[0]):02X}{token[1:]}",
        f'Bearer %$(printf %02X "\'${VARIABLE}")${{{VARIABLE}#?}}',
        NO_SCHEME,
    ),
    BASIC,
    under("Basic"),
    under("Token"),
    under("ApiKey"),
    under("Bearers"),
    under("Token Bearer", NO_SCHEME),
    _wrong("AUTH-4", "Bearer with a colon", lambda token: f"Bearer:{token}", f"Bearer:${VARIABLE}", NO_SCHEME),
    replace(under("Bearer Bearer", NO_SCHEME), rule="AUTH-3"),
    *(elsewhere(header, before) for header, before in ELSEWHERE.items()),
    in_query(),
    under("Digest", NO_SCHEME),
    # Who may not call learns nothing of what a submission should be. Whether it is JSON may be looked at first.
    *(
        replace(NONE, why=f"no Authorization header, and {what}", value=what, content=content, verdict=verdict)
        for what, content, verdict in (
            *(("an open brace", b"{", NO_SCHEME), ("an empty body", b"", NO_SCHEME)),
            ("an empty object", b"{}", UNAUTHORIZED),
        )
    ),
    replace(UNKNOWN, why="an unknown API key, and no JSON", value="no JSON", content=b"type=CALL", verdict=NO_SCHEME),
    # What every object of some languages has, and more than the usual server reads of a header.
    *(
        _always("AUTH-3", f"the token {name}", f"Bearer {name}")
        for name in ("constructor", "__proto__", "null", "undefined", "*")
    ),
    _wrong(
        "AUTH-3",
        "a valid credential without its prefix",
        lambda token: f"Bearer {token.removeprefix(API_KEY)}",
        f"Bearer ${{{VARIABLE}#{API_KEY}}}",
    ),
    _wrong(
        "AUTH-3",
        "what stands behind the last dot of a valid credential",
        lambda token: f"Bearer {token.rpartition('.')[2]}",
        f"Bearer ${{{VARIABLE}##*.}}",
    ),
    _wrong(
        "AUTH-3",
        "a valid credential with the word Bearer inside",
        lambda token: f"{token[:8]}Bearer {token[8:]}",
        f'$(printf %s "${VARIABLE}" | cut -c 1-8)Bearer $(printf %s "${VARIABLE}" | cut -c 9-)',
        NO_SCHEME,
    ),
    _always("AUTH-3", "a token outside ASCII", "Bearer größer-日本", NO_SCHEME),
    _always("AUTH-3", "a token of 6,000 characters", f"Bearer {'k' * 6_000}", NO_SCHEME),
)
