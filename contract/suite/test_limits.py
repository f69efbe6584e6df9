"""How long a text may be, in characters and in bytes: LIMIT-1 to LIMIT-11. The texts are in `cases/lengths.py`."""

from collections.abc import Mapping, Sequence

from contract.cases import bodies
from contract.cases.lengths import characters, escaped, full, short_fields, shortest
from contract.cases.submission import Document, Submission
from contract.exchange import Text
from contract.judge.creation import judge_created
from contract.outcome import NotApplicable, TooLarge, Violation
from contract.run.client import RecordingClient
from contract.run.groups import accept_each, group
from contract.run.steps import accepted, created, not_refused
from contract.spec.fields import fields
from contract.spec.statuses import TOO_LARGE
from contract.suite.marks import each_group, large, rule


def _of(*keywords: str, large: bool = False) -> dict[str, tuple[Submission, ...]]:
    """Return the refused cases of these keywords, of fields with or without a limit in bytes, by rule."""
    chosen = [field for field in fields().values() if large == (field.most_bytes is not None)]
    rules = [field.rules[keyword] for field in chosen for keyword in keywords if keyword in field.rules]
    return {name: bodies.refused()[name] for name in rules}


@each_group(_of("maxLength"))
def test_a_text_over_its_limit_is_refused(client: RecordingClient, cases: Mapping[str, Sequence[Submission]]) -> None:
    """One character more than the limit is refused, however many bytes a character has."""
    group(client, cases)


@each_group(_of("minLength"))
def test_an_empty_text_is_refused(client: RecordingClient, cases: Mapping[str, Sequence[Submission]]) -> None:
    """A required text has at least one character."""
    group(client, cases)


@rule(*(field.rules["maxLength"] for field, _ in short_fields()))
def test_a_text_at_its_limit_is_accepted(client: RecordingClient) -> None:
    """Exactly the limit is accepted, and one less, in characters of one, two and three bytes."""
    forms = client.forms
    for number in range(client.profile.pick(3, 4, 4)):
        parts: list[tuple[str, Document]] = [(fields()["type"].valid, forms[number % len(forms)])]
        for field, most in short_fields():
            start = client.key() if field.name == "external_id" else ""
            text = Text((start, 1), *full(most - len(start))[number])
            parts.append((field.rules["maxLength"], {field.name: text}))
        accept_each(client, parts)


@rule(*_of("minLength"))
def test_the_shortest_texts_are_accepted(client: RecordingClient) -> None:
    """A text of one character is accepted, whichever it is. No key is among them: there are too few that short."""
    texts = [field for field, _ in short_fields() if field.least and field.name != "external_id"]
    for cases in zip(*map(shortest, (*texts, fields()["transcript_text"])), strict=True):
        accept_each(client, [(case.rule, case.value) for case in cases])


@rule(*(field.rules["minLength"] for field, _ in short_fields() if field.name == "external_id"))
def test_the_shortest_keys_are_accepted(client: RecordingClient) -> None:
    """A key of one character is taken, by the first run that sends it or by an earlier one; asked on this machine only.

    Others may have used it.
    """
    if not client.config.loopback:
        raise NotApplicable("a key that does not begin with the run's own mark is sent to this machine only")
    for case in list(shortest(fields()["external_id"]))[1:]:
        not_refused(client, case)


@rule("LIMIT-10")
def test_characters_are_code_points(client: RecordingClient) -> None:
    """Letters with combining marks count as two characters each: 250 fit, 251 do not."""
    fitting, over = characters(client.key())
    accepted(client, fitting)
    group(client, {"LIMIT-10": over})


@rule("LIMIT-11")
def test_how_characters_beyond_the_basic_plane_are_counted(client: RecordingClient) -> None:
    """300 emoji are 300 code points, 600 UTF-16 units and 1,200 bytes."""
    exchange = client.submit(client.submission(title=Text(("😀", 300))))
    if exchange.response.ok:
        client.recorder.observe("LIMIT-11", "counts code points")
        for each in () if client.shows_another(exchange) else judge_created(exchange):
            client.recorder.fail(each.rule, Violation(*each, exchange))
    else:
        fewer = client.submit(client.submission(title=Text(("😀", 250))))
        client.recorder.observe("LIMIT-11", "counts UTF-16 units" if fewer.response.ok else "counts bytes")


@large
@each_group(_of("maxLength", "x-maxBytes", large=True))
def test_a_transcript_over_a_limit_is_refused(
    client: RecordingClient, cases: Mapping[str, Sequence[Submission]]
) -> None:
    """One character or one byte too many is refused, whichever limit it breaks."""
    group(client, cases)


@large
@rule("LIMIT-7")
def test_a_transcript_at_the_limit_of_characters_is_accepted(client: RecordingClient) -> None:
    """900,000 characters are accepted, one less and one alone too."""
    client.need("transcript_text")
    for case in bodies.at_limit("LIMIT-7")[: client.profile.pick(1, 3, 3)]:
        created(client, client.submission(**case.value), case.rule)


@large
@rule("LIMIT-8")
def test_a_transcript_at_the_limit_of_bytes_is_accepted(client: RecordingClient) -> None:
    """950,000 bytes are accepted in characters of two, three and four bytes."""
    client.need("transcript_text")
    for case in bodies.at_limit("LIMIT-8")[: client.profile.pick(4, 5, 5)]:
        accepted(client, case)


@rule("LIMIT-9")
def test_a_limit_is_that_of_the_decoded_text(client: RecordingClient) -> None:
    """A title at its limit is accepted when every character is written as an escape, and refused one above."""
    fitting, over = escaped(fields()["title"], "é")
    accepted(client, fitting)
    group(client, {"LIMIT-9": [over]})


@large
@rule("LIMIT-9")
def test_a_limit_of_a_transcript_is_that_of_the_decoded_text(client: RecordingClient) -> None:
    """A transcript at its limits is accepted when every character is an escape, and refused one above."""
    client.need("transcript_text")
    for piece in ("\n", "😀"):
        fitting, over = escaped(fields()["transcript_text"], piece)
        try:
            accepted(client, fitting)
            if piece == "\n":
                group(client, {"LIMIT-9": [over]})
        except TooLarge as reason:  # several megabytes on the wire: what is shorter has to do
            client.recorder.leave_out("LIMIT-9", f"{fitting.why} ({reason})")


@large
@rule("LIMIT-11")
def test_how_a_transcript_beyond_the_basic_plane_is_counted(client: RecordingClient) -> None:
    """900,000 code points within the byte limit are 916,666 UTF-16 units."""
    exchange = client.submit(client.submission(transcript_text=Text(("a", 883_334), ("😀", 16_666))))
    if exchange.response.status != TOO_LARGE:
        counted = "counts code points" if exchange.response.ok else "counts UTF-16 units"
        client.recorder.observe("LIMIT-11", f"{counted} in a transcript")
