"""The words that all reports use for verdicts and families."""

from __future__ import annotations

# What a verdict is called where people read it. Short: it stands on a badge.
VERDICT_WORDS = {
    "fail": "failed",
    "error": "error",
    "untested": "untested",
    "deviates": "deviates",
    "waived": "waived",
    "observed": "observed",
    "not_applicable": "not applicable",
    "pass": "passed",
}
# A sign beside the word, so that nothing depends on telling colours apart. All are in every common font.
VERDICT_SIGNS = {
    "fail": "×",
    "error": "!",
    "untested": "?",
    "deviates": "≠",
    "waived": "»",
    "observed": "i",
    "not_applicable": "–",
    "pass": "✓",
}
VERDICT_MEANINGS = {
    "fail": "The deployment breaks the rule.",
    "error": "The test could not come to a verdict.",
    "untested": "What the test needs is missing.",
    "deviates": "Broken, as the configuration says it would be.",
    "waived": "Left out, as the configuration asks.",
    "observed": "The contract is silent; this is what the deployment does.",
    "not_applicable": "The deployment does not have what the rule is about.",
    "pass": "The deployment keeps the rule.",
}
_FAMILIES = {
    "AUTH": "Authentication",
    "SCOPE": "Scope",
    "IDEM": "Idempotency",
    "URL": "Media URL",
    "LIMIT": "Limits",
    "BODY": "Body",
    "RESP": "Response",
    "ERR": "Errors",
    "READ": "Reading",
    "LIST": "Listing",
    "HOOK": "Webhooks",
}


def family_name(family: str) -> str:
    """Return what a family is about; a family without a name of its own is called by its id."""
    return _FAMILIES.get(family, family)
