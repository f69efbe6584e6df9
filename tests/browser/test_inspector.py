"""The inspector in a real browser: live, inert against attackers, usable by keyboard, on a phone, in the dark.

`tox -e browser`; not part of the plain test command.
"""

from __future__ import annotations

from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from mock_server import Running, Settings, running
from tests.kit.control import Client
from tests.kit.http import Answer, create
from tests.kit.waiting import wait_until

PAGES = (
    "/",
    "/inspect/keys",
    "/inspect/engagements",
    "/inspect/webhooks",
    "/inspect/workflows",
    "/inspect/faults",
    "/inspect/clock",
    "/inspect/workspaces",
    "/inspect/coverage",
    "/inspect/fidelity",
)
ATTACKS = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "\"'><svg onload=document.title='owned'>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:document.title='owned'",
)


@pytest.fixture
def server() -> Iterator[Running]:
    """Start a server of one's own."""
    with running(Settings(port=0)) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page; whatever it complains of, or asks another host for, fails the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 850})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda sent: complaints.append(sent.url) if "//127.0.0.1:" not in sent.url else None)
    yield opened
    context.close()
    assert complaints == []


def post(server: Running, **changes: Any) -> Answer:
    """Submit an engagement under one key, unless another is given."""
    return create(server, **{"external_id": "key:1", **changes})


