"""Defects of successful answers: ids, title, header, times, privacy, and what should not be there."""

from __future__ import annotations

import html
import re
import unicodedata
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from wsgiref.types import WSGIApplication

from mock_server.checks.validation import Submission
from mock_server.clock import rfc3339
from mock_server.services import Mock
from mock_server.store import Engagement
from tests.defects.seams import Answer, Install, Json, answered, answered_if, defect, resubmitted, shown


def member(**values: object) -> Install:
    """Show members with fixed values; `...` leaves one out."""
    return shown(lambda *_: values)


def rewritten(name: str, change: Callable[[str], object]) -> Install:
    """Show one member in another form."""
    return shown(lambda document, _: {name: change(document[name])})


def identified(new: Callable[[Engagement], str]) -> Install:
    """Show engagements under other ids."""
    return shown(lambda _, engagement: {"id": new(engagement)})


def _few_ids(mock: Mock) -> WSGIApplication:
    numbers: dict[str, int] = {}
    return identified(
        lambda engagement: f"ngmt_01JB5Z0Q4T8E6Y2C4A1B3D{numbers.setdefault(engagement.id, len(numbers)) % 16:02d}"
    )(mock)


def _by_title(_: Json, engagement: Engagement) -> Json:
    return {"id": f"ngmt_{uuid.uuid5(uuid.NAMESPACE_URL, engagement.submission.title).hex}"}


def _by_url(_: Json, engagement: Engagement) -> Json:
    return {"id": f"ngmt_{uuid.uuid5(uuid.NAMESPACE_URL, engagement.submission.media_url.text).hex}"}


IDS = (
    defect("id-prefix-eng", "RESP-2",
           "Ids begin with eng_.", rewritten("id", lambda id_: id_.replace("ngmt_", "eng_"))),
    defect("id-prefix-none", "RESP-2", "Ids have no prefix.", rewritten("id", lambda id_: id_[5:])),
    defect("id-prefix-upper", "RESP-2", "The prefix of ids is in upper case.",
           rewritten("id", lambda id_: id_.replace("ngmt", "NGMT"))),
    defect("id-prefix-alone", "RESP-2", "Every id ends after its prefix and a dash.",
           rewritten("id", lambda id_: f"ngmt_-{id_[5:]}")),
    defect("id-uuid", "RESP-2", "Ids hold dashes.",
           rewritten("id", lambda id_: f"ngmt_{uuid.uuid5(uuid.NAMESPACE_URL, id_)}")),
    defect("id-underscore", "RESP-2", "Ids hold a second underscore.",
           rewritten("id", lambda id_: f"{id_[:12]}_{id_[12:]}")),
    defect("id-number", "RESP-1 RESP-2", "Ids are numbers.",
           rewritten("id", lambda id_: uuid.uuid5(uuid.NAMESPACE_URL, id_).int >> 80)),
    defect("id-newline", "RESP-2", "A line feed ends every id.", rewritten("id", lambda id_: f"{id_}\n")),
    defect("owner-prefix", "RESP-2", "User ids begin with user_.",
           rewritten("owner_user_id", lambda id_: id_.replace("usr_", "user_"))),
    defect("owner-email", "RESP-2", "The owner is an e-mail address.", member(owner_user_id="writer@example.com"),
           entails={"SCOPE-4": "it is one owner in all workspaces"}),
    defect("host-dashes", "RESP-2", "host_user_id holds dashes.", member(host_user_id="usr_0e6c-4b6d-a9b1")),
    defect("id-constant", "RESP-3",
           "All engagements have one id.", identified(lambda _: "ngmt_01JB5Z0Q4T8E6Y2C4A1B3D5F7G")),
    defect("id-few", "RESP-3", "Ids come round after sixteen.", _few_ids),
    defect("id-per-second", "RESP-3", "An id is the second of its making.",
           identified(lambda engagement: f"ngmt_{int(engagement.created_at.timestamp())}")),
    defect("id-of-title", "RESP-3", "The id follows from the title.", shown(_by_title)),
    defect("id-of-recording", "RESP-3", "The id follows from the URL of the recording.", shown(_by_url)),
)  # fmt: skip


def titled(change: Callable[[str], str]) -> Install:
    """Show the title in another form."""
    return rewritten("title", change)


COPIED = ("object", "processing_status", "created_at", "duration_seconds", "is_internal", "owner_user_id")

