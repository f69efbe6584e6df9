"""Texts that are made to be read slowly. A regular expression lets no other thread of the server do anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

PATIENCE = 30  # seconds; each took minutes when it was read again from each of its characters

READINGS = {
    "Prefer": (
        "from mock_server.checks.auth import WRITE; from mock_server.checks.prefer import preferred",
        r"""preferred('"\\' * 100_000, WRITE)""",
    ),
    "date": (
        "from mock_server.checks.formats import parse_date_time",
        "parse_date_time('2026-03-02T10' + ' ' * 500_000 + '!')",
    ),
    "rate": (
        "from mock_server.checks.rate import parse_rate",
        "parse_rate('10/' + ' ' * 100_000 + '!')",
    ),
    "If-None-Match": (  # slow with the oldest Werkzeug that the kit admits
        "from tests.kit.reading import Reading; reading = Reading()",
        """reading.get(f"/{reading.create()['id']}", headers={"If-None-Match": '"x' + ' ' * 200_000 + '!'})""",
    ),
}


@pytest.mark.parametrize(("modules", "reading"), READINGS.values(), ids=READINGS)
def test_a_hostile_text_holds_nobody_up(modules: str, reading: str) -> None:
    """A text of some hundred thousand characters is read at once. Another process can be ended if it is not."""
    code = f"from contextlib import suppress\n{modules}\nwith suppress(ValueError):\n    {reading}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)
