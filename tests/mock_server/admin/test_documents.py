"""The examples of docs/control-plane.md, as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from mock_server import create_app
from mock_server.faults.orders import KINDS, PHASES
from mock_server.faults.presets import PRESETS
from tests.kit.control import Client
from tests.kit.http import send

TEXT = Path(__file__).parents[3].joinpath("docs/control-plane.md").read_text(encoding="utf-8")


def lines() -> list[list[str]]:
    """Return the words of each curl line."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_every_example_works_in_the_order_of_the_page(client: Client) -> None:
    """Each curl line is answered without an error, but for the one that shows a refusal."""
    statuses = []
    for words in lines():
        assert words[:2] == ["curl", "-s"]
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        data = words[words.index("-d") + 1].encode() if "-d" in words else None
        (url,) = (word for word in words if word.startswith("http://127.0.0.1:4010"))
        path = url.removeprefix("http://127.0.0.1:4010")
        answer = send(client.server, data, credential=None, method=method, path=path, headers=headers)
        statuses.append(answer.status)
    assert statuses[0] == 422
    assert {status // 100 for status in statuses[1:]} == {2}
    assert len(statuses) > 15


def test_the_page_names_every_path_kind_phase_and_preset(client: Client) -> None:
    """Nothing of the control plane is left out of its page."""
    routes = [rule.rule for rule in create_app(mock=client.mock).url_map.iter_rules()]
    paths = {rule.removeprefix("/__admin") for rule in routes if rule.startswith("/__admin/")}
    for path in paths:
        if not path.startswith(("/static", "/inspect")):
            assert re.sub(r"<\w+>", "{id}", path) in TEXT, path
    for word in (*KINDS, *PHASES, *PRESETS):
        assert f"`{word}`" in TEXT
