"""How a request is shown: pasteable, short, and without credentials."""

import json
import subprocess
from dataclasses import replace

import pytest

from contract.cases.submission import said
from contract.exchange import Body, Exchange, Response, Text, shown
from contract.script import script
from tests.kit.targets import SECRET, Make, Scripted, engagement, problem, reply


def arguments(curl: str, bin_dir: str) -> tuple[list[str], bytes]:
    """Run a curl line in a real shell with a stand-in for curl, and return its arguments and standard input."""
    lines = f'export CONTRACT_WRITER={SECRET} CONTRACT_READER=opaque-reader-token PATH="{bin_dir}:$PATH"; {curl}'
    out = subprocess.run(["sh", "-c", lines], capture_output=True, check=True).stdout
    said, _, content = out.partition(b"\n")
    return json.loads(said), content


@pytest.fixture
def bin_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a program named curl that prints what it was given."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "curl"
    program.write_text(
        "#!/usr/bin/env python3\nimport json, sys\na = sys.argv[1:]\n"
        "given = a[a.index('--data-binary') + 1] if '--data-binary' in a else ''\n"
        "stdin = sys.stdin.buffer.read() if given == '@-' else given.encode('utf-8', 'surrogateescape')\n"
        "sys.stdout.buffer.write(json.dumps(a).encode() + b'\\n' + stdin)\n"
    )
    program.chmod(0o755)
    return str(folder)


def exchange(make: Make, document: object, **options: object) -> Exchange:
    """Send something and return the exchange."""
    return make(Scripted(engagement())).submit(document, **options)


BODIES = {
    "short": {"title": 'it\'s a "title" with $HOME, `id` and é 😀', "type": "CALL"},
    "long": {"title": "t", "transcript_text": Text(("a", 850_000), ("é", 50_000))},
    "newline": {"title": "two\nlines"},
    "surrogate": Body(b'{"title": "\\ud800"}'),
    "bytes": Body(b'{"title": "\xff\xfe\x00"}'),
    "nested": Body(b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "fields": Body(b"{" + b", ".join(b'"f%d": 1' % n for n in range(500)) + b"}"),
    "empty": Body(b""),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_curl_line_sends_the_same_request(make: Make, bin_dir: str, name: str) -> None:
    """Pasted into a shell, the line sends the same bytes to the same place with the same headers."""
    sent = exchange(make, BODIES[name])
    words, content = arguments(script([sent]), bin_dir)
    body = BODIES[name]
    if isinstance(body, Body):
        assert content == sent.request.body.content
    else:
        assert json.loads(content) == body
    assert f"Authorization: Bearer {SECRET}" in words
    assert "Content-Type: application/json" in words
    assert words[-1] == "http://127.0.0.1:1/api/v2/engagements"
    assert "--data-binary" in words or words[words.index("-X") + 1] == "POST"


def unquoted(line: str) -> str:
    """Return a line without the shell's way of writing an apostrophe between apostrophes."""
    return line.replace("'\"'\"'", "'")


def test_a_long_body_is_written_as_it_was_made(make: Make) -> None:
    """The line holds the pieces and their counts, for each way in which a body is made, and stays short."""
    text = Text(("a", 850_000), ("é", 50_000))
    for escaped in (False, True):
        line = script([exchange(make, {"title": "t", "transcript_text": text}, escaped=escaped)])
        assert "d = {'title': 't', 'transcript_text': 'a' * 850000 + '\\xe9' * 50000}" in unquoted(line)
        assert len(line) < 700
    runs = script([exchange(make, Body(b"[" * 90_000 + b"x" + b"]" * 90_000))])
    assert "b'[' * 90000 + b'x' + b']' * 90000" in unquoted(runs)
    assert len(runs) < 400


def test_an_escaped_body_is_escaped_by_its_curl_line(make: Make, bin_dir: str) -> None:
    """A body whose every character is an escape comes out of the generator in the same bytes."""
    sent = exchange(make, {"title": Text(("é😀", 400)), "run_workflows": False}, escaped=True)
    assert b"\\u00e9\\ud83d\\ude00" in sent.request.body.content
    assert arguments(script([sent]), bin_dir)[1] == sent.request.body.content


def test_no_form_of_a_credential_is_shown(make: Make) -> None:
    """Requests, responses and curl lines name the variable; an altered credential is written for the shell."""
    echo = reply(401, {"detail": f"unknown: {SECRET} and {SECRET[:-4]}"})
    client = make(Scripted(echo))
    plain = client.submit({}, expect="refused")
    altered = client.submit(
        {},
        expect="refused",
        headers=(("Authorization", f"Bearer {SECRET[:-4]}"),),
        authorization="Bearer ${CONTRACT_WRITER%????}",
    )
    for sent in (plain, altered):
        for text in (script([sent]), sent.shown_request(), sent.shown_response(), repr(client.config)):
            assert SECRET not in text
    assert SECRET[:-4] not in script([altered]) + altered.shown_request() + altered.shown_response()
    assert '"Authorization: Bearer ${CONTRACT_WRITER%????}"' in script([altered])


@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "escaped"])
@pytest.mark.parametrize("copies", [1, 200])
def test_a_body_that_holds_a_credential_does_not_show_it(make: Make, copies: int, escaped: bool) -> None:  # noqa: FBT001
    """A title may happen to be the credential: neither the line for a shell nor the texts repeat it."""
    sent = exchange(make, {"title": SECRET * copies}, escaped=escaped)
    for text in (script([sent]), sent.shown_request(), sent.shown_response()):
        assert SECRET not in text
    assert "$CONTRACT_WRITER" in script([sent])


