"""Reads what people write, with pydantic: settings, files, and the JSON of the control plane.

A model says what is accepted; `mistakes` says what is wrong, in the words of this project. This is the one place that
knows pydantic's errors.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

LONGEST_SHOWN = 80  # characters of a value in a message
LONGEST_NAME = 200

Place = tuple[int | str, ...]


class Model(BaseModel):
    """An object with these members and no others. Values of another type are not converted. None is left out."""

    # Most models are for the control plane: each is built when it is first used, so a server starts sooner.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        return {name: value for name, value in members.items() if value is not None or name not in cls.model_fields}


@dataclass(frozen=True, slots=True)
class Accepts:
    """Says what a value must be, in place of pydantic's own words. With `words` it must be one of them."""

    what: str
    words: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace every error of the type with one sentence."""
        accepted = core_schema.literal_schema(list(self.words)) if self.words else handler(source)
        return core_schema.custom_error_schema(accepted, "value", custom_error_message=f"must be {self.what}")


def one_of(words: Collection[str]) -> Accepts:
    """Return what says that a text must be one of these words."""
    *most, last = words
    return Accepts(f"{', '.join(most)} or {last}" if most else last, tuple(words))


def parsed(parse: Callable[[str], object]) -> BeforeValidator:
    """Return what reads a text with this function, which raises ValueError. Other values are left as they are."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("cannot be shown in terminals and on pages")
    return text


Text = Annotated[str, Field(min_length=1, max_length=500), Accepts("a text of 1 to 500 characters")]
Name = Annotated[
    str,
    Field(min_length=1, max_length=100),
    AfterValidator(_printable),
    Accepts("a text of 1 to 100 characters, none of them a control character"),
]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong: where it is (names and places from the outside in), a code, and what to do.

    `value` is what was written there, cut, unless it is a secret or an object.
    """

    place: Place
    code: str
    message: str
    value: str | None = None


def missing(place: Place, accepted: str) -> Mistake:
    """Return the mistake that a member is missing."""
    return Mistake(place, "required", f"is missing: it must be {accepted}" if accepted else "is missing")


def refuse(found: Iterable[Mistake]) -> None:
    """Raise what a validator of a whole object has found wrong in it, if it found anything."""
    errors = [
        InitErrorDetails(
            type=PydanticCustomError(one.code, "{words}", {"words": one.message}), loc=one.place, input=None
        )
        for one in found
    ]
    if errors:
        raise ValidationError.from_exception_data("", errors)


def mistakes(error: ValidationError, model: type[BaseModel]) -> Iterator[Mistake]:
    """Yield what is wrong with a document that should be a `model`."""
    for found in error.errors(include_url=False):
        if found["type"] != "default_factory_not_called":  # follows from another mistake
            yield _mistake(found, model)


def _mistake(found: ErrorDetails, model: type[BaseModel]) -> Mistake:
    place, value = found["loc"], found["input"]
    if place[-1:] == ("[key]",) and found["type"] != "extra_forbidden":  # pydantic's word for a bad name in a dict
        place = place[:-1]
    known = _model_at(model, place[:-1]).model_fields
    field = known.get(str(place[-1])) if place else None
    match found["type"]:
        case "missing":
            return missing(
                place, next((one.what for one in known[str(place[-1])].metadata if isinstance(one, Accepts)), "")
            )
        case "required":
            return Mistake(place, "required", found["msg"])
        case "extra_forbidden":
            names = [name for name, info in known.items() if not info.exclude]
            return Mistake(place, "unknown", f"is not known; {suggestion(str(place[-1]), names)}")
        case "model_type" | "dict_type":
            message = "must be an object"
        case "list_type":
            message = "must be a list"
        case "bool_type":
            message = "must be true or false"
        case "string_type" | "datetime_type" | "is_instance_of":
            message = "must be a text"
        case "string_unicode":
            message = "must hold only text that UTF-8 can hold, without lone surrogates"
        case _:
            message = str(found.get("ctx", {}).get("error", found["msg"]))
    secret = field is not None and not field.repr
    repeat = isinstance(value, str | int | float) and not isinstance(value, bool) and not secret
    return Mistake(place, "value", message, shown(value) if repeat else None)


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """Return the model of the object at a place, or the last one on the way there."""
    for part in place:
        field = model.model_fields.get(str(part))
        model = (_inner(field.annotation) if field else None) or model
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a type such as `list[Model] | None` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def suggestion(word: str, accepted: Collection[str]) -> str:
    """Say which accepted word is nearest, or list them all."""
    near = difflib.get_close_matches(word[:LONGEST_SHOWN], accepted, n=1)
    return f"did you mean {near[0]}?" if near else f"accepted are {', '.join(accepted)}"


def shown(value: object) -> str:
    """Return a value as Python writes it, cut. A text is in quotes and escaped, so that it can be shown anywhere."""
    text = repr(value[: LONGEST_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def written(place: Place) -> str:
    """Return a place as it stands in a message: `workspaces[0].name`. Long names are cut."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{short(part)}" for part in place)
    return "".join(parts).removeprefix(".")


def short(name: str) -> str:
    """Return the name of a key or a file, cut if it is very long. It is escaped where it is shown."""
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"


def harmless(text: str) -> str:
    r"""Return the text with an escape such as `\n` or `\u202e` for each character that is not printable.

    Those are all that a terminal or a log could take for more than text: control characters of both ranges, separators
    of lines and paragraphs, marks that change the direction of text, lone surrogates.
    """
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
