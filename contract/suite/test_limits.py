"""How long a text may be, in characters and in bytes: LIMIT-1 to LIMIT-11.

The limits are computed, not drawn: a megabyte of text is a few pieces and their counts. Widths: a is 1 byte in UTF-8,
é 2, あ 3, 😀 4 (and two units in UTF-16).
"""

from contract.exchange import Text
from contract.judge.replay import Case, TooLarge, accept_each, created, group
from contract.run.recorder import NotApplicable
from contract.suite.marks import each_group, rule
from contract.target.client import Client

LENGTHS = {"title": ("LIMIT-1", 500), "source_system": ("LIMIT-3", 100), "external_id": ("LIMIT-5", 500)}
CHARACTERS, BYTES = 900_000, 950_000


def _too_long(field: str, limit: int) -> list[Case]:
    """Return texts over the limit in characters of every width."""
    longer = [(piece, limit + 1) for piece in ("a", "é", "あ", "😀")] + [("a", limit + 100), ("a", 2 * limit)]
    spaced = Case(f"{field} with {limit} spaces at its end", {field: Text(("a", 1), (" ", limit))})
    return [*(Case(f"{field} of {size} × {piece}", {field: Text((piece, size))}) for piece, size in longer), spaced]


TOO_LONG = {rule_id: _too_long(field, limit) for field, (rule_id, limit) in LENGTHS.items()}


@each_group(TOO_LONG)
def test_a_text_over_its_limit_is_refused(client: Client, cases: dict[str, list[Case]]) -> None:
    """One character more than the limit is refused, however many bytes a character has."""
    group(client, cases)


TOO_SHORT = {
    "LIMIT-2": [Case("an empty title", {"title": ""})],
    "LIMIT-4": [Case("an empty source_system", {"source_system": ""})],
    "LIMIT-6": [Case("an empty external_id", {"external_id": ""})],
}


@each_group(TOO_SHORT)
def test_an_empty_text_is_refused(client: Client, cases: dict[str, list[Case]]) -> None:
    """A required text has at least one character."""
    group(client, cases)


@rule("LIMIT-1", "LIMIT-3", "LIMIT-5")
def test_a_text_at_its_limit_is_accepted(client: Client) -> None:
    """Exactly the limit is accepted, and one less, in characters of one, two and three bytes."""
    for piece, shorter in (("a", 0), ("é", 0), ("あ", 0), ("a", 1))[: client.profile.pick(3, 4, 4)]:
        parts = []
        for field, (rule_id, limit) in LENGTHS.items():
            start = client.key() if field == "external_id" else ""
            parts.append((rule_id, {field: Text((start, 1), (piece, limit - shorter - len(start)))}))
        accept_each(client, parts)


@rule("LIMIT-2", "LIMIT-4", "LIMIT-6")
def test_the_shortest_texts_are_accepted(client: Client) -> None:
    """A title and a source system of one character are accepted."""
    accept_each(client, [("LIMIT-2", {"title": "t"}), ("LIMIT-4", {"source_system": "s"})])