def test_a_few_letters_of_a_credential_hide_nothing_else(make: Make) -> None:
    """A credential cut to two letters is no secret: masking it would break up the credential, and show the rest."""
    echo = reply(401, {"detail": f"instead of {SECRET}"})
    options = {"headers": (("Authorization", f"Bearer {SECRET[:2]}"),), "authorization": "Bearer $(cut)"}
    sent = make(Scripted(echo)).submit({}, expect="refused", **options)
    assert "instead of $CONTRACT_WRITER" in sent.shown_response()


@pytest.mark.parametrize("length", range(3980, 4001))
def test_a_text_that_is_cut_is_not_cut_inside_a_credential(make: Make, length: int) -> None:
    """What is shown of a long answer does not end with a part of the credential."""
    sent = make(Scripted(Response(200, {}, b"x" * length + SECRET.encode() + b"y" * 9000))).submit({})
    assert SECRET[:6] not in sent.shown_response()


def test_no_repr_shows_a_credential(make: Make) -> None:
    """A traceback that prints an exchange or its request prints no credential."""
    made = exchange(make, {"title": "x"})
    assert any(SECRET in value for _, value in made.request.headers)
    assert SECRET not in repr(made) + repr(made.request)


def test_long_texts_are_shown_by_how_they_are_made() -> None:
    """A megabyte is a line: the pieces and their counts."""
    said = json.loads(shown({"transcript_text": Text(("a", 850_000), ("é", 50_000)), "title": "x" * 300}))
    assert said["transcript_text"] == {"repeat": ["a", 850_000], "then": ["é", 50_000]}
    assert said["title"] == {"begins": "x" * 60, "characters": 300}


def test_a_mark_is_told_apart_from_the_letter_that_it_makes() -> None:
    """The letter e with a mark is two characters and é is one: what a limit counts can be counted in what is shown."""
    assert shown({"title": "e\u0301"}) == r'{"title": "e\u0301"}'
    assert shown("é 你 😀") == '"é 你 😀"'
    text = Text(("a", 850_001), ("e\u0301", 25_000))
    assert said("transcript_text", text).count(r'25,000 × the 2 characters "e\u0301"') == 1


def test_no_answer_is_shown_as_none(make: Make) -> None:
    """0 is no status of HTTP, so a report does not say that it came."""
    silent = replace(exchange(make, {}), response=Response(0, {}, b"the connection broke"))
    assert silent.shown_response() == "no response: the connection broke"


def test_what_is_too_long_for_an_id_is_none(make: Make) -> None:
    """A run keeps all ids, so those of a megabyte would fill the memory. That they break the contract is still seen."""
    answers = (engagement(id="ngmt_" + "1" * 1_000_000), problem(request_id="rid_" + "1" * 1_000_000))
    made, refused = (make(Scripted(said)).submit({}) for said in answers)
    assert (made.response.id, refused.request_id) == (None, None)
