"""The code of docs/testing.md, docs/reading.md, docs/webhooks.md and of the README, as it stands there."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from mock_server.operations.expansion import MEMBERS
from mock_server.operations.list import READERS
from mock_server.processing import STATUSES
from mock_server.testing import EngagementsApi, WebhookReceiver
from tests.kit.folder import pytest_in
from tests.kit.submissions import submission

ROOT = Path(__file__).parents[3]
GUIDE = ROOT.joinpath("docs/testing.md").read_text(encoding="utf-8")
READING = ROOT.joinpath("docs/reading.md").read_text(encoding="utf-8")
WEBHOOKS = ROOT.joinpath("docs/webhooks.md").read_text(encoding="utf-8")
README = ROOT.joinpath("README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n# (\S+)\n(.*?)```", re.DOTALL)


def test_the_code_of_the_guide_passes(tmp_path: Path) -> None:
    """Every block of Python belongs to a file. The tests in these files and in the README pass in an empty folder."""
    files: dict[str, str] = defaultdict(str)
    for text in (GUIDE, READING, WEBHOOKS):
        for name, code in BLOCK.findall(text):
            files[name] += code + "\n\n"
        assert text.count("```python") == len(BLOCK.findall(text))
    files["test_readme.py"] = README.partition("```python\n")[2].partition("```")[0]
    for name, code in files.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    assert "16 passed" in pytest_in(tmp_path, "-W", "error", code=0).stdout


def test_the_failure_in_the_guide_is_a_true_one(engagements_api: EngagementsApi) -> None:
    """The failure that the guide shows is what the assertion says."""
    shown = GUIDE.partition("```text\nAssertionError: ")[2].partition("\n```")[0]
    headers = {"Authorization": f"Bearer {engagements_api.credentials['writer']}"}
    client = engagements_api.app.test_client()
    client.post("/api/v2/engagements", headers=headers, json=submission(external_id="CRM:1"))
    with pytest.raises(AssertionError) as failure:
        engagements_api.assert_created_once("crm:1")
    assert str(failure.value) == shown


def test_the_guide_names_everything_public() -> None:
    """Each public member of the fixture stands in the guide."""
    public = [name for name in vars(EngagementsApi) if not name.startswith("_")]
    assert len(public) > 6
    assert [name for name in public if f"`{name}" not in GUIDE] == []
    own = {"take", "close"}  # of the server of the receiver
    assert [name for name in vars(WebhookReceiver) if name[0] != "_" and f"`{name}" not in WEBHOOKS] == sorted(
        own, reverse=True
    )


def test_the_page_on_reading_names_every_parameter_and_member() -> None:
    """Each parameter of a list, each member of expand with its scope, and each status stand in docs/reading.md."""
    words = {re.sub(r"\[\w+\]$", "", name) for name in READERS} | set(MEMBERS) | set(STATUSES)
    words |= {member.scope.name for member in MEMBERS.values() if member.scope is not None}
    assert [word for word in sorted(words) if f"`{word}" not in READING] == []
