"""Import calls of the past from a CSV file.

    export ENGAGEMENTS_BASE_URL=https://host/api ENGAGEMENTS_CREDENTIAL=…
    python importer.py calls.csv

Stop it whenever you like, and start it again: it goes on where it was. README.md has the columns and the exit codes.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import httpx

ATTEMPTS = 8  # of one call, until the import stops
LONGEST_DELAY = 60.0  # seconds between two attempts, unless the API says more
LONGEST_RETRY_AFTER = 600.0  # seconds; if the API wants more, the import stops
MAX_TRANSCRIPT = 850_000  # bytes of UTF-8, below both limits: 950,000 bytes and 900,000 characters
TRANSIENT = {408, 409, 425, 429}  # of the 4xx: the same request may succeed later
COLUMNS = {"id", "type", "title", "started_at", "recording_url"}  # a file may also have participants, transcript_file


class Refused(Exception):
    """This call cannot be imported as it is. The text says why."""


class Stopped(Exception):
    """The import cannot go on. The text says why, and it can be started again."""


@dataclass(frozen=True, slots=True)
class Call:
    """The body of one submission. `cut_from` is the size of a transcript that was cut, in bytes."""

    body: dict[str, Any]
    cut_from: int | None = None

    @property
    def key(self) -> str:
        """The external_id. It comes from the row alone, so that every attempt of every run has the same."""
        return str(self.body["external_id"])


class Done:
    """Remembers which calls are imported. It only saves requests: the API knows a call that comes again."""

    def __init__(self, path: Path, base_url: str) -> None:
        self._base_url = base_url  # what staging has, production does not have
        self._file = sqlite3.connect(path, isolation_level=None)  # each insertion is on the disk when it returns
        self._file.execute("CREATE TABLE IF NOT EXISTS done (base_url, key, engagement, PRIMARY KEY (base_url, key))")
        self.close = self._file.close

    def __contains__(self, key: str) -> bool:
        found = self._file.execute("SELECT 1 FROM done WHERE base_url = ? AND key = ?", (self._base_url, key))
        return found.fetchone() is not None

    def add(self, key: str, engagement: str) -> None:
        """Remember a call, once the API has answered."""
        self._file.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?)", (self._base_url, key, engagement))


def rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file, each with the number of its last line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # Excel puts a byte order mark before the text
            reader = csv.DictReader(file, restval="")
            if missing := COLUMNS - set(reader.fieldnames or ()):
                raise Stopped(f"{path} has no column {', '.join(sorted(missing))}")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeError, csv.Error) as error:
        raise Stopped(f"{path} cannot be read: {error}") from None


def read_call(row: dict[str, str], folder: Path, source: str) -> Call:
    """Return the call of a row. Raises Refused for what the API would refuse, or take in another sense."""
    for name in ("id", "started_at", "recording_url"):
        if not row[name]:
            raise Refused(f"{name} is empty")
    if not row["recording_url"].lower().startswith("https://"):
        raise Refused("recording_url does not begin with https://")
    body: dict[str, Any] = {
        "type": row["type"],
        "title": row["title"],
        "source_system": source,
        "external_id": f"{source}:{row['id']}",
        "media_url": row["recording_url"],
        "start_at": row["started_at"],
        "run_workflows": False,  # nobody wants a recap e-mail about a call of last year
    }
    if people := [participant(text) for text in row.get("participants", "").split(";") if text.strip()]:
        body["participants"] = people
    if not row.get("transcript_file"):
        return Call(body)
    try:
        text = (folder / row["transcript_file"]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Refused(f"the transcript cannot be read: {error}") from None
    size = len(text.encode())
    body["transcript_text"] = text.encode()[:MAX_TRANSCRIPT].decode(errors="ignore")  # no half of a character
    return Call(body, size if size > MAX_TRANSCRIPT else None)


def participant(text: str) -> dict[str, str]:
    """Return the participant of a text such as `Ann Lee <ann@example.com>`, `ann@example.com` or `Ann Lee`."""
    name, address = parseaddr(text)
    if "@" not in address:
        return {"name": text.strip()}
    return {"name": name, "email": address} if name else {"email": address}


def submit(client: httpx.Client, call: Call, first_delay: float) -> str:
    """Return the id of the call's engagement. Raises Refused, or Stopped if the API does not answer."""
    for attempt in range(ATTEMPTS):
        delay = min(LONGEST_DELAY, first_delay * 2**attempt) * random.uniform(0.5, 1)  # so that clients do not meet
        try:
            answer = client.post("/v2/engagements", json=call.body)
            if answer.is_success:
                return str(answer.json()["id"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:  # perhaps it is stored, perhaps it is not
            said = type(error).__name__
        else:
            said = str(answer.status_code)
            if answer.status_code < 500 and answer.status_code not in TRANSIENT:
                raise refusal(answer)
            delay = max(delay, retry_after(answer))
        print(f"{call.key!r}: {said}. Attempt {attempt + 2} follows in {delay:.1f} s", file=sys.stderr)
        time.sleep(delay)
    raise Stopped(f"{call.key!r} got no answer in {ATTEMPTS} attempts. Start again later")


def refusal(answer: httpx.Response) -> Exception:
    """Return what the API said no to: this call, or all that comes with this credential or goes to this address."""
    try:
        problem = answer.json()
        errors = [f"{one['field']}: {one['message']}" for one in problem.get("errors", ())]
        said = " ".join([str(problem["detail"]), *errors, f"({problem['request_id']})"])
    except (ValueError, KeyError, TypeError, AttributeError):
        said = "the answer does not say why"
    if answer.status_code in {400, 422}:
        return Refused(f"{answer.status_code}: {said}")
    return Stopped(f"the API answers {answer.status_code}: {said}")


def retry_after(answer: httpx.Response) -> float:
    """Return the seconds that the API told us to wait. Raises Stopped if they are too many."""
    told = answer.headers.get("Retry-After", "")
    seconds = float(told) if told.isdecimal() else 0.0
    if seconds > LONGEST_RETRY_AFTER:
        raise Stopped(f"the API is busy. Start again in {seconds:.0f} s")
    return seconds


def run(options: argparse.Namespace, client: httpx.Client, done: Done) -> int:
    """Import every row that is not imported yet. Return how many rows cannot be. Raises Stopped."""
    keys: set[str] = set()
    refused = 0
    with options.problems.open("w", encoding="utf-8", newline="") as file:
        problems = csv.writer(file)
        problems.writerow(["line", "id", "problem"])
        for line, row in rows(options.file):
            try:
                call = read_call(row, options.file.parent, options.source)
                if call.key in keys:
                    raise Refused("an earlier row has the same id")
                keys.add(call.key)
                if call.key not in done:
                    done.add(call.key, submit(client, call, options.first_delay))
                if call.cut_from:
                    sizes = f"from {call.cut_from:,} to {MAX_TRANSCRIPT:,} bytes"
                    problems.writerow([line, row["id"], f"imported, but the transcript was cut {sizes}"])
            except Refused as reason:
                refused += 1
                problems.writerow([line, row["id"], f"not imported: {reason}"])
    return refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Import a file. Return 0 if all is imported, 1 if some rows cannot be, 2 if the import stopped."""
    parser = argparse.ArgumentParser(description="Import calls of the past from a CSV file.")
    parser.add_argument("file", type=Path, help="the calls, a row each")
    parser.add_argument("--source", default="crm", help="the system that the calls come from (crm)")
    parser.add_argument("--done", type=Path, help="remembers what is imported (FILE.done), one for each workspace")
    parser.add_argument("--problems", type=Path, help="gets the rows that need your help (FILE.problems.csv)")
    parser.add_argument("--first-delay", type=float, default=1.0, help="seconds before the second attempt (1)")
    parser.add_argument("--time-out", type=float, default=60.0, help="seconds without an answer (60)")
    options = parser.parse_args(arguments)
    options.done = options.done or options.file.with_suffix(".done")
    options.problems = options.problems or options.file.with_suffix(".problems.csv")
    base_url, credential = (os.environ.get(f"ENGAGEMENTS_{name}", "") for name in ("BASE_URL", "CREDENTIAL"))
    headers = {"Authorization": f"Bearer {credential}"}
    try:
        if not base_url or not credential:
            raise Stopped("set ENGAGEMENTS_BASE_URL and ENGAGEMENTS_CREDENTIAL")
        with (
            httpx.Client(base_url=base_url, headers=headers, timeout=options.time_out) as client,
            closing(Done(options.done, base_url)) as done,
        ):
            refused = run(options, client, done)
    except Stopped as reason:
        print(f"stopped: {reason}", file=sys.stderr)
        return 2
    print(f"rows that are not imported: {refused}; see {options.problems}" if refused else "all rows are imported")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
