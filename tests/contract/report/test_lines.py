"""The lines of a report: pasted into a shell they show the fault, and on a target without it they do not."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace

import pytest

from contract import script
from contract.run.profile import Profile
from contract.run.results import Failure
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.embedded import embedded
from mock_server import Running, Settings, running
from tests.defects import ALL, serve
from tests.kit.http import PATH, send
from tests.kit.submissions import submission
from tests.kit.targets import Make, Scripted, engagement

DEFECTS = {defect.name: defect for defect in ALL}
Answers = list[tuple[int, dict[str, str], str]]
# One of each kind of evidence: a single request, texts at a limit, pairs, repeats, workspaces, credentials, races.
CASES = [
    ("participants-text", ("BODY-9",)),
    pytest.param("title-one-more", ("LIMIT-1",), marks=pytest.mark.long),
    ("external-id-one-more", ("LIMIT-5",)),
    pytest.param("transcript-one-more", ("LIMIT-7",), marks=pytest.mark.long),
    pytest.param("http-403", ("URL-1",), marks=pytest.mark.long),
    pytest.param("reach-172-20", ("URL-4",), marks=pytest.mark.long),
    pytest.param("repeat-201", ("IDEM-1",), marks=pytest.mark.long),
    pytest.param("repeat-updates-privacy", ("IDEM-2",), marks=pytest.mark.long),
    ("key-with-source-system", ("IDEM-3",)),
    ("key-global", ("IDEM-4",)),
    pytest.param("key-cut-255", ("IDEM-7",), marks=pytest.mark.long),
    pytest.param("scope-unchecked", ("SCOPE-1",), marks=pytest.mark.long),
    ("no-authentication", ("AUTH-2",)),
    pytest.param("expanded-signals", ("RESP-6",), marks=pytest.mark.long),
    pytest.param("error-html", ("ERR-1",), marks=pytest.mark.long),
    pytest.param("meeting-refused", ("BODY-12",), marks=pytest.mark.long),
    ("race-last-kept", ("IDEM-10",)),
    pytest.param("key-expires-after-ten", ("URL-17", "BODY-8", "IDEM-5", "IDEM-11"), marks=pytest.mark.long),
    pytest.param(
        "key-expires-after-a-hundred-requests", ("URL-5", "URL-8", "URL-11", "IDEM-11"), marks=pytest.mark.long
    ),
    pytest.param("race-loser-500", ("IDEM-10",), marks=pytest.mark.long),
]


def failures(name: str, rules: tuple[str, ...]) -> list[Failure]:
    """Return what a run of these rules shows of a defect."""
    with (
        embedded() as config,
        serve(DEFECTS[name]) as server,
        open_session(replace(config, base_url=server.base_url), Profile("quick", 1), rules) as session,
    ):
        run_suite(session)
    return [failure for result in session.run().results for failure in result.failures]


def pasted(lines: str, server: Running) -> Answers:
    """Run the lines in a shell, at this server, and return the answers that curl printed."""
    lines = re.sub(r"http://127\.0\.0\.1:\d+/api", server.base_url, lines)
    names = ("writer", "reader", "private_reader", "other_workspace")
    variables = {f"CONTRACT_{name.upper()}": server.credentials[name] for name in names}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONTRACT_")}
    done = subprocess.run(["sh", "-c", lines], env={**clean, **variables}, capture_output=True, text=True, check=False)
    answers: Answers = []
    for part in re.split(r"(?=HTTP/1\.1 )", done.stdout)[1:]:
        head, _, content = part.replace("\r\n", "\n").partition("\n\n")
        first, *rest = head.splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        answers.append((int(first.split()[1]), headers, content))
    assert answers, done.stderr
    return answers


def gist(status: int, kind: str, content: str) -> tuple[object, ...]:
    """Return what an answer says, without what differs between any two: ids, times and keys."""
    try:
        document = json.loads(content)
    except ValueError:
        return status, kind, content[:40]
    names = ("title", "status", "engagement_type", "is_private", "signals", "type", "code")
    return status, kind, sorted(document), [re.sub(r"\d{5,}|ck\w+", "", str(document.get(name))) for name in names]


def shows(failure: Failure, answers: Answers) -> bool:
    """Tell whether answers show the fault of a failure: the last is as it was, or those of a race disagree."""
    if " -Z " in (failure.curl or ""):
        count = 1 + (failure.curl or "").count(" --next ")
        rounds = [answers[start : start + count] for start in range(0, len(answers), count)]
        ids = [[json.loads(text).get("id") for status, _, text in each if status < 300] for each in rounds]
        if "a new engagement" in failure.expected:  # of two keys, or two workspaces
            return any(len(set(each)) < len(each) for each in ids)
        return any(len(set(each)) > 1 for each in ids) or any(status not in {200, 201, 409} for status, _, _ in answers)
    head, _, content = (failure.response or "").partition("\n\n")
    kind = re.search(r"^content-type: (.*)$", head, re.MULTILINE)
    said = gist(int(head.split()[1]), kind[1] if kind else "", content)
    status, headers, text = answers[-1]
    return gist(status, headers.get("content-type", ""), text) == said


@pytest.mark.parametrize(("name", "rules"), CASES)
def test_every_line_shows_the_fault_and_nothing_else(name: str, rules: tuple[str, ...]) -> None:
    """Each line of the report shows the fault again, twice, on the broken target, and no fault on a mended one."""
    found = failures(name, rules)
    assert found
    with serve(DEFECTS[name]) as broken, running(Settings(port=0, log_level="error")) as mended:
        for failure in found:
            assert failure.curl
            assert shows(failure, pasted(failure.curl, broken)), failure.curl
            assert shows(failure, pasted(failure.curl, broken)), f"the second time: {failure.curl}"
            assert not shows(failure, pasted(failure.curl, mended)), failure.curl


def test_a_line_says_which_variable_it_lacks() -> None:
    """Without the credential in the environment the shell stops, names the variable, and sends nothing."""
    failure = failures("participants-text", ("BODY-9",))[0]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONTRACT_")}
    done = subprocess.run(["sh", "-c", failure.curl or ""], env=clean, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CONTRACT_WRITER: is not set" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("text", ["k", "key"])
def test_a_line_of_many_rounds_keeps_a_key_at_its_length(make: Make, text: str) -> None:
    """A key at the limit stays within it, in each round of a race and of what comes between two submissions."""
    key = f"ck0123456789:7{text * 500}"[:499] + "9"
    sent = make(Scripted(engagement())).submit(submission(external_id=key))
    lines = (script.race([sent, sent]), script.script([sent, sent], script.Meanwhile(creations=2)))
    with running(Settings(port=0, log_level="error")) as server:
        raced, between = (pasted(line.replace(sent.base_url, server.base_url), server) for line in lines)
        reader = server.credentials["private_reader"]
        listed = send(server, credential=reader, method="GET", path=f"{PATH}?limit=100").json()["data"]
    assert {status for status, _, _ in raced} <= {200, 201, 409}
    assert len({json.loads(content)["id"] for status, _, content in raced if status < 300}) == script.ROUNDS
    assert [status for status, _, _ in between] == [201, 200]
    assert len(listed) == script.ROUNDS + 3
