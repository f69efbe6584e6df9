"""What a deployment that others use may see of a run, judged by its own log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable


def unseen(bodies: Iterable[bytes]) -> None:
    """Assert that each body says that it is private and runs no workflows, and mails nobody, however it is read."""
    for body in bodies:
        text = body.decode("utf-16" if body[:2] == b"\xff\xfe" else "utf-8", "replace")
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            assert "is_private" in text
            assert "run_workflows" in text
            continue
        for said in document if isinstance(document, list) else [document]:
            said = json.loads(said) if isinstance(said, str) else said  # noqa: PLW2901
            assert (said["is_private"], said["run_workflows"]) == (True, False)
            people = said["participants"] if isinstance(said.get("participants"), list) else []
            emails = [person["email"] for person in people if isinstance(person, dict) and "email" in person]
            hosts = [host.lower() for email in emails for host in re.findall(r"@([\w.-]+)", str(email))]
            assert all(host == "example.com" or host.endswith(".example.com") for host in hosts), hosts