TITLES = (
    defect("shown-title-trimmed", "RESP-4", "White space around the title is dropped.", titled(str.strip)),
    defect("shown-title-trimmed-right", "RESP-4", "White space behind the title is dropped.", titled(str.rstrip)),
    defect("shown-title-inner-space", "RESP-4", "White space inside the title is collapsed.",
           titled(lambda title: re.sub(r"(?<=\S)\s+(?=\S)", " ", title))),
    defect("shown-title-escaped-html", "RESP-4", "The title is escaped for HTML.", titled(html.escape)),
    defect("shown-title-unescaped-html", "RESP-4", "HTML entities in the title are resolved.", titled(html.unescape)),
    defect("shown-title-without-tags", "RESP-4", "What looks like a tag is stripped from the title.",
           titled(lambda title: re.sub(r"<[^>]*>", "", title))),
    defect("shown-title-composed-nfc", "RESP-4", "The title is normalised to NFC.",
           titled(lambda title: unicodedata.normalize("NFC", title))),
    defect("shown-title-255", "RESP-4", "The title is cut after 255 characters.", titled(lambda title: title[:255])),
    defect("shown-title-without-emoji", "RESP-4", "Characters beyond the basic plane are dropped from the title.",
           titled(lambda title: re.sub("[\U00010000-\U0010ffff]", "", title))),
    defect("shown-title-ascii", "RESP-4", "Characters outside ASCII become question marks.",
           titled(lambda title: title.encode("ascii", "replace").decode())),
    defect("shown-title-mojibake", "RESP-4", "The title is encoded twice.",
           titled(lambda title: title.encode("utf-8", "surrogatepass").decode("latin-1"))),
    defect("shown-title-one-line", "RESP-4", "Line feeds and tabs in the title become spaces.",
           titled(lambda title: re.sub(r"[\n\r\t]", " ", title))),
    defect("shown-title-backslash", "RESP-4", "Backslashes are dropped from the title.",
           titled(lambda title: title.replace("\\", ""))),
    defect("shown-title-dollars", "RESP-4", "Two dollar signs in the title become one.",
           titled(lambda title: title.replace("$$", "$"))),
    defect("shown-title-percents", "RESP-4", "Two percent signs in the title become one.",
           titled(lambda title: title.replace("%%", "%"))),
    defect("unknown-copied", "RESP-1 RESP-2 RESP-10", "Members of an answer are taken from the submission, too.",
           answered(lambda sent, answer: answer.but(**{name: sent.body[name] for name in COPIED if name in sent.body})
                    if answer.status == 201 else answer),
           entails={"RESP-11": "updated_at is before the time that was sent", "RESP-7": "the length is the one sent",
                    "SCOPE-4": "the owner is the one sent"}),
    defect("shown-title-line-ends", "RESP-4", "Line ends in the title are those of Unix.",
           titled(lambda title: title.replace("\r\n", "\n"))),
    defect("shown-title-wide-blanks", "RESP-4", "Wide and no-break spaces around the title are dropped.",
           titled(lambda title: title.strip("\u00a0\u3000"))),
    defect("shown-title-unquoted", "RESP-4", "Quotes around the title are dropped.",
           titled(lambda title: title.strip("\"'"))),
    defect("shown-title-plus", "RESP-4", "A plus in the title becomes a space.",
           titled(lambda title: title.replace("+", " "))),
    defect("shown-title-visible", "RESP-4", "Characters that cannot be seen are dropped from the title.",
           titled(lambda title: re.sub("[\u00ad\u200b\ufe0f\ufeff]", "", title))),
    defect("shown-title-without-controls", "RESP-4", "Control characters are dropped from the title.",
           titled(lambda title: re.sub(r"[\x01-\x08\x0e-\x1f\x7f-\x9f]", "", title))),
    defect("shown-title-windows-1252", "RESP-4", "Characters outside Windows-1252 become question marks.",
           titled(lambda title: title.encode("cp1252", "replace").decode("cp1252"))),
    defect("shown-title-no-break", "RESP-4", "No-break spaces in the title become spaces.",
           titled(lambda title: title.replace("\u00a0", " "))),
    defect("shown-title-separators", "RESP-4", "Separators of lines and paragraphs in the title become line feeds.",
           titled(lambda title: re.sub("[\u2028\u2029]", "\n", title))),
    defect("shown-title-formatted", "RESP-4", "Two percent signs in the title become one.",
           titled(lambda title: title.replace("%%", "%"))),
    defect("shown-title-capital", "RESP-4",
           "The title begins with a capital.", titled(lambda title: title[:1].upper() + title[1:])),
    defect("shown-title-with-source", "RESP-4", "The source stands before the title.",
           shown(lambda _, e: {"title": f"[{e.submission.source_system}] {e.submission.title}"})),
)  # fmt: skip

