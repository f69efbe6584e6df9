"""Authentication and scope."""

from __future__ import annotations

import pytest

from mock_server import Running
from mock_server.checks.auth import WRITE, Directory, Workspace, require
from mock_server.problems import Forbidden, Unauthorized
from mock_server.workspaces import built_in
from mock_server.workspaces import caller as make_caller
from tests.kit.checks import check_problem
from tests.kit.http import NOSCOPE, OTHER, READER, WRITER, create, send
from tests.kit.submissions import Absence, submission

DIRECTORY = Directory(built_in())


@pytest.mark.parametrize(
    "header",
    [f"Bearer {WRITER}", f"bearer {WRITER}", f"BEARER   {WRITER}", f"  Bearer {WRITER}\t", WRITER, f" {WRITER} "],
)
def test_a_known_credential_authenticates_in_both_forms(server: Running, header: str) -> None:
    """A credential after Bearer, in any case, and an API key alone are both accepted."""
    assert send(server, submission(), credential=None, headers={"Authorization": header}).status == 201


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        (Absence.ABSENT, "AUTH-2"),
        ("", "AUTH-2"),
        ("Bearer", "AUTH-3"),
        ("Bearer ", "AUTH-3"),
        ("Bearer unknown", "AUTH-3"),
        (f"Bearer {WRITER[:-1]}", "AUTH-3"),
        (f"Bearer {WRITER}x", "AUTH-3"),
        (f"Bearer {WRITER} x", "AUTH-3"),
        (f"Bearer {WRITER},{WRITER}", "AUTH-3"),
        (f"Bearer {WRITER.upper()}", "AUTH-3"),
        (f'Bearer "{WRITER}"', "AUTH-3"),
        (f"Bearer Bearer {WRITER}", "AUTH-3"),
        ("Bearer \xff\xfe", "AUTH-3"),
        ("Bearer " + "x" * 50_000, "AUTH-3"),
        ("sk-apik_unknown.secret", "AUTH-3"),
        (f"Basic {WRITER}", "AUTH-4"),
        (f"Token {WRITER}", "AUTH-4"),
        (f"Digest {WRITER}", "AUTH-4"),
        (f"{WRITER} Bearer", "AUTH-3"),
        ("unknown", "AUTH-3"),
    ],
    ids=range(20),
)
def test_anything_else_is_401(server: Running, header: str | Absence, rule: str) -> None:
    """A missing, unknown, changed or misplaced credential gets 401 with a challenge, and is never repeated."""
    answer = send(server, submission(), credential=None, headers={"Authorization": header})
    check_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    shown = answer.body + str(answer.headers).encode()
    assert b"sk-apik" not in shown
    assert b".local" not in shown
    with pytest.raises(Unauthorized) as caught:
        DIRECTORY.authenticate(None if isinstance(header, Absence) else header)
    assert caught.value.rule == rule


@pytest.mark.parametrize("credential", [READER, NOSCOPE, "sk-apik_private.local"])
def test_without_the_scope_it_is_403(server: Running, credential: str) -> None:
    """A credential without engagements:write gets 403 naming the scope, and the key stays free."""
    body = submission()
    answer = send(server, body, credential=credential)
    assert "engagements:write" in check_problem(answer, 403)["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="engagements:write"'
    assert credential.encode() not in answer.body
    created = send(server, body)
    assert created.status == 201


@pytest.mark.parametrize("before", ["X", "\t", "\v", " \t", "\xa0"], ids=repr)
def test_nothing_but_blanks_is_taken_off_a_credential(before: str) -> None:
    """Spaces between the scheme and the credential are all that is skipped (RFC 9110, 11.4)."""
    for header in (f"Bearer {before}{WRITER}", f"Bearer {WRITER}X", f"X{WRITER}", f"\v{WRITER}"):
        with pytest.raises(Unauthorized):
            DIRECTORY.authenticate(header)


def test_no_scope_implies_another() -> None:
    """Only the very scope counts, not its prefix or its relatives."""
    for caller in DIRECTORY.callers:
        if "engagements:write" in caller.scopes:
            require(caller, WRITE)
        else:
            with pytest.raises(Forbidden):
                require(caller, WRITE)


def test_the_caller_owns_what_it_creates(server: Running) -> None:
    """owner_user_id is the same for all that one credential creates and differs between credentials."""
    mine = {create(server).json()["owner_user_id"] for _ in range(3)}
    other = send(server, submission(), credential=OTHER).json()["owner_user_id"]
    assert len(mine) == 1
    assert other not in mine


def test_a_caller_hides_its_credential() -> None:
    """The repr of a caller shows who it is and not its credential."""
    shown = repr(DIRECTORY.callers)
    assert "writer@example.com" in shown
    assert "sk-apik" not in shown


def test_the_built_in_credentials_never_change() -> None:
    """Names, users, scopes and the ids that follow from them are what integrators write into their tests."""
    shown = {c.name: (c.workspace.name, c.user, sorted(c.scopes)) for c in built_in()}
    read, write = "engagements:read", "engagements:write"
    assert shown == {
        "writer": ("A", "writer@example.com", ["companies:read", "contacts:read", read, write, "users:read"]),
        "reader": ("A", "reader@example.com", [read]),
        "private_reader": ("A", "private@example.com", ["engagements:private:read", read]),
        "noscope": ("A", "noscope@example.com", []),
        "other_workspace": ("B", "other@example.com", [read, write]),
    }
    assert {(c.workspace.id, c.user_id) for c in built_in() if c.name in {"writer", "other_workspace"}} == {
        ("wrks_00029ZPHPQAXXKA8GBGTE9JTD4", "usr_0000RMFKSW9B8FWRD1K2P1NZQ5"),
        ("wrks_0000DGYKSRCVENKQ34DYEA7MPW", "usr_0000P3S7RFGAD5DNBK05RT1M5T"),
    }


def test_one_address_is_another_user_in_another_workspace() -> None:
    """The id of a user follows from the workspace and the e-mail address."""
    spaces = Workspace("wrks_1", "One"), Workspace("wrks_2", "Two")
    ids = {make_caller(space, "n", "c", (), user).user_id for space in spaces for user in ("a@b", "c@d")}
    assert len(ids) == 4
    assert all(user_id.startswith("usr_") for user_id in ids)
