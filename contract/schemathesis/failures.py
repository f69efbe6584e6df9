"""The failures that the checks of Schemathesis raise: a class a promise, so that reports keep them apart."""

from __future__ import annotations

from schemathesis.core.failures import Failure, Severity

from contract.generated.session import Case


class RuleBroken(Failure):
    """A rule of the contract does not hold. `rule` is its id, with which the message begins."""

    __slots__ = ("rule",)

    def __init__(self, rule: str, message: str, case: Case) -> None:
        super().__init__(operation=case.operation.label, message=message, case_id=case.id, severity=Severity.HIGH)
        self.rule = rule

    @property
    def _unique_key(self) -> str:
        return self.rule


class Misjudged(RuleBroken):
    """A valid submission was refused, or an invalid one accepted."""

    kind_title = "Submission misjudged"


class MediaMisjudged(RuleBroken):
    """A recording that must be refused was not, or with another status than 422."""

    kind_title = "Media URL misjudged"


class LimitMissed(RuleBroken):
    """A transcript over its limit was accepted, or one at its limit refused."""

    kind_title = "Transcript limit missed"


class ReplayChanged(RuleBroken):
    """A repeat did not get 200 with the stored engagement."""

    kind_title = "Replay is not the stored engagement"


class KeyUsedUp(RuleBroken):
    """A refused submission used its key up."""

    kind_title = "Key used up by a refusal"


class KeysCollide(RuleBroken):
    """Two keys were taken for one."""

    kind_title = "Keys collide"


class ScopeIgnored(RuleBroken):
    """A credential without engagements:write was not refused with 403."""

    kind_title = "Scope ignored"


class CredentialIgnored(RuleBroken):
    """A wrong credential, or none, was not refused with 401, or a valid one was refused."""

    kind_title = "Credential misjudged"


class CredentialShown(RuleBroken):
    """An answer repeats the credential."""

    kind_title = "Credential in an answer"


class VersionMissing(RuleBroken):
    """An answer lacks X-Api-Version."""

    kind_title = "X-Api-Version missing"


class BadAnswer(RuleBroken):
    """A success is not as documented."""

    kind_title = "Answer not as documented"


class BadError(RuleBroken):
    """An error is not the documented problem."""

    kind_title = "Error not as documented"
