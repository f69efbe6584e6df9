"""Longer proofs of the fuzzer: every conforming variant, planted defects, repeatability. `tox -e long`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.fuzzing import Started, failed, fuzz
from tests.peer import Variant, pairwise

VARIANTS = [variant for variant in pairwise() if variant.requests_per_second is None]


@pytest.mark.parametrize("variant", VARIANTS, ids=range(len(VARIANTS)))
def test_no_conforming_server_is_accused(start: Started, variant: Variant) -> None:
    """Whatever the contract leaves open, in every pair of choices, nothing is found."""
    session = start(variant)
    fuzz(session, 300)
    assert failed(session) == {}


@pytest.mark.parametrize(
    ("defect", "rule", "shown"),
    [
        ("key-cut-255", "IDEM-7", r'"external_id": {"repeat": \["ck'),
        ("reach-172-20", "URL-4", r'json\n\n{"type": .*"media_url": "https://172\.20\.\d+\.\d+/[\w.]*"'),
    ],
)
def test_a_planted_defect_is_shown_by_a_plain_case(start: Started, defect: str, rule: str, shown: str) -> None:
    """Two keys that agree up to character 255, and a plain URL of an open network, come out with lines for a shell."""
    session = start(defect)
    fuzz(session, 1200)
    (failure,) = failed(session)[rule]
    assert re.search(shown, failure.request)
    lines = [line for line in failure.curl.splitlines() if "curl " in line]
    assert len(lines) == (2 if rule == "IDEM-7" else 1)
    assert all("$CONTRACT_WRITER" in line and "sk-apik" not in line for line in lines)
    if rule == "IDEM-7":
        keys = [json.loads(part.split("\n\n")[1]) for part in failure.request.split(" of 2, ")[1:]]
        first, second = ("".join(text * count for text, count in key["external_id"].values()) for key in keys)
        assert first[:255] == second[:255]
        assert first != second


REPEAT = """
import hashlib, re, sys
from dataclasses import replace
from contract.target.embedded import embedded
from contract.fuzz.fuzz_run import FuzzRecorder
from contract.fuzz.own import Workload, fuzz
from contract.run.profile import Profile
from contract.run.session import open_session
from contract.target.wsgi import WsgiTransport
from mock_server import Settings, create_app

class Hashing(WsgiTransport):
    digest = hashlib.sha256()
    def send(self, request):
        self.digest.update(repr((request.headers, request.body.content)).encode())
        return super().send(request)
    def race(self, racers):  # in turn: else who wins, and is repeated later, depends on threads
        return [self.send(racer) for racer in racers]

with embedded() as config:
    config = replace(config, base_url="http://127.0.0.1:1/api")
with Hashing.to(create_app(Settings(port=0)), config.base_url) as transport:
    profile = replace(Profile("fuzz", 1), run_id="ck0123456789")
    session = open_session(config, profile, transport=transport, recorder=FuzzRecorder())
    session.begin()
    fuzz(session, Workload(200, 1, 2, 2))
    print(session.client.requests, Hashing.digest.hexdigest())
"""


def test_the_same_seed_sends_the_same_requests(tmp_path: Path) -> None:
    """Two runs with one seed send the same requests, with CI set to nothing, to something, or not at all."""
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    said = [
        subprocess.run(
            [sys.executable, "-c", REPEAT],
            cwd=tmp_path,
            env={**clean, **ci},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for ci in ({}, {"CI": ""}, {"CI": "true"})
    ]
    assert said[0] == said[1] == said[2]
