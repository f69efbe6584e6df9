"""Who may see an engagement. Rules: READ-3 to READ-7, LIST-10, LIST-11."""

from __future__ import annotations

from mock_server.checks.auth import Caller
from mock_server.problems import NotFound
from mock_server.store import Engagement

PRIVATE = "engagements:private:read"


def visible(engagement: Engagement, caller: Caller) -> bool:
    """Tell whether a caller sees an engagement.

    Other workspaces see nothing. A private engagement is seen with the scope `engagements:private:read`, by those who
    took part and by its owner.
    """
    if engagement.owner.workspace.id != caller.workspace.id:
        return False
    return not engagement.is_private or PRIVATE in caller.scopes or _took_part(engagement, caller)


def kept_by(engagement: Engagement, caller: Caller) -> tuple[str, ...]:
    """Return the rules by which a caller sees an engagement that is private."""
    if not engagement.is_private:
        return ()
    return ("READ-5",) if engagement.owner.user_id == caller.user_id else ("READ-4",)


def unseen(engagement: Engagement | None, caller: Caller) -> NotFound:
    """Return the problem of a caller who does not see an engagement.

    It says the same in every case, so that it does not tell what there is. Only its rule differs, for the journal.
    """
    if engagement is None:
        rule = "READ-7"
    else:
        rule = "READ-3" if engagement.owner.workspace.id == caller.workspace.id else "READ-6"
    return NotFound("There is no engagement with this id, or this credential may not see it.", rule=rule)


def _took_part(engagement: Engagement, caller: Caller) -> bool:
    """Tell whether a caller is the owner, or one of the participants by e-mail address, in whatever case."""
    if engagement.owner.user_id == caller.user_id:
        return True
    user = caller.user.casefold()
    return any(one.email is not None and one.email.casefold() == user for one in engagement.submission.participants)
