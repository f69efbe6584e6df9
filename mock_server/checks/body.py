"""From bytes to one JSON object, or 400. Rules: BODY-14, BODY-15, BODY-19, BODY-20, BODY-23, ERR-10."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn, Protocol

from mock_server.problems import Malformed, counted

MAX_BYTES = 8 * 1024 * 1024
LARGE = 1024 * 1024  # bytes: of larger bodies, one is parsed at a time
_large_body = threading.Lock()


class Readable(Protocol):
    """A stream of bytes that ends; `read` returns at most as many bytes as asked for."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`, and none at the end."""
        ...


def read(stream: Readable, content_length: int | None, limit: int = MAX_BYTES) -> bytes:
    """Return the whole body. Raises Malformed if it is larger than `limit` bytes or breaks off.

    Without a length this reads one byte more than the limit, to tell a body of that size from a larger one.
    """
    if content_length is not None and content_length > limit:
        raise _too_large(limit)
    wanted = limit + 1 if content_length is None else content_length
    raw = bytearray()  # one buffer, because a list of chunks could hold millions of single bytes
    while len(raw) < wanted:
        try:
            piece = stream.read(min(wanted - len(raw), 1 << 20))
        except TimeoutError:
            raise Malformed("The body came too slowly. Send it at once.", rule="ERR-10") from None
        except (OSError, ValueError):  # a bad chunk, a connection that went away
            raise _incomplete() from None
        if not piece:
            break
        raw += piece
    if len(raw) > limit:
        raise _too_large(limit)
    if content_length is not None and len(raw) < content_length:
        raise _incomplete()
    return bytes(raw)


def check_headers(content_type: str | None, content_encoding: str | None) -> None:
    """Raise Malformed unless the headers announce plain JSON in UTF-8."""
    media_type, _, parameters = (content_type or "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Malformed("The Content-Type must be application/json.", rule="BODY-20")
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8", "us-ascii"}:
            raise Malformed("The charset must be utf-8: JSON is always sent in it.", rule="BODY-20")
    if (content_encoding or "identity").strip().lower() != "identity":
        raise Malformed("Send the body as it is: a Content-Encoding is not accepted.", rule="BODY-20")


def turn(size: int) -> AbstractContextManager[object]:
    """Return what to hold while a body of `size` bytes is parsed and its parsed form is in use.

    A parsed body can take 30 times the memory of its bytes, so there is one large one at a time.
    """
    return _large_body if size > LARGE else nullcontext()


def parse(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`. Raises Malformed with the place of the first fault."""
    if not raw:
        raise Malformed("The body is empty. Send a JSON object.", rule="BODY-15")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Malformed("The body begins with a byte order mark. Send UTF-8 without one.", rule="BODY-23")
    try:
        document = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not valid UTF-8 at byte {error.start}.", rule="BODY-23") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not valid JSON at character {error.pos}: {error.msg}.", rule="BODY-15") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply. Send fewer levels.", rule="ERR-10") from None
    if not isinstance(document, dict):
        raise Malformed(f"The body must be a JSON object, not {json_type(document)}.", rule="BODY-14")
    return document


def json_type(value: object) -> str:
    """Name the JSON type of a parsed value, with its article."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("An object of the body holds the same key twice. Send each key once.", rule="BODY-19")
    return members


def _number(text: str) -> float:
    """Read a number of any size. No field is a number, so the nearest float is as good as the exact value."""
    return max(-sys.float_info.max, min(sys.float_info.max, float(text)))


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON. Send a number, or null.", rule="BODY-15")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_constant)


def _too_large(limit: int) -> Malformed:
    return Malformed(f"The body is larger than {counted(limit, 'byte')}. Send less.", rule="ERR-10")


def _incomplete() -> Malformed:
    return Malformed(
        "The body broke off or came too slowly. Send as many bytes as the headers announce.", rule="BODY-15"
    )