@rule("LIMIT-10")
def test_characters_are_code_points(client: Client) -> None:
    """Letters with combining marks count as two characters each: 250 fit, 251 do not."""
    pair, key = "e\u0301", client.key()
    fitting = {"title": Text((pair, 250)), "source_system": Text((pair, 50))}
    created(client, client.submission(**fitting, external_id=Text((key, 1), (pair, (500 - len(key)) // 2))), "LIMIT-10")
    sizes = {"title": 251, "source_system": 51, "external_id": 251}
    cases = [
        Case(f"{field} of {size} letters with a mark", {field: Text((pair, size))}) for field, size in sizes.items()
    ]
    group(client, {"LIMIT-10": cases})


@rule("LIMIT-11")
def test_how_characters_beyond_the_basic_plane_are_counted(client: Client) -> None:
    """300 emoji are 300 code points, 600 UTF-16 units and 1,200 bytes."""
    exchange = client.submit(client.submission(title=Text(("😀", 300))))
    if exchange.response.ok:
        client.recorder.observe("LIMIT-11", "counts code points")
    else:
        fewer = client.submit(client.submission(title=Text(("😀", 250))))
        client.recorder.observe("LIMIT-11", "counts UTF-16 units" if fewer.response.ok else "counts bytes")


def transcript(*parts: tuple[str, int]) -> Case:
    """Return the case of a transcript made of these pieces."""
    return Case(
        "a transcript of " + " + ".join(f"{n} × {piece}" for piece, n in parts), {"transcript_text": Text(*parts)}
    )


OVER = {
    "LIMIT-7": [
        transcript(("a", CHARACTERS + 1)),
        transcript(("a", 850_001), ("e\u0301", 25_000)),  # 900,001 characters, fewer after normalisation
        transcript(("a", CHARACTERS), ("\n", 1)),
        transcript(("a", 949_999)),
    ],
    "LIMIT-8": [
        transcript(("a", 849_999), ("é", 50_001)),  # 900,000 characters, 950,001 bytes
        transcript(("😀", 237_501)),
        transcript(("あ", 316_667)),
        transcript(("é", 475_001)),
    ],
}


@each_group(OVER)
def test_a_transcript_over_a_limit_is_refused(client: Client, cases: dict[str, list[Case]]) -> None:
    """One character or one byte too many is refused, whichever limit it breaks."""
    group(client, cases)


@rule("LIMIT-7")
def test_a_transcript_at_the_limit_of_characters_is_accepted(client: Client) -> None:
    """900,000 characters are accepted, one less and none at all too."""
    for text in (Text(("a", CHARACTERS)), Text(("a", CHARACTERS - 1)), "A")[: client.profile.pick(1, 3, 3)]:
        created(client, client.submission(transcript_text=text), "LIMIT-7")


@rule("LIMIT-8")
def test_a_transcript_at_the_limit_of_bytes_is_accepted(client: Client) -> None:
    """950,000 bytes are accepted in characters of two, three and four bytes."""
    texts = [
        Text(("a", 850_000), ("é", 50_000)),  # 900,000 characters, 950,000 bytes: both limits at once
        Text(("😀", 237_500)),
        Text(("あ", 316_666)),
        Text(("é", 475_000)),
        Text(("a", 849_999), ("é", 50_000)),
    ]
    for text in texts[: client.profile.pick(4, 5, 5)]:
        created(client, client.submission(transcript_text=text), "LIMIT-8")


@rule("LIMIT-9")
def test_a_limit_is_that_of_the_decoded_text(client: Client) -> None:
    """A title at its limit is accepted when every character is written as an escape, and refused one above."""
    created(client, client.submission(title=Text(("é", 500))), "LIMIT-9", escaped=True)
    over = Case("501 escaped characters", {"title": Text(("é", 501))}, escaped=True)
    group(client, {"LIMIT-9": [over]})


@rule("LIMIT-9")
def test_a_limit_of_a_transcript_is_that_of_the_decoded_text(client: Client) -> None:
    """A transcript at its limits is accepted when every character is an escape, and refused one above."""
    try:
        for text in (Text(("a", CHARACTERS)), Text(("😀", 237_500))):
            created(client, client.submission(transcript_text=text), "LIMIT-9", escaped=True)
        over = {"transcript_text": Text(("a", CHARACTERS + 1))}
        group(client, {"LIMIT-9": [Case("900,001 escaped characters", over, escaped=True)]})
    except TooLarge as reason:  # five megabytes on the wire: the title has to do
        raise NotApplicable(str(reason)) from None


@rule("LIMIT-11")
def test_how_a_transcript_beyond_the_basic_plane_is_counted(client: Client) -> None:
    """900,000 code points within the byte limit are 916,666 UTF-16 units."""
    exchange = client.submit(client.submission(transcript_text=Text(("a", 883_334), ("😀", 16_666))))
    if exchange.response.status != 413:
        counted = "counts code points" if exchange.response.ok else "counts UTF-16 units"
        client.recorder.observe("LIMIT-11", f"{counted} in a transcript")
