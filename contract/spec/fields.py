"""The fields of a submission, as `openapi.yaml` has them: limits, values, and the rule of each keyword."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contract.spec import document as spec


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Lengths are in code points; `most` and `most_bytes` (of UTF-8) are None where there is no limit."""

    name: str
    required: bool
    kind: str  # of JSON Schema: string, boolean, array
    format: str | None
    values: tuple[str, ...]  # of an enumeration; else empty
    least: int
    most: int | None
    most_bytes: int | None
    rules: Mapping[str, str]  # keyword of the schema, or `valid`: id of the rule

    @property
    def valid(self) -> str:
        """The rule that a target breaks when it refuses a valid value."""
        return self.rules["valid"]

    @property
    def null(self) -> str:
        """The rule about null in place of a value."""
        return body_rules()["requiredNull" if self.required else "optionalNull"]


@functools.cache
def fields() -> dict[str, Field]:
    """Return the fields of a submission by name, in the order of the contract."""
    return {name: _field(name, schema) for name, schema in submission_schema()["properties"].items()}


def required() -> tuple[str, ...]:
    """Return the names of the required fields."""
    return tuple(field.name for field in fields().values() if field.required)


def optional() -> tuple[str, ...]:
    """Return the names of the fields that may be left out."""
    return tuple(field.name for field in fields().values() if not field.required)


def body_rules() -> Mapping[str, str]:
    """Return the rules of the body as a whole, by keyword."""
    rules: Mapping[str, str] = submission_schema()["x-rules"]
    return rules


def blamed(names: Collection[str]) -> str:
    """Return the rule that the refusal of a valid submission breaks, by the fields that it names."""
    return next((field.valid for field in fields().values() if field.name in names), body_rules()["valid"])


@functools.cache
def submission_schema() -> dict[str, Any]:
    """Return the schema of a submission, with all that it refers to."""
    schemas = spec.document()["components"]["schemas"]
    return {**schemas["CreateEngagement"], "components": {"schemas": schemas}}


def pattern(schema: str, name: str) -> str:
    """Return the pattern of a field of another schema, for `re.fullmatch`."""
    found: str = spec.document()["components"]["schemas"][schema]["properties"][name]["pattern"]
    return found.removeprefix("^").removesuffix("$")


def _field(name: str, schema: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        required=name in submission_schema()["required"],
        kind=schema["type"],
        format=schema.get("format"),
        values=tuple(schema.get("enum", ())),
        least=schema.get("minLength", 0),
        most=schema.get("maxLength"),
        most_bytes=schema.get("x-maxBytes"),
        rules=schema["x-rules"],
    )
