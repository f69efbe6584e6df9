"""Credentials that must not be accepted. They are drawn as recipes, so that no repr ever holds a secret.

Rules: AUTH-2 to AUTH-4.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from contract.cases.verdict import UNAUTHORIZED, Judged

VARIABLE = "CONTRACT_WRITER"


@dataclass(frozen=True)
class WrongCredential(Judged):
    """A recipe: the scheme (the value; None sends no header), how much is kept of a valid credential, what is added.

    `kept` is a share in percent, rounded so that between 0 and 100 at least one character is kept and one is missing.
    """

    value: str | None
    kept: int = 0
    added: str = ""

    def header(self, token: str) -> str | None:
        """Return the Authorization header made from a valid credential."""
        if self.value is None:
            return None
        return f"{self.value} {token[: self._length(token)]}{self.added}".strip()

    def shell(self, token: str) -> str | None:
        """Return the same header for a shell that knows the credential by its variable."""
        if self.value is None:
            return None
        kept = f"${{{VARIABLE}}}" if self.kept == 100 else f'$(printf %.{self._length(token)}s "${VARIABLE}")'
        return f"{self.value} {kept if self.kept else ''}{self.added}".strip()

    def _length(self, token: str) -> int:
        if self.kept in (0, 100):
            return len(token) * self.kept // 100
        return max(1, min(len(token) - 1, len(token) * self.kept // 100))


def wrong_credentials() -> st.SearchStrategy[WrongCredential]:
    """Draw a header that is missing, of another scheme, unknown, cut short or continued. The answer is 401."""
    cut = st.integers(1, 99).map(lambda kept: _wrong("AUTH-3", "a part of a credential", "Bearer", kept))
    tails = st.text("Aa0.-_~", min_size=1, max_size=8)
    continued = tails.map(lambda tail: _wrong("AUTH-3", "a credential with something added", "Bearer", 100, tail))
    schemes = st.sampled_from(("Basic", "Token", "ApiKey"))
    others = schemes.map(lambda scheme: _wrong("AUTH-4", "another scheme", scheme, 100))
    unknown = _wrong("AUTH-3", "an unknown credential", "Bearer", 0, "sk-apik_unknown0000.unknown0000000000")
    return st.one_of(st.just(_wrong("AUTH-2", "no credential", None)), st.just(unknown), cut, continued, others)


def _wrong(rule: str, why: str, scheme: str | None, kept: int = 0, added: str = "") -> WrongCredential:
    return WrongCredential(scheme, UNAUTHORIZED, rule, why, kept, added)
