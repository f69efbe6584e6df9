"""Pages of somebody else in a real browser: what they send to the control plane, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from mock_server import Running, Settings, create_app
from mock_server.server import serving
from mock_server.services import Mock
from tests.kit.control import Client

PAGE = """<!doctype html><title>foreign</title>
<img src="{url}/requests?%0aFAKE%1b]0;owned"><script src="{url}/static/inspector.js"></script>
<link rel="stylesheet" href="{url}/static/inspector.css"><iframe src="{url}/"></iframe><object data="{url}/"></object>
<form id="post" method="post" action="{url}/reset" enctype="text/plain"><input name="a"></form>
<form id="get" method="get" action="{url}/requests"></form>
<a id="page" href="{url}/inspect/keys">page</a> <a id="list" href="{url}/requests">list</a>
<script>
  fetch("{url}/requests", {{mode: "no-cors"}}).catch(() => {{}});
  fetch("{url}/reset", {{method: "POST", mode: "no-cors"}}).catch(() => {{}});
  navigator.sendBeacon("{url}/reset", "x");
  new EventSource("{url}/events");
</script>"""
KINDS = {"image", "script", "style", "iframe", "object", "empty"}  # as the browser names what a request is for


class Recorder:
    """An application that notes what a browser says of each request to the control plane, and the answer."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.seen: list[tuple[str, str]] = []  # what the request is for, and the status

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""

        def start(status: str, *rest: Any) -> Any:
            if environ["PATH_INFO"].startswith("/__admin"):
                self.seen.append((environ.get("HTTP_SEC_FETCH_DEST", ""), status[:3]))
            return start_response(status, *rest)

        answer: Iterable[bytes] = self._app(environ, start)
        return answer


@pytest.fixture
def mock() -> Mock:
    """Return a mock of one's own."""
    return Mock(Settings(port=0))


@pytest.fixture
def recorder(mock: Mock) -> Recorder:
    """Return its application, recorded."""
    return Recorder(create_app(mock=mock))


@pytest.fixture
def server(mock: Mock, recorder: Recorder) -> Iterator[Running]:
    """Serve it."""
    with serving(mock, recorder) as running:
        yield running


@contextmanager
def foreign_page(host: str, url: str) -> Iterator[str]:
    """Serve the page of somebody else on another port, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer with the page."""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.format(url=url).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        thread = Thread(target=other.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://{host}:{other.server_address[1]}/"
        other.shutdown()
        thread.join()


def opened(page: Page, url: str, link: str) -> int:
    """Follow a link or send a form of the foreign page and return the status of what opens."""
    page.goto(url, wait_until="domcontentloaded")
    with page.expect_navigation(wait_until="commit") as moved:
        page.evaluate("(id) => { const it = document.getElementById(id); it.submit ? it.submit() : it.click(); }", link)
    assert moved.value is not None
    return moved.value.status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["another site", "another port"])
def test_a_page_of_somebody_else_reaches_nothing(
    server: Running, recorder: Recorder, browser: Browser, host: str
) -> None:
    """Its images, scripts, frames, forms, beacons and streams are refused. A link opens a page, and no list."""
    client = Client(server)
    client.post(external_id="key:1")
    with foreign_page(host, server.admin_url) as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        for _ in range(200):  # the browser sends while playwright waits
            if {kind for kind, _ in recorder.seen} >= KINDS and len(recorder.seen) >= 8:
                break
            page.wait_for_timeout(50)
        assert {kind for kind, _ in recorder.seen} >= KINDS
        assert {status for _, status in recorder.seen} == {"403"}
        assert [opened(page, url, link) for link in ("post", "get", "list", "page")] == [403, 403, 403, 200]
        expect(page.get_by_role("heading", level=1)).to_have_text("Keys")
        page.get_by_role("link", name="key:1").click()
        expect(page.locator(".history li")).to_have_count(1)
    assert client.post(external_id="key:1").status == 200
