"""Worse: every attempt has a new external_id. If an answer is lost, the call is stored twice."""

import csv
import os
import sys
import time
import uuid
from pathlib import Path

import httpx


def main(file: str) -> None:
    """Import the calls of a CSV file."""
    client = httpx.Client(
        base_url=os.environ["ENGAGEMENTS_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['ENGAGEMENTS_CREDENTIAL']}"},
        timeout=60,
    )
    with client, Path(file).open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            submit(client, row)


def submit(client: httpx.Client, row: dict[str, str]) -> None:
    """Send one call until it is accepted."""
    for attempt in range(5):
        body = {
            "type": row["type"],
            "title": row["title"],
            "source_system": "crm",
            "external_id": f"crm:{uuid.uuid4()}",
            "media_url": row["recording_url"],
            "start_at": row["started_at"],
            "run_workflows": False,
        }
        try:
            if client.post("/v2/engagements", json=body).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1 * 2**attempt)


if __name__ == "__main__":
    main(sys.argv[1])
