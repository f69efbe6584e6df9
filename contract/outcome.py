"""What can become of a test or a case, other than that all went well. Every layer may raise these."""

from __future__ import annotations

from collections.abc import Sequence

from contract.exchange import Exchange

FIRST_ACCEPTED = "a first submission to be accepted"
ANSWERED = "an answer"


class Violation(AssertionError):  # noqa: N818  the field's word for it
    """A rule is broken: what the contract says, what the target did, and the exchange that shows it."""

    def __init__(self, rule: str | None, expected: str, actual: str, exchange: Exchange | None = None) -> None:
        super().__init__(rule, expected, actual)
        self.rule = rule
        self.expected = expected
        self.actual = actual
        self.exchange = exchange
        self.before: Sequence[Exchange] = ()  # what was sent before, where one exchange alone shows nothing
        self.others_hold = False  # whether the test went on to its end, so that its other rules were tested as well

    def name_case(self, why: str) -> None:
        """Say which case was refused or not answered, where only a first submission or an answer was spoken of."""
        if self.expected == FIRST_ACCEPTED:
            self.expected = f"a first submission with {why} to be accepted"
        elif self.expected == ANSWERED:
            self.expected = f"an answer to {why}"

    def __str__(self) -> str:
        return f"{self.rule or 'a rule'}: expected {self.expected}, got {self.actual}"


class Untested(Exception):  # noqa: N818  a verdict
    """What the rule needs is not there, so it was not tested. Never a pass."""


class LeftOut(Untested):
    """A case is not sent: others would see what a faulty target makes of it, or it cannot be made for this one."""


class TooLarge(Untested):
    """A body never reached the target: 413 is inconclusive for a limit."""

    def __init__(self) -> None:
        super().__init__("413: the target, or something in front of it, takes no body of this size")


class See(Untested):
    """A precondition does not hold: another rule is to blame. `rule` is that one."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"see {rule}")
        self.rule = rule


class NotApplicable(Exception):  # noqa: N818  a verdict
    """The rule is about something that this target does not have."""


class CutShort(Exception):  # noqa: N818  a verdict on the whole run
    """The run cannot go on: a budget is used up, or the target stopped answering."""
