"""The importer of examples/importer and its worse versions: what they do to calls, and how they are graded."""

from __future__ import annotations

import csv
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server import Running, cli, config, running
from mock_server.testing import EngagementsApi, EngagementsServer, fresh_api
from tests.kit.control import Client

EXAMPLE = Path(__file__).parents[2] / "examples" / "importer"
SECRET = "sk-apik_importer.secret"
COLUMNS = ("id", "type", "title", "started_at", "recording_url", "participants", "transcript_file")
README = EXAMPLE.joinpath("README.md").read_text(encoding="utf-8")
GRADES = {name: set(re.findall("`([a-z-]+)`", ids)) for name, ids in re.findall(r"\| \[(\w+\.py)].*\|(.*)\|", README)}
Rows = list[dict[str, str]]


def row(number: int, **changes: str) -> dict[str, str]:
    """Return a row that is accepted, unless the changes break it."""
    return {
        "id": str(number),
        "type": "CALL",
        "title": f"Call {number}",
        "started_at": "2024-03-04T09:30:00Z",
        "recording_url": f"https://media.mock.test/ok.mp3?call={number}",
        **changes,
    }


def write(folder: Path, rows: Rows) -> Path:
    """Write the CSV file of an import."""
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return folder / "calls.csv"


def problems(folder: Path) -> dict[str, str]:
    """Return what the importer wrote about rows, by their id."""
    with (folder / "calls.problems.csv").open(encoding="utf-8", newline="") as file:
        return {one["id"]: one["problem"] for one in csv.DictReader(file)}


@dataclass(frozen=True, slots=True)
class Kill:
    """When the importer is killed: some time after its n-th request arrived, or was handled and not yet answered."""

    request: int
    point: Literal["arrived", "handled"]
    after: float = 0.0  # seconds


class Killer:
    """Kills a process at one of its requests. It stands between the server and the application."""

    def __init__(self, app: WSGIApplication, kill: Kill) -> None:
        self._app = app
        self._kill = kill
        self._requests = 0
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        if not environ["PATH_INFO"].startswith("/api/"):  # the control plane, which the test asks
            return self._app(environ, start_response)
        self._requests += 1
        self._strike("arrived")
        answer = self._app(environ, start_response)
        self._strike("handled")
        return answer

    def _strike(self, point: str) -> None:
        if self.process and (self._requests, point) == (self._kill.request, self._kill.point):
            if self._kill.after:
                threading.Timer(self._kill.after, self.process.kill).start()
            else:
                self.process.kill()


def start(api: EngagementsApi, file: Path) -> subprocess.Popen[str]:
    """Start the importer as a user does, with short delays."""
    return subprocess.Popen(
        [sys.executable, EXAMPLE / "importer.py", file, "--first-delay=0.03"],
        env={**os.environ, "ENGAGEMENTS_BASE_URL": api.base_url, "ENGAGEMENTS_CREDENTIAL": api.credentials["writer"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_and_kill(server: EngagementsServer, api: EngagementsApi, file: Path, kill: Kill) -> None:
    """Start the importer and kill it, unless it is done before."""
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(server.app.wsgi_app, kill)
        patch.setattr(server.app, "wsgi_app", killer)
        killer.process = start(api, file)
        killer.process.communicate(timeout=60)
    api.clock.advance(minutes=2)  # until somebody starts it again


ROWS = [
    row(1),
    row(2, title=""),
    row(3),
    row(4, recording_url="http://media.mock.test/ok.mp3"),
    row(3, title="The id of another call"),
    row(5, recording_url="https://media.mock.test/404/gone.mp3"),
    row(6, participants="Ann Lee <ann@example.com>; Ben"),
]
ACCEPTED = ["crm:1", "crm:3", "crm:6"]

KILLS = st.builds(
    Kill,
    request=st.integers(1, 8),
    point=st.sampled_from(["arrived", "handled"]),
    after=st.sampled_from([0.0, 0.001, 0.002, 0.005, 0.01, 0.05]),
)
FAULTS = st.one_of(
    st.just({"preset": "lost-acknowledgement"}),
    st.fixed_dictionaries(
        {
            "kind": st.just("status"),
            "phase": st.sampled_from(["before_auth", "before_commit", "after_commit"]),
            "status": st.sampled_from([429, 500, 502, 503, 504]),
        },
        optional={"retry_after": st.sampled_from([0, 1])},
    ),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["close", "reset", "truncate"]),
            "phase": st.sampled_from(["before_auth", "before_commit", "after_commit"]),
        }
    ),
)
STRUCK = st.lists(st.tuples(FAULTS, st.integers(1, 2)), max_size=3)


