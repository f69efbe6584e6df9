"""Defects of credentials, scopes and ownership."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from dataclasses import replace
from urllib.parse import unquote
from wsgiref.types import WSGIApplication

from mock_server.checks.auth import Caller
from mock_server.services import Mock
from tests.defects.seams import (
    Answer,
    Handler,
    Install,
    Sent,
    admitted,
    answered,
    answered_if,
    defect,
    handled,
    refusal,
    seen_as,
    shown,
)  # fmt: skip

Callers = tuple[Caller, ...]
WRITE = "engagements:write"


def matched(same: Callable[[str, str], bool]) -> Install:
    """Accept a bearer token that is not quite a credential: `same` compares it with each that is."""

    def find(header: str, callers: Callers) -> Caller | None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        return next((caller for caller in callers if same(token.strip(), caller.credential)), None)

    return admitted(find)


def schemed(scheme: str) -> Install:
    """Accept credentials under another scheme."""

    def find(header: str, callers: Callers) -> Caller | None:
        given, _, token = header.partition(" ")
        return _known(token.strip(), callers) if scheme in {given.lower(), "*"} else None

    return admitted(find)


def _known(token: str, callers: Callers) -> Caller | None:
    return next((caller for caller in callers if caller.credential == token), None)


def _basic(header: str, callers: Callers) -> Caller | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return _known(user, callers) or _known(password, callers)


def _anyone(_: str, callers: Callers) -> Caller | None:
    return callers[0]


def _anonymous(header: str, callers: Callers) -> Caller | None:
    return None if header.strip() else callers[0]


def _empty_token(header: str, callers: Callers) -> Caller | None:
    return callers[0] if header.strip().lower() == "bearer" else None


def _any_token(header: str, callers: Callers) -> Caller | None:
    return callers[0] if header.lower().startswith("bearer ") and header[7:].strip() else None


def without(form: Callable[[str], bool]) -> Install:
    """Refuse headers of a form that is valid."""

    def make(_: object) -> Handler:
        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            return refusal(401) if form(sent.environ.get("HTTP_AUTHORIZATION", "")) else sent.call(app)

        return handle

    return handled(make)


def answers_with(old: int, new: int) -> Install:
    """Give one refusal another status."""
    return answered_if(lambda answer: answer.status == old, lambda answer: answer.but(new, status=new))


def _cached(_: Mock) -> Handler:
    """Take a header for the one of before on its connection if only the case differs."""
    before: dict[int, str] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        connection, header = id(sent.environ["mock_server.connection"]), sent.environ.get("HTTP_AUTHORIZATION", "")
        last = before.get(connection, "")
        known = last if header.lower() == last.lower() else header
        before[connection] = known
        return sent.call(app, authorization=known)

    return handle


def _token(sent: Sent) -> str:
    header: str = sent.environ.get("HTTP_AUTHORIZATION", "")
    return header.rpartition(" ")[2]


def _unknown(sent: Sent) -> bool:
    """Tell whether a credential came in the right form: another scheme is not what these defects are about."""
    return sent.environ.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer ")


def _bare(sent: Sent) -> bool:
    return bool(sent.environ.get("HTTP_AUTHORIZATION", "").startswith("sk-apik_"))


def told(statuses: Collection[int], part_of: Callable[[str], str]) -> Install:
    """Repeat the credential, or a part of it, in the detail of some errors."""

    def edit(sent: Sent, answer: Answer) -> Answer:
        said = part_of(_token(sent))
        return answer.but(detail=f"Refused: {said}") if answer.status in statuses and said else answer

    return answered(edit)


def placed(variable: str, before: str = "", after: str = "\0") -> Install:
    """Look for a credential elsewhere too: `variable` is the name of the place in WSGI."""

    def make(_: Mock) -> Handler:
        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            found = sent.environ.get(variable, "").removeprefix(before).partition(after)[0]
            return sent.call(app, authorization=f"Bearer {found}" if found else None)

        return handle

    return handled(make)


CREDENTIALS = (
    defect("no-authentication", "AUTH-2 AUTH-3 AUTH-4", "Whoever calls is the first caller.", admitted(_anyone)),
    defect("anonymous-accepted", "AUTH-2", "A request without a credential is accepted.", admitted(_anonymous)),
    defect("empty-bearer-accepted", "AUTH-2 AUTH-3", "Bearer with nothing behind it is accepted.",
           admitted(_empty_token)),
    defect("any-token-accepted", "AUTH-3", "Any bearer token is accepted.", admitted(_any_token)),
    defect("prefix-accepted", "AUTH-3", "Any beginning of a credential is accepted.",
           matched(lambda token, known: known.startswith(token))),
    defect("all-but-last-accepted", "AUTH-3", "A credential without its last character is accepted.",
           matched(lambda token, known: token == known[:-1])),
    defect("extension-accepted", "AUTH-3", "A credential with something behind it is accepted.",
           matched(lambda token, known: token.startswith(known))),
    defect("case-ignored", "AUTH-3", "The case of a credential does not count.",
           matched(lambda token, known: token.lower() == known.lower())),
    defect("contained-accepted", "AUTH-3", "A credential with something around it is accepted.",
           matched(lambda token, known: known in token)),
    defect("secret-ignored", "AUTH-3", "What stands behind the dot of an API key is not compared.",
           matched(lambda token, known: token.partition(".")[0] == known.partition(".")[0])),
    defect("secret-length-only", "AUTH-3", "Of the secret part only the length is compared.",
           matched(lambda token, known: len(token) == len(known)
                   and token.partition(".")[0] == known.partition(".")[0])),
    defect("third-part-ignored", "AUTH-3", "Of a credential only the first two parts between dots count.",
           matched(lambda token, known: token.split(".")[:2] == known.split(".")[:2])),
    defect("padding-ignored", "AUTH-3", "Equal signs behind a credential do not count.",
           matched(lambda token, known: token.rstrip("=") == known)),
    defect("quotes-ignored", "AUTH-3", "Quotation marks around a credential do not count.",
           matched(lambda token, known: token.strip('"') == known)),
    defect("listed-accepted", "AUTH-3", "The first of several credentials with commas between them counts.",
           matched(lambda token, known: token.split(",")[0] == known)),
    defect("percent-decoded", "AUTH-3", "Escapes of URLs in a credential are decoded.",
           matched(lambda token, known: unquote(token) == known)),
    defect("bearer-twice-accepted", "AUTH-3", "The word Bearer may come twice.",
           matched(lambda token, known: token.removeprefix("Bearer ") == known)),
    defect("id-ignored", "AUTH-3", "What stands before the dot of an API key is not compared.",
           matched(lambda token, known: token.partition(".")[2] == known.partition(".")[2] != "")),
    defect("empty-secret-accepted", "AUTH-3", "Of the secret part only as much as was sent is compared.",
           matched(lambda token, known: token.endswith(".") and known.startswith(token))),
    defect("bearers-accepted", "AUTH-4", "Any scheme that begins with Bearer is Bearer.", schemed("bearers")),
    defect("api-key-header-accepted", "AUTH-2", "A credential in the header X-Api-Key is accepted.",
           placed("HTTP_X_API_KEY")),
    defect("credential-with-bearer-inside", "AUTH-3", "The word Bearer is taken out wherever it stands.",
           admitted(lambda header, callers: next(
               (one for one in callers if not header.startswith("Bearer ")
                and header.replace("Bearer ", "") == one.credential), None))),
    defect("credential-without-prefix", "AUTH-3", "A credential without its prefix is that credential.",
           matched(lambda token, known: token == known.removeprefix("sk-apik_"))),
    defect("credential-secret-alone", "AUTH-3", "What stands behind the dot of a credential is that credential.",
           matched(lambda token, known: token == known.rpartition(".")[2])),
    defect("query-token-accepted", "AUTH-2", "A credential in the query is accepted.",
           placed("QUERY_STRING", "access_token=", "&")),
    defect("cookie-accepted", "AUTH-2", "A credential in a cookie is accepted.", placed("HTTP_COOKIE", "token=")),
    defect("basic-accepted", "AUTH-4", "A credential under the scheme Basic is accepted.", schemed("basic")),
    defect("token-accepted", "AUTH-4", "A credential under the scheme Token is accepted.", schemed("token")),
    defect("digest-accepted", "AUTH-4", "A credential under the scheme Digest is accepted.", schemed("digest")),
    defect("basic-pair-accepted", "AUTH-4", "A credential as user or password of the scheme Basic is accepted.",
           admitted(_basic)),
    defect("any-scheme-accepted", "AUTH-4", "The scheme does not count.", schemed("*")),
    defect("bearer-refused", "AUTH-1", "Only a bare API key is accepted.",
           without(lambda header: header.lower().startswith("bearer "))),
    defect("bare-key-refused", "AUTH-5", "An API key without the word Bearer is refused.",
           without(lambda header: header.startswith("sk-apik_"))),
    defect("bare-key-of-another-user", "AUTH-5", "What is created with a bare API key belongs to another user.",
           answered(lambda sent, answer: answer.but(owner_user_id="usr_01JB5Z0Q4T3V2K8M6N9P7R5S4W")
                    if answer.status == 201 and _bare(sent) else answer),
           entails={"SCOPE-4": "the owner is another one",
                    **dict.fromkeys(("LIST-1", "READ-1", "HOOK-2"), "what is stored belongs to the right user")}),
    defect("bare-key-apart", "AUTH-5", "A bare API key has keys of idempotency of its own.",
           answered(lambda sent, answer: answer.but(201, id=f"{answer.json['id']}x")
                    if answer.status == 200 and _bare(sent) else answer),
           entails=dict.fromkeys(("LIST-17", "HOOK-3"), "what is made for a bare key is nowhere")),
    defect("missing-login", "AUTH-2", "A request without a credential is led to a page where people log in.",
           answered(lambda sent, answer: refusal(302).with_headers(Location="/login?next=/")
                    if answer.status == 401 and not _token(sent) else answer)),
    defect("missing-403", "AUTH-2", "A request without a credential gets 403.",
           answered(lambda sent, answer: refusal(403) if answer.status == 401 and not _token(sent) else answer)),
    defect("missing-400", "AUTH-2", "A request without a credential gets 400.",
           answered(lambda sent, answer: refusal(400) if answer.status == 401 and not _token(sent) else answer)),
    defect("unknown-403", "AUTH-3", "An unknown credential gets 403.",
           answered(lambda sent, answer: refusal(403) if answer.status == 401 and _unknown(sent) else answer)),
    defect("unknown-404", "AUTH-3", "An unknown credential gets 404.",
           answered(lambda sent, answer: refusal(404) if answer.status == 401 and _unknown(sent) else answer)),
    defect("unknown-500", "AUTH-3", "An unknown credential makes the server fail.",
           answered(lambda sent, answer: refusal(500) if answer.status == 401 and _unknown(sent) else answer)),
    defect("token-outside-ascii-500", "AUTH-3", "A credential outside ASCII makes the server fail.",
           answered(lambda sent, answer: answer if _token(sent).isascii() else refusal(500))),
    defect("prototype-500", "AUTH-3", "A credential named like a member of every object makes the server fail.",
           answered(lambda sent, answer: refusal(500) if _token(sent) in {"constructor", "__proto__"} else answer)),
    defect("body-before-credential", "AUTH-2 AUTH-3", "An empty body is refused before anybody asks who calls.",
           answered(lambda sent, answer: refusal(400) if answer.status == 401 and not sent.body else answer)),
    defect("header-of-before", "AUTH-3", "A credential in other case counts as the one before it on its connection.",
           handled(_cached)),
    defect("long-token-page", "ERR-1 ERR-2 ERR-3", "A long header is refused with an HTML page.",
           answered(lambda sent, answer: Answer(400, {"Content-Type": "text/html"}, b"<html>Header too long</html>")
                    if len(_token(sent)) > 4000 else answer)),
    defect("echo-401", "AUTH-6", "A 401 repeats the credential.", told({401}, str)),
    defect("echo-403", "AUTH-6", "A 403 repeats the credential.", told({403}, str)),
    defect("echo-422", "AUTH-6", "A refusal of the body repeats the credential.", told({400, 422}, str)),
    defect("echo-secret", "AUTH-6", "Errors repeat the secret part of an API key.",
           told(range(400, 500), lambda token: token.partition(".")[2])),
    defect("echo-header", "AUTH-6", "Every answer repeats the credential in a header.",
           answered(lambda sent, answer: answer.with_headers(X_Debug_Caller=_token(sent) or None))),
)  # fmt: skip


def scoped(allow: Callable[[Caller], bool]) -> Install:
    """Let callers write who may not."""
    return seen_as(lambda caller: replace(caller, scopes=caller.scopes | {WRITE}) if allow(caller) else caller)


def unscoped(status: int) -> Install:
    """Refuse callers without the scope with another problem."""
    return answered_if(lambda answer: answer.status == 403, lambda _: refusal(status))


NOT_403 = {"SCOPE-2": "the status is not 403"}

SCOPES = (
    defect("scope-unchecked", "SCOPE-1 SCOPE-3", "Any credential may create.", scoped(lambda _: True),
           entails=NOT_403),
    defect("read-implies-write", "SCOPE-3 SCOPE-1", "engagements:read lets a credential create.",
           scoped(lambda caller: "engagements:read" in caller.scopes), entails=NOT_403),
    defect("private-read-implies-write", "SCOPE-3", "engagements:private:read lets a credential create.",
           scoped(lambda caller: "engagements:private:read" in caller.scopes), entails=NOT_403),
    defect("only-read-implies-write", "SCOPE-3 SCOPE-1", "A credential with engagements:read alone may create.",
           scoped(lambda caller: caller.scopes == {"engagements:read"}), entails=NOT_403),
    defect("no-scope-implies-write", "SCOPE-1", "A credential without any scope may create.",
           scoped(lambda caller: not caller.scopes), entails=NOT_403),
    defect("forbidden-401", "SCOPE-2", "A missing scope gets 401.",
           unscoped(401)),
    defect("forbidden-404", "SCOPE-2", "A missing scope gets 404.",
           unscoped(404)),
    defect("forbidden-400", "SCOPE-2", "A missing scope gets 400.", answers_with(403, 400)),
    defect("forbidden-500", "SCOPE-2", "A missing scope makes the server fail.", unscoped(500)),
    defect("owner-is-one", "SCOPE-4", "One user owns everything, in all workspaces.",
           shown(lambda *_: {"owner_user_id": "usr_01JB5Z0Q4T8E6Y2C4A1B3D5F7G"})),
    defect("owner-is-new", "SCOPE-4", "Each engagement belongs to a new user.",
           shown(lambda _, engagement: {"owner_user_id": engagement.id.replace("ngmt", "usr")})),
)  # fmt: skip

DEFECTS = (*CREDENTIALS, *SCOPES)

UNSEEN = {
    "compared-in-variable-time": "a comparison whose time tells how much of a credential is right: noise hides it",
    "credential-logged": "the log of a server is not seen",
}