EXPANDABLE: Json = {
    "transcript": None, "media_url": None, "owner": None,
    "companies": [], "contacts": [], "action_items": [], "signals": [], "tags": [],
}  # fmt: skip


def headed(when: Callable[[Answer], bool], value: str | None) -> Install:
    """Send some answers with another X-Api-Version, or without one."""
    return answered_if(when, lambda answer: answer.with_headers(X_Api_Version=value))


SHAPE = (
    *(defect(f"without-{name.replace('_', '-')}", "RESP-1", f"{name} is missing.", member(**{name: ...}))
      for name in ("object", "id", "title", "engagement_type")),
    defect("wrapped", "RESP-1", "The engagement stands in a member data.",
           shown(lambda document, _: {**dict.fromkeys(document, ...), "data": document})),
    defect("listed", "RESP-1", "The engagement stands in a list.",
           answered_if(lambda a: a.status < 300, lambda a: Answer(a.status, a.headers, b"[" + a.content + b"]"))),
    defect("empty-create", "RESP-1", "A create is answered without a body.",
           answered_if(lambda a: a.status == 201, lambda a: Answer(201, a.headers, b""))),
    defect("shown-private-as-text", "RESP-1",
           "is_private is a text.", rewritten("is_private", lambda value: str(value).lower()),
           entails={"RESP-9": "a text is not the value that was sent"}),
    defect("shown-private-as-number", "RESP-1", "is_private is 0 or 1.", rewritten("is_private", int),
           entails={"RESP-9": "a number is not the value that was sent"}),
    defect("created-as-number", "RESP-1", "created_at is a number.",
           shown(lambda _, e: {"created_at": int(e.created_at.timestamp())})),
    defect("created-as-date", "RESP-1", "created_at is a date without a time.",
           rewritten("created_at", lambda text: text[:10])),
    defect("created-without-offset", "RESP-1",
           "created_at has no offset.", rewritten("created_at", lambda text: text[:-1])),
    defect("duration-as-text", "RESP-1", "duration_seconds is a text.", rewritten("duration_seconds", str)),
    defect("duration-fraction", "RESP-1", "duration_seconds is not whole.",
           rewritten("duration_seconds", lambda seconds: float(seconds) + 0.5)),
    defect("description-null", "RESP-1", "description is null.", member(description=None)),
    defect("meeting-url-empty", "RESP-1", "meeting_url is an empty text.", member(meeting_url="")),
    defect("header-missing", "RESP-5", "Successes lack X-Api-Version.", headed(lambda a: a.status < 300, None)),
    defect("header-missing-200", "RESP-5", "Repeats lack X-Api-Version.", headed(lambda a: a.status == 200, None)),
    defect("header-missing-201", "RESP-5", "Creates lack X-Api-Version.", headed(lambda a: a.status == 201, None)),
    *(defect(f"expanded-{name.replace('_', '-')}", "RESP-6", f"{name} is in the answer.", member(**{name: value}))
      for name, value in EXPANDABLE.items()),
    defect("echo-media-url", "RESP-6", "The URL of the recording is in the answer.",
           shown(lambda _, e: {"media_url": e.submission.media_url.text})),
    defect("echo-transcript", "RESP-6", "The transcript is in the answer, if one was sent.",
           shown(lambda _, e: {"transcript": e.transcript.text()} if e.transcript else {})),
    defect("object-plural", "RESP-10", "object is engagements.", member(object="engagements")),
    defect("object-capital", "RESP-10", "object is Engagement.", member(object="Engagement")),
    defect("shown-type-lower", "RESP-10 BODY-12",
           "engagement_type is in lower case.", rewritten("engagement_type", str.lower)),
    defect("shown-type-phone", "RESP-10 BODY-12", "A CALL is shown as PHONE_CALL.",
           rewritten("engagement_type", lambda kind: kind.replace("CALL", "PHONE_CALL"))),
    defect("shown-status-lower", "RESP-10",
           "processing_status is in lower case.", rewritten("processing_status", str.lower)),
    defect("shown-status-queued", "RESP-10", "processing_status is QUEUED.", member(processing_status="QUEUED")),
    defect("shown-private-inverted", "RESP-9",
           "is_private is inverted.", rewritten("is_private", lambda value: not value)),
    defect("shown-private-without-workflows", "RESP-9", "What fires workflows is public.",
           shown(lambda _, e: {"is_private": False} if e.submission.run_workflows else {})),
    defect("shown-private-never", "RESP-9", "Nothing is private.", member(is_private=False)),
    defect("shown-private-always", "RESP-9", "Everything is private.", member(is_private=True)),
)  # fmt: skip


