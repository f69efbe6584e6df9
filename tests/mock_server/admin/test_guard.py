"""Who may steer: token, Host, Origin, JSON only, and the control plane turned off."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mock_server import Settings, create_app
from mock_server.banner import banner
from mock_server.checks.body import MAX_BYTES
from mock_server.config import load
from mock_server.workspaces import ConfigError
from tests.kit.control import Client, Serve

TOKEN = "correct-horse-battery"
PROBES = ("/health", "/ready", "/version")


@pytest.fixture(scope="module")
def guarded() -> FlaskClient:
    """Return the application of a server with a token, without a server around it."""
    return create_app(Settings(admin_token=TOKEN)).test_client()


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {base64.b64encode(b'me:wrong').decode()}", 401),
        ("Basic %%%", 401),
        (TOKEN, 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Basic {base64.b64encode(f'me:{TOKEN}'.encode()).decode()}", 200),
    ],
)
def test_the_token_is_asked_for(guarded: FlaskClient, authorization: str | None, status: int) -> None:
    """With a token set, only exactly that token, as Bearer or as the password of Basic, opens the control plane."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = guarded.get("/__admin/requests", headers=headers)
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_every_path_but_the_probes_needs_the_token(guarded: FlaskClient) -> None:
    """All routes of the control plane, the pages and their files included, refuse without the token."""
    routes = [rule for rule in guarded.application.url_map.iter_rules() if rule.rule.startswith("/__admin")]
    assert len(routes) > 30
    for rule in routes:
        path = rule.rule.replace("<path:filename>", "inspector.css")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            open_to_all = path.removeprefix("/__admin") in PROBES
            assert guarded.open(path, method=method).status_code == (200 if open_to_all else 401), (method, path)


