"""Submissions under every fault in every phase, while the mock is reset, restored and cut off: nothing goes wrong."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from mock_server.faults.orders import AFTER_COMMIT, FORGET, HANG, KINDS, PHASES, SLOW, STATUS
from tests.kit.control import Client
from tests.kit.http import PATH, connect
from tests.kit.submissions import submission

PAIRS = [(kind, phase) for kind in KINDS if kind != FORGET for phase in PHASES]
TROUBLES = ("none", "disconnect", "reset", "restore", "delete")
CLIENTS = 8
COPIES = 2  # clients that submit one key at a time
MOST_ATTEMPTS = 60
BROKEN = (OSError, http.client.HTTPException)


@dataclass
class Round:
    """One fault, one trouble and some keys, in a workspace of its own. `told` has every answer of each key."""

    client: Client
    kind: str
    phase: str
    trouble: str
    keys: int
    random: random.Random
    told: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    sent: int = 0
    broken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.client.admin("POST", "/reset")
        made = self.client.admin("POST", "/workspaces", {"name": "onslaught"}).json()
        self.workspace, self.credential = made["id"], made["credentials"]["writer"]
        self.kept = self.client.post(credential=self.credential, external_id="kept").json()
        self.snapshot = self.client.admin("GET", "/snapshot").json()
        self.times = max(1, self.keys // 2)
        delay = {"delay_ms": 5} if self.kind in {SLOW, HANG} else {}
        answer = {"status": 503} if self.kind == STATUS else {}
        order = {"kind": self.kind, "phase": self.phase, "times": self.times, "match": {"workspace": self.workspace}}
        self.client.fault(**order, **delay, **answer)

    def run(self) -> None:
        """Submit every key by two clients at once until both have an answer, with the trouble in the middle."""
        names = [f"key:{number}" for number in range(self.keys)]
        self.told = {name: [] for name in names}
        turns = [name for name in names for _ in range(COPIES)]
        middle = len(turns) // 2
        with ThreadPoolExecutor(CLIENTS) as pool:
            results = [pool.submit(self.submit, name, troubles=number == middle) for number, name in enumerate(turns)]
        for result in results:
            result.result()
        self.judge()

    def submit(self, key: str, *, troubles: bool) -> None:
        """Send the submission of a key again and again, as a client does, until it is answered for good."""
        if troubles:
            self.make_trouble()
        for _ in range(MOST_ATTEMPTS):
            told = self.attempt(key)
            if told is not None and (told[0] in {200, 201} or self.gone(told[0])):
                return
        pytest.fail(f"{key} was not answered in {MOST_ATTEMPTS} attempts")

    def attempt(self, key: str) -> tuple[int, Any] | None:
        """Send one request, and note what comes. Sometimes leave before it comes."""
        with self.lock:
            self.sent += 1
            leaves = self.trouble == "disconnect" and self.random.random() < 0.3
        connection = connect(self.client.server)
        headers = {"Authorization": f"Bearer {self.credential}", "Content-Type": "application/json"}
        try:
            connection.request("POST", PATH, json.dumps(submission(external_id=key, title=key)), headers)
            if leaves:
                return None
            response = connection.getresponse()
            told = response.status, json.loads(response.read())
        except BROKEN:
            with self.lock:
                self.broken += 1
            return None
        finally:
            connection.close()
        with self.lock:
            self.told[key].append(told)
        return told

    def make_trouble(self) -> None:
        """Do to the mock what the round is about."""
        if self.trouble == "reset":
            self.client.admin("POST", "/reset")
        elif self.trouble == "restore":
            assert self.client.admin("PUT", "/snapshot", self.snapshot).status == 200
        elif self.trouble == "delete":
            assert self.client.admin("DELETE", f"/workspaces/{self.workspace}").status == 200

    def gone(self, status: int) -> bool:
        """Tell whether an answer says that the workspace is no more, as it must be."""
        return status == 401 and self.trouble in {"reset", "delete"}

    def judge(self) -> None:
        """Assert that each answer is right, and that of each key there is exactly one engagement."""
        for key, told in self.told.items():
            for status, body in told:
                self.judge_answer(key, status, body)
        if self.trouble in {"reset", "delete"}:
            assert self.client.admin("GET", "/engagements?limit=1000").json()["data"] == []
            assert self.client.post(credential=self.credential).status == 401
            return
        if self.trouble == "restore":  # what was stored since the snapshot is gone, until it is submitted again
            for key in self.told:
                self.submit(key, troubles=False)
        self.judge_stored()
        if self.trouble == "none":
            self.judge_counts()

    def judge_answer(self, key: str, status: int, body: Any) -> None:
        """Assert that it is the engagement of its key, the status of the fault, or 401 for a workspace that is gone."""
        if status in {200, 201}:
            assert (body["title"], body["object"]) == (key, "engagement")
        elif not self.gone(status):
            assert (self.kind, status, body["title"]) == (STATUS, 503, "Injected fault")

    def judge_stored(self) -> None:
        """Assert that what was acknowledged last is stored, once, and that what was there before is there still."""
        data = self.client.admin("GET", f"/engagements?limit=1000&workspace={self.workspace}").json()["data"]
        stored = {one["external_id"]: one["id"] for one in data}
        assert (len(data), set(stored)) == (self.keys + 1, {"kept", *self.told})
        assert stored["kept"] == self.kept["id"]
        for key, told in self.told.items():
            ids = list(dict.fromkeys(body["id"] for status, body in told if status in {200, 201}))
            assert stored[key] in ids
            assert len(ids) <= (2 if self.trouble == "restore" else 1)  # what a restore drops is made again
            again = self.client.post(credential=self.credential, external_id=key)
            assert (again.status, again.json()["id"]) == (200, stored[key])

    def judge_counts(self) -> None:
        """Assert that the fault struck as often as ordered and each key was created once, whatever its clients saw."""
        struck = self.broken + sum(status == 503 for told in self.told.values() for status, _ in told)
        assert struck == (0 if self.kind == SLOW else self.times)
        hidden = self.times if self.phase == AFTER_COMMIT and self.kind != SLOW else 0
        assert Counter(status for told in self.told.values() for status, _ in told)[201] == self.keys - hidden
        entries = self.client.admin("GET", f"/requests?workspace={self.workspace}&limit=1000").json()["data"]
        made = Counter(entry["external_id"] for entry in entries if stored_by(entry))
        assert {made[key] for key in self.told} == {1}


def stored_by(entry: dict[str, Any]) -> bool:
    """Tell whether a request stored an engagement, whatever became of its answer."""
    (store,) = (step for step in entry["trace"] if step["step"] == "store")
    return bool(store["verdict"] == "passed")


@pytest.mark.parametrize("keys", [4, pytest.param(112, marks=pytest.mark.soak)])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_under_every_fault_nothing_is_lost_doubled_or_answered_wrongly(client: Client, trouble: str, keys: int) -> None:
    """In each of the 18 pairs of fault and phase every key ends as exactly one engagement, which all answers show."""
    source = random.Random(f"{trouble}:{keys}")
    sent = 0
    for kind, phase in PAIRS:
        round_ = Round(client, kind, phase, trouble, keys, source)
        round_.run()
        sent += round_.sent
    assert sent >= len(PAIRS) * keys * COPIES


def test_every_pair_of_fault_and_phase_is_tried() -> None:
    """The rounds know all kinds and phases, but for the one that loses an engagement on purpose."""
    assert len(PAIRS) == 18
    assert {kind for kind, _ in PAIRS} | {FORGET} == set(KINDS)
    assert set(itertools.product({kind for kind, _ in PAIRS}, PHASES)) == set(PAIRS)
