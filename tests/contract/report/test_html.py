from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from contract.report import html
from contract.run.results import Run
from contract.spec.rules import catalogue
from tests.kit import runs

RULES = len(catalogue())


class Page(HTMLParser):
    """The tags of a page, and its text outside of style and script."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.source = html.render(run)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self.feed(self.source)
        self.text = "".join(self._texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if not self.cdata_elem:
            self._texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of one name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    """Return the page of the realistic run."""
    return Page(runs.realistic())


def test_it_needs_no_other_file(page: Page) -> None:
    """No element loads anything: the only addresses are fragments and the empty icon."""
    for name in ("src", "href", "action", "data", "srcset", "poster"):
        for tag, attributes in page.tags:
            value = attributes.get(name) or "#"
            assert value.startswith("#") or value == "data:,", (tag, value)
    assert "@import" not in page.source
    assert "url(" not in page.source


def test_every_rule_is_in_the_matrix_and_in_the_list(page: Page) -> None:
    """A chip for each rule leads to the rule."""
    chips = {attributes["href"] for attributes in page.named("a")}
    ids = {f"#{attributes['id']}" for attributes in page.named("div") if attributes.get("id")}
    assert chips == ids
    assert len(chips) == RULES


def test_the_run_is_described(page: Page) -> None:
    """Headline, target, profile, seed, requests and creations can be read."""
    for text in (
        f"3 rules of {RULES} failed",
        "https://staging.example.com/api",
        "standard",
        "20260714",
        "1,184",
        "247",
    ):
        assert text in page.text


def test_a_failure_shows_its_evidence_with_the_difference_marked(page: Page) -> None:
    """Words that differ are marked on either side; the request, the response and the curl line are there."""
    assert '<mark class="removed">Ada</mark>' in page.source
    assert '<mark class="added">Bob</mark>' in page.source
    expected, actual = re.findall(r"<figure class=\"value\">.*?</figure>", page.source, flags=re.DOTALL)[:2]
    assert "Bob" not in expected
    assert "Ada" not in actual
    for text in (runs.REPLAY.curl, runs.REPLAY.request_id, runs.REPLAY.response):
        assert text
        assert text.replace("\r\n", "\n") in page.text


def test_the_policy_names_the_style_and_the_script(page: Page) -> None:
    """A browser runs this page's own script and style, known by their hashes, and nothing else."""
    policy = page.named("meta")[1]["content"] or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        [body] = re.findall(rf"<{tag}>(.*?)</{tag}>", page.source, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_a_hostile_server_cannot_write_markup() -> None:
    """No element, attribute or handler comes from the texts of a run."""
    hostile = Page(runs.hostile())
    assert not hostile.named("img")
    assert len(hostile.named("script")) == 1
    assert not [name for _, attributes in hostile.tags for name in attributes if name.startswith("on")]
    assert runs.ATTACK in hostile.text
    assert not re.search("[\x00\x08\x1b\ud800\ufffe]", hostile.source)


def test_no_verdict_is_told_by_colour_alone(page: Page) -> None:
    """Each chip says id and verdict in words, and has a sign that is seen."""
    chips = re.findall(r'<a class="chip.*?</a>', page.source)
    assert len(chips) == RULES
    for chip in chips:
        assert re.search(r'class="sr">[A-Z]+-\d+ [a-z ]+<', chip)
        assert re.search(r'class="sign">.<', chip)


def test_many_failures_are_folded_and_cut() -> None:
    """When everything failed, the list comes first, long texts lose their middle, and the page stays of use."""
    enormous = Page(runs.enormous())
    assert not [attributes for attributes in enormous.named("details") if "open" in attributes]
    assert "characters left out" in enormous.text
    assert len(enormous.source) < 40_000_000


def test_failures_come_first_with_what_was_expected_and_got() -> None:
    """Before anything else of the page stand the failed rules; when they are many each says both in its folded line."""
    source = Page(runs.realistic()).source
    assert source.index("What failed") < source.index("IDEM-2</code>") < source.index("Rules by family")
    folded = Page(runs.enormous()).source.partition("</summary>")[0].rpartition("<summary>")[2]
    assert re.search('class="gist">expected <b>aaa', folded)
    assert re.search('class="gist">got <b>aaa', folded)
    assert "What failed" not in Page(runs.kept()).source


def test_an_empty_run_is_a_page() -> None:
    """A run that was stopped before its first rule still has a report."""
    assert "Nothing was tested." in Page(runs.run_of([])).text