def test_the_api_does_not_want_the_admin_token(guarded: FlaskClient) -> None:
    """The admin token is for the control plane alone, and no credential of the API."""
    sent = guarded.post("/api/v2/engagements", headers={"Authorization": f"Bearer {TOKEN}"})
    assert sent.status_code == 401
    assert sent.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("localhost:4010", 200), ("127.0.0.1:4010", 200), ("127.9.9.9", 200), ("[::1]:4010", 200),
        ("LOCALHOST", 200), ("mock:4010", 200), ("MOCK", 200), ("evil.example", 403), ("localhost.evil.example", 403),
        ("127.0.0.1.nip.io", 403), ("192.168.0.7", 403), ("", 403), ("[", 403), ("mock@evil.example", 403),
    ],
)  # fmt: skip
def test_the_host_must_be_a_name_of_the_server(host: str, status: int) -> None:
    """DNS rebinding: a Host that is neither loopback nor allowed is refused, on pages and on JSON."""
    app = create_app(Settings(allow_host=("mock",))).test_client()
    for path in ("/__admin/", "/__admin/requests", "/__admin/static/inspector.js"):
        with app.get(path, environ_overrides={"HTTP_HOST": host}) as answer:
            assert answer.status_code == status
    assert app.get("/__admin/health", environ_overrides={"HTTP_HOST": host}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 200), ("http://127.0.0.1:3000", 200), ("http://mock:4010", 200), ("null", 403), ("", 403),
        ("http://evil.example", 403), ("https://localhost.evil.example", 403), ("file://", 403),
    ],
)  # fmt: skip
def test_the_origin_must_be_the_server(origin: str, status: int) -> None:
    """A web page from elsewhere cannot reset the mock, whatever it sends."""
    app = create_app(Settings(allow_host=("mock",))).test_client()
    assert app.post("/__admin/reset", json={}, headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_cannot_steer(kind: str) -> None:
    """What a browser sends without asking first (a simple request) is no JSON, and refused."""
    app = create_app().test_client()
    body = json.dumps({"kind": "forget"})
    assert app.post("/__admin/faults", data=body, content_type=kind).status_code == 403
    assert app.get("/__admin/faults").json == {"data": []}
    # Another program on this machine may be a web page too: it has to ask first, which is never granted.
    assert app.post("/__admin/reset", headers={"Origin": "http://localhost:9999"}).status_code == 403


FOREIGN = [  # what a browser says of a request that a page of another site or port makes, by how it makes it
    ("an image", "GET", "no-cors", "image"),
    ("a script", "GET", "no-cors", "script"),
    ("fetch without CORS", "GET", "no-cors", "empty"),
    ("fetch", "GET", "cors", "empty"),
    ("a frame", "GET", "navigate", "iframe"),
    ("an object", "GET", "navigate", "object"),
    ("a form", "POST", "navigate", "document"),
    ("a beacon", "POST", "no-cors", "empty"),
    ("nothing more", "GET", "", ""),
]


def fetched(site: str, mode: str, dest: str) -> dict[str, str]:
    """Return the headers in which a browser says where a request comes from."""
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    return {name: value for name, value in sent.items() if value}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "x"])
@pytest.mark.parametrize(("method", "mode", "dest"), [way[1:] for way in FOREIGN], ids=[way[0] for way in FOREIGN])
def test_a_page_of_somebody_else_gets_nothing(site: str, method: str, mode: str, dest: str) -> None:
    """What a page of another site, or of another port, asks for is refused: pages, JSON and files."""
    app = create_app().test_client()
    for path in ("/__admin/", "/__admin/requests", "/__admin/static/inspector.js", "/__admin/reset"):
        answer = app.open(path, method=method, headers=fetched(site, mode, dest))
        assert answer.status_code in {403, 405}
    assert app.get("/__admin/requests", headers=fetched(site, mode, dest)).status_code == 403
    assert app.post("/__admin/reset", headers=fetched(site, mode, dest)).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_elsewhere_opens_a_page_and_nothing_else(site: str) -> None:
    """Opened in a window of its own, a page of the inspector shows; JSON, files and changes do not."""
    app, headers = create_app().test_client(), fetched(site, "navigate", "document")
    for path in ("/__admin/", "/__admin", "/__admin/inspect/keys", "/__admin/inspect/faults"):
        assert app.get(path, headers=headers).status_code == 200
    for path in ("/__admin/requests", "/__admin/snapshot", "/__admin/events", "/__admin/static/inspector.css"):
        assert app.get(path, headers=headers).status_code == 403
    assert app.post("/__admin/reset", headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
def test_its_own_pages_and_tools_are_let_in(site: str) -> None:
    """The inspector's own requests, an address that a person typed, and tools that say nothing are admitted."""
    app, headers = create_app().test_client(), fetched(site, "cors", "empty")
    assert app.get("/__admin/requests", headers=headers).status_code == 200
    assert app.post("/__admin/reset", headers=headers).status_code == 200


def test_no_answer_opens_the_door_to_other_pages() -> None:
    """No answer of the control plane has a CORS header, a preflight is not answered, and pages cannot be framed."""
    app = create_app().test_client()
    for path in ("/__admin/", "/__admin/requests", "/__admin/events", "/__admin/nothing"):
        answer = app.get(path, headers={"Origin": "http://localhost"})
        assert not [name for name in dict(answer.headers) if name.lower().startswith("access-control")]
        answer.close()
    assert app.options("/__admin/faults").status_code == 405
    page = app.get("/__admin/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_from_another_machine_a_token_is_needed() -> None:
    """Without a token, a peer that is not on this machine is refused, whatever Host it names."""
    app = create_app().test_client()
    assert app.get("/__admin/requests", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403


def test_off_loopback_a_token_is_made_and_printed_once(serve: Serve) -> None:
    """A server on all addresses makes a token of its own, prints it, and asks for it; a given one is not printed."""
    client = serve(host="0.0.0.0")  # noqa: S104  that is what is tested
    token = client.mock.admin_token
    assert len(token) >= 32
    assert banner(client.server).count(token) == 1
    assert client.admin("GET", "/requests").status == 401
    assert client.admin("GET", "/requests", headers={"Authorization": f"Bearer {token}"}).status == 200
    given = serve(host="0.0.0.0", admin_token=TOKEN)  # noqa: S104
    assert TOKEN not in banner(given.server)
    assert TOKEN not in repr(given.mock.settings)


def test_on_loopback_no_token_is_needed(client: Client) -> None:
    """The default server asks for none, and prints where the inspector is."""
    assert client.mock.admin_token is None
    assert f"{client.server.admin_url}/" in banner(client.server)


def test_the_control_plane_can_be_turned_off(serve: Serve) -> None:
    """With --admin off nothing is recorded, the probes answer, and every other path of the control plane is a 404."""
    client = serve(admin="off")
    assert client.post().status == 201
    assert client.mock.state.records is None
    for path in PROBES:
        assert client.admin("GET", path).status == 200
    for path in ("/", "/requests", "/faults", "/snapshot", "/static/inspector.css", "/inspect/clock"):
        assert client.admin("GET", path).status == 404
    assert client.admin("POST", "/reset").status == 404


def test_the_flags_are_read_and_bad_values_say_what_is_accepted(tmp_path: Path) -> None:
    """Token, hosts, log format and the switch come from flag, environment or file; a bad token is never repeated."""
    config = tmp_path / "mock.toml"
    config.write_text('allow_host = ["mock", "172.17.0.2"]\nadmin = "off"\n')
    settings = load({"config": str(config)}, {"MOCK_SERVER_ADMIN_TOKEN": TOKEN, "MOCK_SERVER_LOG_FORMAT": "json"})
    assert (settings.allow_host, settings.admin, settings.admin_token, settings.log_format) == (
        ("mock", "172.17.0.2"), "off", TOKEN, "json",
    )  # fmt: skip
    for flags in (
        {"admin_token": "päss word"},
        {"allow_host": "http://mock"},
        {"log_format": "xml"},
        {"admin": "maybe"},
    ):
        with pytest.raises(ConfigError, match="must be") as caught:
            load(flags, {})
        assert "päss" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/snapshot", 422), ("POST", "/faults", 400), ("POST", "/requests/count", 400), ("PUT", "/clock", 400)],
)
def test_only_a_snapshot_may_be_large(client: Client, method: str, path: str, status: int) -> None:
    """What stands above the limit of a submission is taken for a snapshot alone: it is read before anybody is asked."""
    answer = client.admin(method, path, {"colour": "a" * MAX_BYTES})
    assert answer.status == status