def test_requests_appear_by_themselves(server: Running, page: Page) -> None:
    """A request that comes while the page is open appears at the top by itself, and a reset empties the list."""
    page.goto(server.admin_url + "/")
    expect(page.get_by_text("Nothing has been asked yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    post(server, external_id="first")
    post(server, external_id="second", media_url="http://example.com/a.mp3")
    rows = page.locator("#journal .entry")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("second")
    expect(rows.first).to_contain_text("URL-1: media_url must use the https scheme")
    Client(server).admin("POST", "/reset")
    expect(rows).to_have_count(0)


def test_a_row_that_came_live_reads_as_one_that_was_rendered(server: Running, page: Page) -> None:
    """The script writes a row in the same words as the server does."""
    page.goto(server.admin_url + "/")
    expect(page.locator("#live")).to_have_text("live")
    post(server)
    post(server, title="", type="EMAIL")
    Client(server).admin("POST", "/faults", {"kind": "close", "phase": "before_auth"})
    with pytest.raises(ConnectionError):
        post(server)
    rows = page.locator("#journal .entry")
    expect(rows).to_have_count(3)
    live = rows.all_inner_texts()
    page.reload()
    assert rows.all_inner_texts() == live


def test_a_refusal_reads_as_a_story(server: Running, page: Page) -> None:
    """One request's page says what was wrong, step by step, with the address that the redirect reached."""
    post(server, media_url="https://media.mock.test/redirect-private/a.mp3")
    page.goto(server.admin_url + "/")
    page.locator("#journal .entry").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refused by URL-15")
    refused = page.locator(".steps > li.refused")
    expect(refused).to_contain_text("Can the recording be used?")
    expect(refused).to_contain_text("redirects to https://10.0.0.7/")
    expect(page.locator(".steps > li.not_reached")).to_contain_text("Is it stored?")
    expect(page.locator("#curl")).to_contain_text("curl -i -X POST")


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_an_attacker_sends_is_inert(server: Running, page: Page, attack: str) -> None:
    """Markup in title, key, header, path, fault and workspace shows as text on every page and runs nowhere."""
    page.goto(server.admin_url + "/")
    expect(page.locator("#live")).to_have_text("live")
    endpoint = {"url": "http://127.0.0.1:9/", "events": ["v1.engagement.created"]}  # where nobody listens
    Client(server).admin("POST", "/webhooks", endpoint)
    made = post(server, title=attack, external_id=attack, source_system=attack, participants=[{"name": attack}]).json()
    post(server, external_id=attack, type=attack)
    requests.get(server.base_url + "/" + attack, headers={"User-Agent": attack, "X-Note": attack}, timeout=5)
    Client(server).admin("POST", "/workspaces", {"name": attack})
    order = {"kind": "status", "phase": "before_commit", "status": 503, "match": {"external_id": attack}}
    Client(server).admin("POST", "/faults", order)
    expect(page.locator("#journal .entry")).to_have_count(3)
    expect(page.locator("#journal")).to_contain_text(attack)
    entries = Client(server).admin("GET", "/requests").json()["data"]
    (delivery,) = Client(server).admin("GET", "/webhooks/deliveries").json()["data"]
    paths = [*PAGES, f"/inspect/engagements/{made['id']}", *(f"/inspect/requests/{one['id']}" for one in entries)]
    paths.append(f"/inspect/webhooks/{delivery['id']}")
    for path in paths:
        assert page.title() != "owned"
        page.goto(server.admin_url + path)
        assert page.locator("main script, main img, main svg, main [onerror], main [onload]").count() == 0
        assert page.evaluate("[...document.links].every(link => link.protocol === 'http:')")
    page.goto(f"{server.admin_url}/inspect/engagements")
    page.get_by_role("link", name=attack, exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(attack)


def test_a_fault_is_put_on_and_taken_off(server: Running, page: Page) -> None:
    """A preset is put on by its button, strikes, shows its count, and is taken off."""
    page.goto(server.admin_url + "/inspect/faults")
    page.get_by_role("button", name="Set overloaded").click()
    expect(page.locator("#faults")).to_contain_text("429")
    assert post(server).status == 429
    page.reload()
    expect(page.locator("#faults")).to_contain_text("struck 1 time")
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("No fault is set")).to_be_visible()
    assert post(server).status == 201


def test_a_wrong_order_says_what_is_accepted(server: Running, browser: Browser) -> None:
    """A form that is refused says which field and what is accepted, and nothing is put on."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(server.admin_url + "/inspect/faults")
        page.get_by_role("textbox", name="Status").fill("99")
        page.locator("form.fields button").click()
        expect(page.get_by_role("alert")).to_contain_text("status must be a whole number from 400 to 599")
    assert Client(server).admin("GET", "/faults").json() == {"data": []}


def test_the_clock_is_moved(server: Running, page: Page) -> None:
    """The clock is frozen at an instant by the form, and says so."""
    page.goto(server.admin_url + "/inspect/clock")
    page.get_by_label("Freeze at").fill("2030-01-02T03:04:05Z")
    page.get_by_role("button", name="Freeze there").click()
    expect(page.locator(".big")).to_contain_text("2030-01-02 03:04:05")
    expect(page.get_by_text("Frozen.")).to_be_visible()


def test_an_endpoint_is_added_and_told(server: Running, page: Page) -> None:
    """The form adds an endpoint and shows its secret once; a delivery has a page, with a button that sends it again."""
    page.goto(server.admin_url + "/inspect/webhooks")
    page.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#made")).to_contain_text("whsec_")
    expect(page.locator("#endpoints")).to_contain_text("http://127.0.0.1:9/hook")
    post(server)
    wait_until(lambda: Client(server).admin("GET", "/webhooks/deliveries").json()["data"][0]["attempts"])
    page.reload()
    expect(page.locator("#made")).to_be_hidden()
    page.locator(".deliveries .entry").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Created: waiting")
    expect(page.locator(".attempts li")).to_have_count(1)
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("output")).to_be_empty()
    page.get_by_role("link", name="Webhooks").first.click()
    page.get_by_role("button", name="Remove http://127.0.0.1:9/hook").click()
    expect(page.get_by_text("Nothing is sent")).to_be_visible()


def test_a_workspace_is_made_and_deleted(server: Running, page: Page) -> None:
    """A fresh workspace shows its credentials once, and is gone after it was deleted and that was confirmed."""
    page.goto(server.admin_url + "/inspect/workspaces")
    page.get_by_label("Name").fill("mine")
    page.get_by_role("button", name="Make a workspace").click()
    expect(page.locator("#made")).to_contain_text("sk-apik_")
    row = page.locator("#workspaces li", has_text="mine")  # at once, while the credentials are still to be seen
    expect(row).to_contain_text("private_reader")
    expect(page.locator("#made")).to_contain_text("sk-apik_")
    page.get_by_label("Name").fill("yours")
    page.get_by_role("button", name="Make a workspace").click()
    expect(page.locator("#workspaces li")).to_have_count(4)
    page.reload()
    assert "sk-apik_" not in page.content()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete workspace mine").click()
    expect(page.get_by_text("mine", exact=True)).to_have_count(0)
    expect(page.locator("#workspaces li")).to_have_count(3)


def test_the_life_of_a_key_is_told(server: Running, page: Page) -> None:
    """From a request the key leads to its life: created, replayed, and what differed."""
    post(server)
    post(server, title="Other")
    page.goto(server.admin_url + "/")
    page.locator("#journal .entry").first.click()
    page.get_by_role("link", name="key:1").click()
    expect(page.locator(".history li")).to_have_count(2)
    expect(page.locator(".history li").last).to_contain_text("title")


def test_the_answer_is_shown(server: Running, page: Page) -> None:
    """A request's page shows what was answered: the status, the headers and the body; of a cut answer, that it was."""
    made = post(server).json()
    page.goto(server.admin_url + "/")
    page.locator("#journal .entry").first.click()
    answer = page.locator("section[aria-labelledby=answered]")
    expect(answer).to_contain_text("Status 201.")
    expect(answer.locator("pre")).to_contain_text(made["id"])
    expect(answer.locator(".headers")).to_contain_text("X-Api-Version")
    Client(server).fault(kind="truncate", phase="after_commit", times=1)
    with pytest.raises(IncompleteRead):
        post(server, external_id="cut")
    page.goto(server.admin_url + "/")
    page.locator("#journal .entry").first.click()
    expect(answer).to_contain_text("the client got half of the body")


@pytest.mark.parametrize("width", [1200, 400])
def test_a_long_duration_stays_on_its_line(server: Running, browser: Browser, width: int) -> None:
    """A request of more than a second shows its duration in seconds, on one line, in the list and on its page."""
    post(server, media_url="https://media.mock.test/slow/1100/a.mp3")
    with browser.new_context(viewport={"width": width, "height": 850}) as context:
        page = context.new_page()
        page.goto(server.admin_url + "/")
        lines = "one => one.getClientRects().length"
        took = page.locator(".took").first
        assert " s" in took.inner_text() if took.is_visible() else width == 400
        page.locator("#journal .entry").first.click()
        assert page.locator(".took").inner_text().endswith(" s")
        assert page.locator(".took").evaluate(lines) == 1


def test_the_keyboard_is_enough(server: Running, page: Page) -> None:
    """By Tab and Enter alone one skips to the content, opens a request and gets back."""
    post(server)
    page.goto(server.admin_url + "/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    entry = page.locator("#journal .entry").first
    for _ in range(12):
        page.keyboard.press("Tab")
        if entry.evaluate("link => link === document.activeElement"):
            break
    assert entry.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Created an engagement")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_can_be_read(server: Running, browser: Browser, scheme: str) -> None:
    """At 360 px no page scrolls sideways, whatever words it shows, and all text has a contrast of 4.5 or more."""
    long = "x" * 400
    made = post(server, external_id=long, title=long, source_system="y" * 100).json()
    post(server, external_id=long, type=long)
    Client(server).admin("POST", "/faults", {"preset": "flaky", "match": {"workspace": "A"}})
    entry = Client(server).admin("GET", "/requests").json()["data"][0]["id"]
    paths = [*PAGES, f"/inspect/requests/{entry}", f"/inspect/engagements/{made['id']}"]
    paths += [f"/inspect/keys?workspace=A&external_id={long}"]
    with browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme) as context:
        page = context.new_page()
        for path in paths:
            page.goto(server.admin_url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
            assert page.evaluate(CONTRAST) >= 4.5, path


# The lowest contrast (WCAG) of any text on the page against the paper.
CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!colour.endsWith(", 0)")) return light(colour);
    }
  };
  let lowest = 21;
  for (const node of document.querySelectorAll("main *, header *")) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
    if (!node.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(node).color), paper(node)].sort((x, y) => y - x);
    lowest = Math.min(lowest, (a + 0.05) / (b + 0.05));
  }
  return lowest;
}"""


def test_with_a_token_the_browser_asks_for_it(browser: Browser) -> None:
    """With an admin token the pages, their live events and their buttons work once the browser was given it."""
    with running(Settings(port=0, admin_token="correct-horse")) as server:
        with browser.new_context() as stranger:
            assert stranger.request.get(server.admin_url + "/").status == 401
        with browser.new_context(http_credentials={"username": "me", "password": "correct-horse"}) as context:
            page = context.new_page()
            page.goto(server.admin_url + "/")
            expect(page.locator("#live")).to_have_text("live")
            page.goto(server.admin_url + "/inspect/faults")
            page.get_by_role("button", name="Set overloaded").click()
            expect(page.locator("#faults")).to_contain_text("429")


def test_another_page_cannot_drive_the_control_plane(server: Running, browser: Browser) -> None:
    """A page of another origin that the developer visits can neither reset the mock nor read from it."""
    post(server)
    with running(Settings(port=0)) as other, browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(other.admin_url + "/inspect/clock")
        told = page.evaluate(
            """async (url) => {
              const told = [];
              const tries = [["/reset", {method: "POST", mode: "no-cors"}], ["/requests", {}],
                ["/reset", {method: "POST", headers: {"Content-Type": "application/json"}}],
                ["/requests", {method: "DELETE"}]];
              for (const [path, init] of tries) {
                try { const got = await fetch(url + path, init); told.push(got.type); } catch { told.push("refused"); }
              }
              return told;
            }""",
            server.admin_url,
        )
    assert told == ["refused"] * 4
    assert post(server).status == 200
    assert len(Client(server).admin("GET", "/requests").json()["data"]) == 2
