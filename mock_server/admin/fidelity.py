"""How closely the mock follows each rule, and what it does where the API is silent."""

from __future__ import annotations

from typing import Any

from mock_server import spec
from mock_server.config import Settings

EMULATED, APPROXIMATED = "emulated", "approximated"
FIDELITIES = (EMULATED, APPROXIMATED, "not_emulated")  # the last one of no rule at present

_WORLD = "Simulated media: names, addresses, redirects and content types follow from the URL. --media live fetches it."
# Rules that the simulated media world follows with invented facts.
SIMULATED = {
    "URL-14": _WORLD,
    "URL-15": "Simulated media: only /redirect-private of media.mock.test redirects inside. --media live follows any.",
    "URL-16": "Simulated media: the content type follows from the suffix of the path. --media live asks the host.",
    "URL-17": _WORLD,
    "URL-18": "Simulated media: hosts under .invalid and paths of media.mock.test fail. --media live really tries.",
    "RESP-7": "Simulated media: the length is ?duration=, or follows from the URL. --media live measures it.",
}
# What holds in every mode.
ALWAYS = {
    "IDEM-11": "Keys are remembered until the server ends, is reset or is restored from a snapshot.",
    "READ-8": "The members of companies, contacts, owner, action items, signals and tags are a decision of the mock.",
    "READ-10": "A company follows from the domain of an e-mail address, a contact from a participant; none is stored.",
    "READ-14": "A link leads to a second of a tone: the mock keeps no recordings.",
    "READ-16": "What processing makes is made up from the title and --seed.",
    "AUTH-3": "A credential is one of the configured ones, or not; none expires.",
}


def report(settings: Settings) -> dict[str, Any]:
    """Return `{"data": [{id, level, title, fidelity, note, decision}], "summary": {fidelity: count}}`.

    `note` says what an approximation leaves out; `decision`, for a rule that nobody states, what the mock does.
    """
    notes = {**ALWAYS, **(SIMULATED if settings.media == "simulated" else {})}
    rows = [
        {
            "id": rule["id"],
            "level": rule["level"],
            "title": rule["title"],
            "fidelity": APPROXIMATED if rule["id"] in notes else EMULATED,
            "note": notes.get(rule["id"]),
            "decision": rule["statement"] if rule["level"] == "observe" else None,
        }
        for rule in spec.document()["x-rules"]
    ]
    summary = {word: sum(row["fidelity"] == word for row in rows) for word in FIDELITIES}
    return {"data": rows, "summary": summary}
