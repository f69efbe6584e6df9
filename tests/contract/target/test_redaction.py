"""No report shows a secret: credentials, the secrets of `[http] headers`, and what a target makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contract.target.config import Config, Credential
from contract.target.redaction import Redactor
from tests.kit.command import at, contract
from tests.kit.echoing import echoing

GATEWAY = "gw/9f8e+7d6c=5b4a"


@pytest.fixture
def redactor(config: Config) -> Redactor:
    """Return what knows an API key, an opaque token, a short credential, and the key of a gateway."""
    credentials = {
        "writer": Credential("writer", "sk-apik_writer00.secret-of-the-writer"),
        "reader": Credential("reader", "opaque'reader/token"),
        "other_workspace": Credential("other_workspace", "test"),
    }
    headers = {"X-Gateway-Key": f"Token {GATEWAY}", "User-Agent": "kit-of-ours/1.0", "Accept-Language": "en-example"}
    proxy = "http://user:proxy-password@127.0.0.1:1"
    return Redactor.of(replace(config, credentials=credentials, headers=headers, proxy=proxy))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer sk-apik_writer00.secret-of-the-writer", "Bearer $CONTRACT_WRITER"),
        ("xsk-apik_writer00.secret-of-the-writerx", "x$CONTRACT_WRITERx"),
        ("only the half: secret-of-the-writer", "only the half: ${CONTRACT_WRITER##*.}"),
        ("opaque'reader/token", "$CONTRACT_READER"),
        ("opaque&#x27;reader/token", "$CONTRACT_READER"),
        ("opaque'reader\\/token", "$CONTRACT_READER"),
        ("opaque%27reader%2Ftoken", "$CONTRACT_READER"),
        ("key gw/9f8e+7d6c=5b4a!", "key $CONTRACT_HEADER_X_GATEWAY_KEY!"),
        ("proxy-password", "$CONTRACT_PROXY_PASSWORD"),
        (
            "test, (test) and /test",
            "$CONTRACT_OTHER_WORKSPACE, ($CONTRACT_OTHER_WORKSPACE) and /$CONTRACT_OTHER_WORKSPACE",
        ),
        ("contest, tested, latest-test and test_it", "contest, tested, latest-test and test_it"),
        ("kit-of-ours/1.0 speaks en-example", "kit-of-ours/1.0 speaks en-example"),
    ],
)
def test_secrets_are_named_by_their_variables(redactor: Redactor, text: str, shown: str) -> None:
    """A secret is found in every notation, a short one as a whole word only, and what is no secret stays."""
    assert redactor(text) == shown


def test_a_short_secret_is_warned_of(redactor: Redactor, config: Config) -> None:
    """What is below eight characters is named, and nothing else is."""
    assert redactor.warning is not None
    assert redactor.warning.startswith("CONTRACT_OTHER_WORKSPACE: shorter than 8 characters")
    assert Redactor.of(config).warning is None


COMMANDS = {
    "run": ("run", "--rule", "AUTH-2", "--rule", "AUTH-6", "--rule", "BODY-1", "--rule", "ERR-5", "--rule", "AUTH-7"),
    "fuzz": ("fuzz", "--engine", "own", "--cases", "60", "--seed", "1"),
    "schemathesis": ("fuzz", "--engine", "schemathesis", "--cases", "3", "--seed", "1"),
}


@pytest.mark.parametrize(
    "command", ["run", *(pytest.param(name, marks=pytest.mark.long) for name in ("fuzz", "schemathesis"))]
)
def test_nothing_that_a_run_leaves_behind_shows_a_secret(tmp_path: Path, command: str) -> None:
    """Against a target that repeats every header everywhere, no secret and no half of one is printed or written."""
    (tmp_path / "c.toml").write_text(f'[http.headers]\nX-Tenant = "{GATEWAY}"\n', encoding="utf-8")
    with echoing() as server:
        done = contract(tmp_path, *COMMANDS[command], "--config", "c.toml", environment=at(server), code=1)
        secrets = [GATEWAY, *(server.credentials[name] for name in ("writer", "reader", "private_reader"))]
    files = [
        path for path in (tmp_path / "contract-report").rglob("*") if path.is_file() and "corpus" not in path.parts
    ]
    texts = {"output": done.stdout + done.stderr, **{path.name: path.read_text(encoding="utf-8") for path in files}}
    assert len(texts) > 5
    leaks = {
        (name, secret[:size], text[max(0, text.find(secret[:size]) - 60) :][:120])
        for name, text in texts.items()
        for secret in secrets
        for size in (len(secret), 12)
        if secret[:size] in text
    }
    assert leaks == set()
    assert "\x1b[31m" not in done.stdout + done.stderr


def test_a_short_credential_does_not_break_words_up(tmp_path: Path) -> None:
    """A credential `answ` is warned of on standard error, and the words of the report stay whole."""
    with echoing() as server:
        environment = at(server, CONTRACT_PRIVATE_READER="answ")
        done = contract(tmp_path, "run", "--rule", "AUTH-6", environment=environment, code=1)
    assert "CONTRACT_PRIVATE_READER: shorter than 8 characters" in done.stderr
    assert "an answer without the credential" in " ".join(done.stdout.split())