def no_call_is_lost_or_doubled(
    server: EngagementsServer, folder: Path, faults: list[tuple[dict[str, Any], int]], kills: list[Kill]
) -> None:
    """Kill an import as often as there are kills, let it end, and compare what is stored with the rows."""
    file = write(folder, ROWS)
    with fresh_api(server) as api:
        for fault, times in faults:
            api.faults.add(times=times, **fault)
        for kill in kills:
            start_and_kill(server, api, file, kill)
        last = start(api, file)
        said, _ = last.communicate(timeout=60)
        assert last.returncode == 1, said  # some rows cannot be imported
        assert [one.external_id for one in api.engagements] == ACCEPTED
        for key in ACCEPTED:
            api.assert_created_once(key, title=f"Call {key[-1]}", run_workflows=False)
        assert problems(folder).keys() == {"2", "3", "4", "5"}
        # A process that was killed does not know of a refusal. So the next one may send the refused call at once.
        accused = {one.id for one in api.report().verdicts if one.findings} - ({"refused"} if kills else set())
        assert not accused, str(api.report())


@settings(max_examples=3)
@given(faults=STRUCK, kills=st.lists(KILLS, min_size=1, max_size=2))
def test_killed_at_any_point(
    engagements_server: EngagementsServer, tmp_path_factory: pytest.TempPathFactory, faults: Any, kills: Any
) -> None:
    """Killed at any point, through faults, and started again, the importer loses no call and doubles none."""
    no_call_is_lost_or_doubled(engagements_server, tmp_path_factory.mktemp("import"), faults, kills)


@pytest.mark.soak
@settings(max_examples=20)
@given(faults=STRUCK, kills=st.lists(KILLS, max_size=4))
def test_killed_at_any_point_many_times(
    engagements_server: EngagementsServer, tmp_path_factory: pytest.TempPathFactory, faults: Any, kills: Any
) -> None:
    """The same, with more kills, more faults and many more tries."""
    no_call_is_lost_or_doubled(engagements_server, tmp_path_factory.mktemp("import"), faults, kills)


