"""The HTML report in a real browser: `tox -e browser`. Not part of the plain test command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from contract import report
from contract.run.results import Run
from contract.spec.rules import catalogue
from tests.kit import runs

RULES = len(catalogue())
# For every element with text of its own: the contrast of its colour with the nearest background behind it.
CONTRASTS = """
() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => {
      const [a, b] = [light(channels(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`];
    });
}
"""


@dataclass
class Visit:
    """An open report, with what the browser said and asked for meanwhile."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def rules(self) -> int:
        """Return how many rules are shown."""
        return self.page.locator("details.rule:visible").count()


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Write the reports of a run and open the page; at the end nothing was said, and nothing else was asked for."""
    visits = []

    def begin(run: Run, **context: object) -> Visit:
        report.write(run, tmp_path)
        opened = Visit(browser.new_context(**context).new_page())  # type: ignore[arg-type]
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("dialog", lambda dialog: (opened.said.append(dialog.message), dialog.dismiss()))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.goto((tmp_path / "report.html").as_uri())
        visits.append(opened)
        return opened

    yield begin
    for opened in visits:
        opened.page.context.close()
        assert opened.said == []
        assert {url.partition("#")[0] for url in opened.asked} == {(tmp_path / "report.html").as_uri()}


def test_the_page_loads_in_silence(visit: Open) -> None:
    """It opens from a file, shows the headline and every rule, and its script has run."""
    opened = visit(runs.realistic())
    expect(opened.page.get_by_role("heading", level=1)).to_have_text(
        f"The contract is broken: 3 rules of {RULES} failed."
    )
    expect(opened.page.get_by_role("status")).to_have_text(f"{RULES} of {RULES} shown")
    assert opened.rules() == RULES


def test_without_a_script_everything_is_shown(visit: Open) -> None:
    """With scripts switched off all rules are there, no dead control is, and a chip still opens its rule."""
    opened = visit(runs.realistic(), java_script_enabled=False)
    assert opened.rules() == RULES
    expect(opened.page.locator("button:visible, input:visible")).to_have_count(0)
    opened.page.locator(".chip[href='#LIMIT-11']").click()
    expect(opened.page.get_by_text("An emoji is one code point and two UTF-16 units.")).to_be_in_viewport()


def test_filters_work_by_keyboard(visit: Open) -> None:
    """Tab and space choose a verdict and a level, typing searches, and Show all takes it back."""
    opened = visit(runs.realistic())
    keyboard = opened.page.keyboard
    opened.page.locator(".chip").last.focus()
    keyboard.press("Tab")
    keyboard.press("Space")
    assert opened.rules() == 3
    keyboard.press("Space")
    assert opened.rules() == RULES
    for _ in range(8):
        keyboard.press("Tab")
    keyboard.press("Space")
    expect(opened.page.get_by_label("must", exact=True)).to_be_checked()
    musts = opened.rules()
    assert 0 < musts < RULES
    opened.page.get_by_role("searchbox").focus()
    keyboard.type("private ipv4")
    assert 0 < opened.rules() < musts
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(opened.page.get_by_role("status")).to_have_text(f"{RULES} of {RULES} shown")


def test_filters_combine(visit: Open) -> None:
    """Choices in one row add up, rows narrow each other, and when nothing is left the page says so."""
    page = visit(runs.realistic()).page
    for name in ("failed", "untested"):
        page.locator("label.toggle", has_text=name).click()
    expect(page.get_by_role("status")).to_have_text(f"5 of {RULES} shown")
    page.locator("label.toggle", has_text="SCOPE").click()
    expect(page.locator("details.rule:visible")).to_have_count(1)
    page.get_by_role("searchbox").fill("no such words")
    expect(page.get_by_text("No rule matches the filters.")).to_be_visible()


def test_a_chip_leads_to_its_rule(visit: Open) -> None:
    """Enter on a chip of the matrix opens the rule and moves the focus to it, even when it was filtered out."""
    opened = visit(runs.realistic())
    opened.page.locator("label.toggle", has_text="failed").click()
    opened.page.locator(".chip[href='#AUTH-2']").focus()
    opened.page.keyboard.press("Enter")
    rule = opened.page.locator("details[data-rule='AUTH-2']")
    expect(rule).to_have_attribute("open", "")
    expect(rule.locator("> summary")).to_be_focused()
    expect(rule.locator("> summary")).to_be_in_viewport()


def test_every_rule_unfolds_by_keyboard(visit: Open) -> None:
    """Open all shows each statement; Close all takes them back."""
    page = visit(runs.realistic()).page
    button = page.get_by_role("button", name="Open all")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("p.statement:visible")).to_have_count(RULES)
    page.keyboard.press("Enter")
    expect(page.locator("p.statement:visible")).to_have_count(0)


def test_the_curl_line_is_copied(visit: Open) -> None:
    """The copy button puts exactly the line into the clipboard and says so."""
    page = visit(runs.realistic(), permissions=["clipboard-read", "clipboard-write"]).page
    button = page.get_by_role("button", name="Copy").first
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == runs.REPLAY.curl


def test_without_a_clipboard_the_curl_line_is_selected(visit: Open) -> None:
    """Where a page may not write to the clipboard, the line is selected for copying by hand."""
    page = visit(runs.realistic()).page
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Selected")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == runs.REPLAY.curl


def test_a_hostile_server_is_inert(visit: Open) -> None:
    """What a server wrote makes no element and runs nothing, with every rule unfolded."""
    page = visit(runs.hostile()).page
    page.get_by_role("button", name="Open all").click()
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    expect(page.locator("img")).to_have_count(0)
    expect(page.get_by_text(runs.ATTACK).first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [runs.realistic, runs.kept, runs.hostile])
def test_nothing_scrolls_sideways_on_a_phone(visit: Open, make: Callable[[], Run], scheme: str) -> None:
    """At 360 pixels, with everything unfolded, only code blocks scroll inside themselves."""
    page = visit(make(), viewport={"width": 360, "height": 740}, color_scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    outside = "(all) => all.filter((e) => e.getBoundingClientRect().right > 360).map((e) => e.outerHTML.slice(0, 80))"
    assert page.locator("main *:not(.sr):not(pre *)").evaluate_all(outside) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(visit: Open, scheme: str) -> None:
    """In both themes all texts, those of chosen filters too, have the 4.5 to 1 that WCAG AA asks for."""
    page = visit(runs.realistic(), color_scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    page.evaluate("document.querySelectorAll('[type=checkbox]').forEach((box) => (box.checked = true))")
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 10 * RULES / 2
    assert [found for found in contrasts if found[0] < 4.5] == []


def test_the_themes_differ(visit: Open) -> None:
    """The page follows the reader's choice of light or dark."""
    page = visit(runs.realistic(), color_scheme="light").page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light


def test_a_page_of_failures_only_opens(visit: Open) -> None:
    """Nothing but failed rules with long evidence are a page that answers to its filters."""
    page = visit(runs.enormous()).page
    page.locator("label.toggle", has_text="SCOPE").click()
    expect(page.get_by_role("status")).to_have_text(f"7 of {RULES} shown")


def test_paper_shows_no_controls(visit: Open) -> None:
    """Printed, the page has the rules and the evidence but no button and no field."""
    page = visit(runs.realistic()).page
    page.emulate_media(media="print")
    expect(page.locator("button:visible, [type=search]:visible")).to_have_count(0)
    expect(page.locator(".failure").get_by_text("Call with").first).to_be_visible()
