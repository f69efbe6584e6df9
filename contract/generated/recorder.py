"""What a run of Schemathesis finds out, by rule."""

from __future__ import annotations

from collections import deque

from contract.outcome import Violation
from contract.run.recorder import KEPT, Recorder


class GeneratedRecorder(Recorder):
    """A recorder that hands every new violation to the next check, and keeps the shortest evidence of each rule."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: deque[tuple[str, Violation]] = deque(maxlen=100)

    def fail(self, rule: str, violation: Violation) -> None:
        """Record a broken rule."""
        self.fresh.append((rule, violation))
        found = self.findings[rule]
        kept, found.failures = found.failures, []
        super().fail(rule, violation)
        # Shrinking leads from long cases to short ones: the shortest are worth showing.
        found.failures = sorted(kept + found.failures, key=lambda failure: len(failure.curl or ""))[:KEPT]

    def hold(self, *rules: str) -> None:
        """Count one case in which these rules held."""
        for rule in rules:
            self.findings[rule].passed += 1
            self.findings[rule].cases += 1

    def take(self, rules: frozenset[str]) -> list[tuple[str, Violation]]:
        """Return and forget the new violations of these rules."""
        taken = [entry for entry in self.fresh if entry[0] in rules]
        for entry in taken:
            self.fresh.remove(entry)
        return taken