class Bench:
    """A mock whose only credential has the scopes of the test, an import into it, and its report card."""

    def __init__(self, server: Running, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.client = Client(server)
        self.folder = folder
        self._capture = capture

    def run(self, script: str, rows: Rows, *arguments: str) -> Any:
        """Run a version of the importer in this process, and return what its `main` returns."""
        main = runpy.run_path(str(EXAMPLE / script))["main"]
        file = str(write(self.folder, rows))
        return main([file, *arguments]) if script == "importer.py" else main(file)

    def card(self) -> dict[str, str]:
        """Return the verdict of each check, as `mock-server report` prints it."""
        self._capture.readouterr()
        port = str(urlsplit(self.client.server.base_url).port)
        code = cli.main(["report", "--port", port, "--format", "json"])
        verdicts = {one["id"]: one["verdict"] for one in json.loads(self._capture.readouterr().out)["data"]}
        assert code == int("finding" in verdicts.values())
        return verdicts

    def findings(self) -> set[str]:
        """Return the ids of the checks that found something."""
        return {name for name, verdict in self.card().items() if verdict == "finding"}


@pytest.fixture
def bench(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bench]:
    """Return a bench. The parameter of an indirect fixture is the list of scopes."""
    scopes = getattr(request, "param", ["engagements:write"])
    workspace = '[[workspaces]]\nname = "A"\n[[workspaces.credentials]]\nname = "importer"\n'
    file = tmp_path / "mock.toml"
    file.write_text(f'{workspace}credential = "{SECRET}"\nscopes = {json.dumps(scopes)}\n', encoding="utf-8")
    with running(config.load({"config": str(file), "port": "0"}, {})) as server:
        monkeypatch.setenv("ENGAGEMENTS_BASE_URL", server.base_url)
        monkeypatch.setenv("ENGAGEMENTS_CREDENTIAL", SECRET)
        yield Bench(server, tmp_path, capsys)


def test_the_card_is_clean(bench: Bench) -> None:
    """Through lost answers, silence, refusals and a long transcript, each habit is seen and none is bad.

    Only workflows cannot be seen, because the importer never asks for them.
    """
    (bench.folder / "long.txt").write_text("é" * 500_000, encoding="utf-8")
    bench.client.fault(preset="lost-acknowledgement", times=1)
    bench.client.fault(kind="status", status=503, phase="before_auth", times=2)
    bench.client.fault(kind="status", status=429, phase="before_auth", retry_after=[0, 1], times=2)
    bench.client.fault(kind="hang", phase="before_commit", match={"external_id": "crm:3"}, times=1)
    rows = [row(1), row(2, title=""), row(3, transcript_file="long.txt")]
    assert bench.run("importer.py", rows, "--first-delay=0.03", "--time-out=0.3") == 1
    card = bench.card()
    assert "finding" not in card.values(), card
    assert {name for name, verdict in card.items() if verdict == "not_seen"} == {"workflows"}


def test_a_new_key_each_time(bench: Bench) -> None:
    """The version with a new key for each attempt doubles a call whose answer was lost, and the card says so."""
    bench.client.fault(preset="lost-acknowledgement", times=1)
    bench.run("worse/new_key_each_time.py", [row(1)])
    assert len(bench.client.admin("GET", "/engagements").json()["data"]) == 2
    assert bench.findings() == GRADES["new_key_each_time.py"] == {"same-key"}


def test_impatient(bench: Bench) -> None:
    """The version that never waits is told of Retry-After, of back-off, and of a refusal that it sends again."""
    bench.client.fault(kind="status", status=503, phase="before_commit", match={"external_id": "crm:1"}, times=3)
    bench.client.fault(kind="status", status=429, retry_after=30, phase="before_commit", match={"external_id": "crm:2"})
    bench.run("worse/impatient.py", [row(1), row(2), row(3, title="")])
    assert bench.findings() == GRADES["impatient.py"] == {"retry-after", "back-off", "refused"}


@pytest.mark.parametrize("bench", [["engagements:write", "companies:read", "users:read"]], indirect=True)
def test_careless(bench: Bench) -> None:
    """The version that thinks of nothing is told of workflows, http, a field that does not exist, and scopes."""
    (bench.folder / "a.txt").write_text("Hello", encoding="utf-8")
    http = {"recording_url": "http://media.mock.test/ok.mp3"}
    bench.run("worse/careless.py", [row(1), row(2), row(3, transcript_file="a.txt"), row(4, **http)])
    assert bench.findings() == GRADES["careless.py"] - {"time-out"} == {"workflows", "https", "fields", "scopes"}


@pytest.mark.long
def test_careless_waits_for_ever(bench: Bench) -> None:
    """The version without a time-out is told so, once it has waited a minute for an answer."""
    bench.client.fault(kind="hang", phase="before_commit", delay_ms=60_000)
    with suppress(httpx.HTTPError):
        bench.run("worse/careless.py", [row(1)])
    assert bench.findings() == GRADES["careless.py"] & {"time-out"} == {"time-out"}


def test_a_refusal_is_reported_with_its_sentence(bench: Bench) -> None:
    """A refused row is in the file of problems with its line and what the API said; the others are imported."""
    assert bench.run("importer.py", [row(1), row(2, type="MAIL"), row(3)]) == 1
    assert problems(bench.folder)["2"].startswith("not imported: 422: ")
    assert "/type" in problems(bench.folder)["2"]
    assert bench.client.stored("crm:1") == bench.client.stored("crm:3") == 1


@pytest.mark.parametrize("changes", [{"id": ""}, {"started_at": ""}, {"recording_url": ""}, {"transcript_file": "no"}])
def test_a_row_that_means_something_else_is_not_sent(bench: Bench, changes: dict[str, str]) -> None:
    """A row that the API would take in another sense, such as without a time, is reported and not sent."""
    assert bench.run("importer.py", [row(1, **changes)]) == 1
    assert len(problems(bench.folder)) == 1
    assert bench.client.admin("GET", "/requests").json()["data"] == []


@pytest.mark.parametrize(
    ("text", "size"), [("a" * 850_000, None), ("あ" * 300_000, 849_999), ("😀" * 225_000, 850_000)]
)
def test_a_long_transcript_is_cut_by_bytes(bench: Bench, text: str, size: int | None) -> None:
    """A transcript above 850,000 bytes is cut between two characters, and its row says so. No other is."""
    (bench.folder / "t.txt").write_text(text, encoding="utf-8")
    assert bench.run("importer.py", [row(1, transcript_file="t.txt")]) == 0
    (stored,) = (one.transcript for _, one in bench.client.mock.state.store.all())
    assert stored.size == (size or 850_000)
    assert ("1" in problems(bench.folder)) == (size is not None)


def test_what_is_done_is_not_sent_again(bench: Bench) -> None:
    """A second run sends only what was refused, so that a row that was mended is imported."""
    assert bench.run("importer.py", [row(1), row(2, title="")]) == 1
    bench.client.admin("POST", "/reset/journal")
    assert bench.run("importer.py", [row(1), row(2)]) == 0
    sent = bench.client.admin("GET", "/requests").json()["data"]
    assert [one["external_id"] for one in sent] == ["crm:2"]


def test_a_wrong_credential_stops_the_import(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of the credential concerns all rows: the import stops after one request, and nothing is remembered."""
    monkeypatch.setenv("ENGAGEMENTS_CREDENTIAL", "sk-apik_other.secret")
    assert bench.run("importer.py", [row(1), row(2)]) == 2
    assert len(bench.client.admin("GET", "/requests").json()["data"]) == 1
    monkeypatch.setenv("ENGAGEMENTS_CREDENTIAL", SECRET)
    assert bench.run("importer.py", [row(1), row(2)]) == 0


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429, "retry_after": 3600}])
def test_an_api_that_stays_away_stops_the_import(bench: Bench, fault: dict[str, int]) -> None:
    """Where the API does not answer, or asks for a wait of an hour, the import stops. Later it goes on."""
    bench.client.fault(kind="status", phase="before_auth", **fault)
    assert bench.run("importer.py", [row(1)], "--first-delay=0.001") == 2
    bench.client.admin("DELETE", "/faults")
    assert bench.run("importer.py", [row(1)]) == 0


@pytest.mark.parametrize("content", [b"", b"id,title\n1,A call\n", b"\xff\xfe", None])
def test_a_file_that_is_no_list_of_calls(bench: Bench, content: bytes | None) -> None:
    """A file that is missing, no UTF-8, or has other columns stops the import with a sentence."""
    if content is not None:
        (bench.folder / "calls.csv").write_bytes(content)
    main = runpy.run_path(str(EXAMPLE / "importer.py"))["main"]
    assert main([str(bench.folder / "calls.csv")]) == 2


def test_participants(bench: Bench) -> None:
    """A participant is written as in an e-mail: with a name, an address, or both."""
    assert bench.run("importer.py", [row(1, participants="Ann Lee <ann@example.com>; Ben Ruiz;chi@example.com ;")]) == 0
    ((_, stored),) = bench.client.mock.state.store.all()
    people = [(one.name, one.email) for one in stored.submission.participants]
    assert people == [("Ann Lee", "ann@example.com"), ("Ben Ruiz", None), (None, "chi@example.com")]


def test_the_readme(bench: Bench) -> None:
    """The file beside the importer ends as the README says, and the README has every column in its order."""
    shutil.copytree(EXAMPLE, bench.folder, dirs_exist_ok=True)
    main = runpy.run_path(str(bench.folder / "importer.py"))["main"]
    assert main([str(bench.folder / "calls.csv")]) == 1
    assert len(bench.client.mock.state.store) == 4
    assert len(problems(bench.folder)) == 3
    header = bench.folder.joinpath("calls.csv").read_text(encoding="utf-8").splitlines()[0]
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == header.split(",") == list(COLUMNS)
    assert bench.findings() == set()
