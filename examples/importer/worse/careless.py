"""Worse: it sends what it has, and waits for ever. People get e-mails about old calls, and some calls get lost."""

import csv
import os
import sys
from pathlib import Path

import httpx


def main(file: str) -> None:
    """Import the calls of a CSV file."""
    client = httpx.Client(
        base_url=os.environ["ENGAGEMENTS_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['ENGAGEMENTS_CREDENTIAL']}"},
        timeout=None,
    )
    with client, Path(file).open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            body = {
                "type": row["type"],
                "title": row["title"],
                "source_system": "crm",
                "external_id": f"crm:{row['id']}",
                "media_url": row["recording_url"],
                "start_at": row["started_at"],
                "run_workflows": True,
            }
            if row["transcript_file"]:
                body["transcript"] = Path(file).with_name(row["transcript_file"]).read_text(encoding="utf-8")
            client.post("/v2/engagements", json=body)


if __name__ == "__main__":
    main(sys.argv[1])
