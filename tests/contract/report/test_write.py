from __future__ import annotations

import json
import stat
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree as ET

import pytest

from contract import report
from contract.run.results import Run
from tests.kit import runs

NAMES = {"junit.xml", "report.html", "report.json", "report.md"}


@pytest.mark.parametrize("make", [runs.realistic, runs.kept, runs.hostile, runs.enormous])
def test_all_reports_are_written_and_nothing_else(make: object, tmp_path: Path) -> None:
    """Each run, hostile and enormous ones too, leaves four files with ordinary rights in a new directory."""
    directory = tmp_path / "new" / "reports"
    report.write(make(), directory)  # type: ignore[operator]
    assert {path.name for path in directory.iterdir()} == NAMES
    for path in directory.iterdir():
        assert path.read_text(encoding="utf-8")
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((_touched(tmp_path)).stat().st_mode)


def test_report_json_is_the_run(tmp_path: Path) -> None:
    """The file for programs holds what the run says, lone surrogates included."""
    run = runs.hostile()
    report.write(run, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == run.as_json()


def test_one_report_that_cannot_be_written_does_not_stop_the_others(tmp_path: Path) -> None:
    """A directory in the place of the first file costs that file only, and the error names it."""
    (tmp_path / "report.json").mkdir()
    with pytest.raises(IsADirectoryError, match=r"Could not write .*report\.json: Is a directory"):
        report.write(runs.kept(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == NAMES


def test_a_defect_in_one_format_does_not_stop_the_others(tmp_path: Path) -> None:
    """Even an error of the program in one format leaves the other three, and says which it was."""

    def defective(_: Run) -> str:
        raise ValueError("defect")

    with mock.patch.dict(report.FORMATS, {"junit.xml": defective}), pytest.raises(ValueError, match="defect") as caught:
        report.write(runs.kept(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == NAMES - {"junit.xml"}
    assert "junit.xml" in caught.value.__notes__[0]


def test_half_a_report_is_never_seen(tmp_path: Path) -> None:
    """When writing breaks off, the report of the run before is still there as a whole, and no remains."""
    report.write(runs.kept(), tmp_path)
    before = (tmp_path / "report.md").read_bytes()
    with mock.patch.object(Path, "replace", side_effect=OSError(28, "No space left on device")), pytest.raises(OSError):  # noqa: PT011
        report.write(runs.realistic(), tmp_path)
    assert (tmp_path / "report.md").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == NAMES


def test_the_directory_cannot_be_made(tmp_path: Path) -> None:
    """A file in the place of the directory is one clear sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Could not write .*report\.json: (File exists|Not a directory)"):
        report.write(runs.kept(), tmp_path / "file")


def test_junit_is_well_formed(tmp_path: Path) -> None:
    """A parser that knows nothing of this project reads junit.xml."""
    report.write(runs.hostile(), tmp_path)
    assert ET.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"  # noqa: S314  it was written a line above


def _touched(directory: Path) -> Path:
    ordinary = directory / "ordinary"
    ordinary.touch()
    return ordinary