def _start_of_before(mock: Mock) -> WSGIApplication:
    last: dict[str, datetime | None] = {"start_at": None}

    def change(valid: Submission) -> Json:
        last["start_at"] = valid.start_at or last["start_at"]
        return dict(last)

    return resubmitted(change)(mock)


def started(start: Callable[[Engagement], datetime]) -> Install:
    """Show another start, and an end that agrees with it, where none was submitted."""

    def change(_: Json, e: Engagement) -> Json:
        if e.submission.start_at:
            return {}
        begin = rfc3339(start(e))
        return {"start_at": begin, "engagement_at": begin, "end_at": rfc3339(start(e) + (e.end_at - e.start_at))}

    return shown(change)


def ended(end: Callable[[Engagement], datetime]) -> Install:
    """Show another end."""
    return shown(lambda _, e: {"end_at": rfc3339(end(e))})


def created(at: Callable[[Engagement], datetime], updated: Callable[[Engagement], datetime] | None = None) -> Install:
    """Show another creation time; `updated` is the other time if it differs."""
    return shown(lambda _, e: {"created_at": rfc3339(at(e)), "updated_at": rfc3339((updated or at)(e))})


def _start_of_the_server(mock: Mock) -> WSGIApplication:
    now = mock.services.clock.now()
    return started(lambda _: now)(mock)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

TIMES = (
    defect("duration-milliseconds", "RESP-7", "duration_seconds counts milliseconds.",
           rewritten("duration_seconds", lambda seconds: int(seconds) * 1000)),
    defect("duration-minutes", "RESP-7", "duration_seconds counts minutes.",
           rewritten("duration_seconds", lambda seconds: int(seconds) // 60)),
    defect("duration-zero", "RESP-7", "duration_seconds is 0.", member(duration_seconds=0)),
    defect("end-is-start", "RESP-7", "The end is the start.", ended(lambda e: e.start_at)),
    defect("end-before-start", "RESP-7", "The end lies before the start.",
           ended(lambda e: e.start_at - timedelta(seconds=e.duration_seconds))),
    defect("end-after-creation", "RESP-7", "The end is counted from the creation.",
           ended(lambda e: e.created_at + timedelta(seconds=e.duration_seconds))),
    defect("end-an-hour-late", "RESP-7", "The end is an hour late.", ended(lambda e: e.end_at + HOUR)),
    defect("start-epoch", "RESP-8", "The start defaults to 1970.", started(lambda _: EPOCH),
           entails={"LIST-8": "what is shown is not what a filter compares"}),
    defect("start-of-before", "RESP-8", "The start defaults to that of the submission before.", _start_of_before),
    defect("start-of-the-server", "RESP-8", "The start defaults to when the server started.", _start_of_the_server,
           entails={"LIST-8": "what is shown is not what a filter compares"}),
    defect("start-a-minute-ago", "RESP-8", "The start defaults to now minus a minute.",
           started(lambda e: e.created_at - timedelta(minutes=1))),
    defect("start-midnight", "RESP-8", "The start defaults to a midnight.",
           started(lambda e: e.created_at.replace(hour=0, minute=0, second=0, microsecond=0) - DAY)),
    defect("start-local", "RESP-8", "The start defaults to a local time shown as UTC.",
           started(lambda e: e.created_at + 2 * HOUR)),
    defect("start-before-recording", "RESP-8", "The start defaults to now minus an hour.",
           started(lambda e: e.created_at - HOUR)),
    defect("created-epoch", "RESP-11", "created_at is in 1970.", created(lambda _: EPOCH)),
    defect("created-yesterday", "RESP-11", "created_at is a day behind.", created(lambda e: e.created_at - DAY)),
    defect("created-local", "RESP-11",
           "created_at is a local time shown as UTC.", created(lambda e: e.created_at + 2 * HOUR)),
    defect("created-at-start", "RESP-11", "created_at is the start that was submitted.", created(lambda e: e.start_at)),
    defect("updated-before-created", "RESP-11", "updated_at lies before created_at.",
           created(lambda e: e.created_at, lambda e: e.created_at - timedelta(seconds=5))),
    defect("updated-epoch", "RESP-11", "updated_at is in 1970.", created(lambda e: e.created_at, lambda _: EPOCH)),
)  # fmt: skip

DEFECTS = (*IDS, *TITLES, *SHAPE, *TIMES)

UNSEEN = {
    "private-default-ignored": "what the default of a workspace is, is an observation (RESP-12)",
    "version-differs": "no value of X-Api-Version is documented (RESP-14)",
}
