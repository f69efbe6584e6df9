"""What a client asks for with the header Prefer, and what the trace says of what it does not get."""

from __future__ import annotations

import pytest

from tests.kit.control import Client


def note(client: Client) -> str:
    """Return what the trace of the last request says of its preferences."""
    return next((step["detail"] for step in client.last()["trace"] if step["step"] == "prefer"), "")


@pytest.mark.parametrize(
    "header",
    [
        *("code=503", "code=200", "code=418", "code=4290", "code=42x", "code", "code=", "code=-1", "Code = 599"),
        *("code=503, code=429", "return=minimal", "respond-async", "status=429", "code:429", 'x="a, code=429"'),
        *('code="429', "code='429'", "code=４２９".encode().decode("latin-1")),
    ],
)
def test_what_is_not_applied_is_said(client: Client, header: str) -> None:
    """A code that is not offered, and another preference, change nothing; the trace repeats it and says what can be."""
    answer = client.post(headers={"Prefer": header})
    assert (answer.status, "Preference-Applied" in answer.headers) == (201, False)
    assert note(client).startswith("not applied: ")
    assert ascii(header)[1:-1][:10] in note(client)
    assert "503" not in note(client).partition(";")[2]


@pytest.mark.parametrize(
    ("header", "others"),
    [
        ("code=429", ""),
        ("CODE = 429", ""),
        ('code="429"', ""),
        ("code=429;why=test", ""),
        ("return=minimal, code=429", "return=minimal"),
        ("code=429, code=503", "code=503"),
        ('wait=5, code=429, x="a, b"', 'wait=5, x="a, b"'),
    ],
)
def test_the_first_code_is_applied(client: Client, header: str, others: str) -> None:
    """One of several preferences is found in any of the forms of RFC 7240, and the trace says what of them is not."""
    answer = client.post(headers={"Prefer": header})
    assert (answer.status, answer.headers["Preference-Applied"]) == (429, "code=429")
    assert note(client).partition(f"not applied: {others};")[1] if others else "not applied" not in note(client)


@pytest.mark.parametrize(
    "header", ["x" * 100_000, ",".join(["code=503"] * 10_000), '"' * 50_000, "sk-apik_writer.local"]
)
def test_a_note_of_a_preference_is_bounded(client: Client, header: str) -> None:
    """A long header does not flood the trace, and a credential in it is not shown."""
    assert client.post(headers={"Prefer": header}).status == 201
    assert len(note(client)) < 2000
    assert "writer.local" not in note(client)


def test_without_a_preference_there_is_no_step(client: Client) -> None:
    """An empty header asks for nothing."""
    for headers in ({}, {"Prefer": ""}):
        client.post(headers=headers)
        assert "prefer" not in [step["step"] for step in client.last()["trace"]]
