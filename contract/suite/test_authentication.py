"""Who may call at all: AUTH-1 to AUTH-8."""

import base64

import pytest

from contract.exchange import Exchange
from contract.judge.replay import answer, close, example, flat
from contract.run.recorder import NotApplicable, Violation
from contract.suite.marks import each_group, rule
from contract.target.client import Client

REFUSED = (401,)
UNREADABLE = (400, 401)  # a header that no scheme can be read from may count as a malformed request
VARIABLE = "CONTRACT_WRITER"


# Three quarters into a credential lies its secret or its signature, not the padding of an encoding.
CHANGE = "t = input(); n = len(t) * 3 // 4; print(t[:n] + chr(97 + (t[n] == chr(97))) + t[n + 1:])"


def _changed(token: str) -> str:
    n = len(token) * 3 // 4
    return token[:n] + chr(97 + (token[n] == "a")) + token[n + 1 :]


class Wrong:
    """An Authorization header that must not be accepted: made from the valid token, and written for the shell."""

    def __init__(self, name: str, header: str | None, shell: str = "", status: tuple[int, ...] = REFUSED) -> None:
        self.name, self.status = name, status
        self._header, self._shell = header, shell

    def send(self, client: Client, key: str) -> Exchange:
        """Send a submission that is valid but for this header."""
        token = client.config.credentials["writer"].token
        document = {**client.base, "external_id": key}
        request = client.request(document, credential=None, expect="unauthorized")
        if self._header is None:
            return client.send(request)
        value = self._header.format(
            token=token,
            part=token[: max(1, len(token) - 4)],
            most=token[:-1],
            changed=_changed(token),
            other_case=token.swapcase(),
            basic=base64.b64encode(f"{token}:".encode()).decode(),
        )
        changes = {"headers": (("Authorization", value), *request.headers), "authorization": self._shell or value}
        return client.submit(request.body, credential=None, expect="unauthorized", **changes)


WRONG = {
    "AUTH-2": [
        Wrong("no Authorization header", None),
        Wrong("an empty Authorization header", ""),
        Wrong("Bearer without a credential", "Bearer", status=UNREADABLE),
    ],
    "AUTH-3": [
        Wrong("an unknown API key", "Bearer sk-apik_unknown0000.unknown0000000000"),
        Wrong("an unknown token", "Bearer no-such-credential-0000000000"),
        Wrong("the beginning of a valid credential", "Bearer {part}", f"Bearer ${{{VARIABLE}%????}}"),
        Wrong("a valid credential without its last character", "Bearer {most}", f"Bearer ${{{VARIABLE}%?}}"),
        Wrong(
            "a valid credential with one letter changed",
            "Bearer {changed}",
            f"Bearer $(printf %s ${VARIABLE} | python3 -c '{CHANGE}')",
        ),
        Wrong("a valid credential with something added", "Bearer {token}AAAA", f"Bearer ${{{VARIABLE}}}AAAA"),
        Wrong("a valid credential twice", "Bearer {token}{token}", f"Bearer ${VARIABLE}${VARIABLE}"),
        Wrong("two words after Bearer", "Bearer no such", status=UNREADABLE),
        Wrong(
            "a valid credential in the other case",
            "Bearer {other_case}",
            f"Bearer $(printf %s \"${VARIABLE}\" | tr 'A-Za-z' 'a-zA-Z')",
        ),
    ],
    "AUTH-4": [
        Wrong("Basic with the credential as user", "Basic {basic}", f'Basic $(printf %s: "${VARIABLE}" | base64 -w0)'),
        Wrong("Basic with the bare credential", "Basic {token}", f"Basic ${VARIABLE}"),
        Wrong("Token", "Token {token}", f"Token ${VARIABLE}"),
        Wrong("Digest", "Digest {token}", f"Digest ${VARIABLE}", UNREADABLE),
    ],
}


@each_group(WRONG)
def test_what_is_not_a_valid_credential_is_refused(client: Client, cases: dict[str, list[Wrong]]) -> None:
    """A submission without an exactly valid credential gets 401, and its key stays free."""
    key = client.key()
    failures = []
    for name, case in flat(cases):
        client.recorder.focus(name)
        exchange = case.send(client, key)
        if exchange.response.status not in case.status:
            expected = f"{case.name}: {' or '.join(map(str, case.status))}"
            failures.append(Violation(name, expected, answer(exchange), exchange))
            key = client.key()
    client.recorder.focus(None)
    close(client, key, failures, "a request without a valid credential")


def _with(client: Client, authorization: str) -> Exchange:
    """Repeat a submission that is known to be accepted under another form of the same credential."""
    body = example(client, "plain").request.body
    headers = (("Authorization", authorization), ("Content-Type", "application/json"))
    return client.submit(body, expect="replayed", headers=headers)


@rule("AUTH-1")
def test_a_bearer_credential_is_accepted(client: Client) -> None:
    """A valid credential after Bearer authenticates."""
    exchange = _with(client, f"Bearer {client.config.credentials['writer'].token}")
    if not exchange.response.ok:
        raise Violation("AUTH-1", "a valid credential to be accepted after Bearer", answer(exchange), exchange)


@rule("AUTH-5")
def test_an_api_key_is_accepted_bare(client: Client) -> None:
    """An API key alone in the Authorization header authenticates."""
    token = client.config.credentials["writer"].token
    if not token.startswith("sk-apik_"):
        raise NotApplicable("the configured writer is no API key")
    exchange = _with(client, token)
    if not exchange.response.ok:
        raise Violation("AUTH-5", "an API key to be accepted without Bearer", answer(exchange), exchange)


@rule("AUTH-6")
@pytest.mark.parametrize("kind", ["unauthorized", "refused", "malformed"])
def test_no_answer_repeats_the_credential(client: Client, kind: str) -> None:
    """A refusal says nothing of the credential that was sent; every other answer of the run is checked too."""
    if kind == "unauthorized":
        unknown = "Bearer sk-apik_4f1d2c3b5a.9e8d7c6b5a4f3e2d1c"
        request = client.request(client.submission(), credential=None, expect="unauthorized")
        client.submit(request.body, credential=None, expect="unauthorized", headers=(("Authorization", unknown),))
    elif kind == "refused":
        client.submit({"title": 1}, expect="refused")
    else:
        client.submit([], expect="refused")


@rule("AUTH-7")
def test_whether_401_carries_a_challenge(client: Client) -> None:
    """RFC 9110 asks for WWW-Authenticate on 401."""
    exchange = client.submit(client.submission(), credential=None, expect="unauthorized")
    challenge = exchange.response.headers.get("www-authenticate")
    client.recorder.observe("AUTH-7", f"WWW-Authenticate: {challenge}" if challenge else "no WWW-Authenticate on 401")


@rule("AUTH-8")
def test_whether_the_case_of_bearer_matters(client: Client) -> None:
    """RFC 9110 compares schemes without regard to case."""
    exchange = _with(client, f"bearer {client.config.credentials['writer'].token}")
    client.recorder.observe("AUTH-8", "accepts bearer" if exchange.response.ok else "accepts only Bearer")
