"""Worse: it tries again at once, whatever the answer was. It makes a busy server busier, and refusals stay refusals."""

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
        timeout=60,
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
                "run_workflows": False,
            }
            for _ in range(5):
                if client.post("/v2/engagements", json=body).is_success:
                    break


if __name__ == "__main__":
    main(sys.argv[1])
