"""What is shown of credentials: never the secret itself."""

from __future__ import annotations

import pytest

from mock_server.redaction import HIDDEN, redacted, redacted_bytes, redacted_header

KEY = "sk-apik_writer.local"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {KEY}", f"Bearer {HIDDEN}"),
        ("Authorization", f"bearer {KEY}", f"bearer {HIDDEN}"),
        ("Authorization", KEY, HIDDEN),
        ("Authorization", "my secret", HIDDEN),
        ("Cookie", "session=1", HIDDEN),
        ("X-Api-Key", "1234", HIDDEN),
        ("User-Agent", f"import/1 {KEY}", f"import/1 {HIDDEN}"),
        ("User-Agent", "import/1", "import/1"),
    ],
)
def test_a_secret_header_shows_only_its_scheme(name: str, value: str, shown: str) -> None:
    """A header that carries a credential keeps a known scheme and nothing else; other headers lose only API keys."""
    assert redacted_header(name, value) == shown


def test_api_keys_are_taken_out_of_text_and_of_bytes() -> None:
    """All API keys go, wherever they stand, and bytes that are not UTF-8 stay as they are."""
    assert redacted(f"/a/{KEY}?{KEY}") == f"/a/{HIDDEN}?{HIDDEN}"
    assert redacted('"whsec_MfKQ9r8GKYqr+wjU/D8ILPZIo2LaLa=="') == f'"{HIDDEN}"'
    assert redacted_bytes(b"whsec_MfKQ9r8GKYqr") == HIDDEN.encode()
    assert redacted_bytes(b"\xff" + KEY.encode() + b"\xfe") == b"\xff" + HIDDEN.encode() + b"\xfe"
