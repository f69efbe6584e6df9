"""What every answer of the mock must be."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema

from mock_server import spec
from tests.kit.http import Answer


@functools.cache
def judge(schema: str) -> jsonschema.Draft202012Validator:
    """Return an independent validator of one schema of the contract."""
    components = {"components": {"schemas": spec.document()["components"]["schemas"]}}
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **components})


def check_problem(answer: Answer, status: int) -> dict[str, Any]:
    """Assert that an answer is a problem of this status with all that every problem has, and return it."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    check_headers(answer)
    problem: dict[str, Any] = answer.json()
    judge("Problem").validate(problem)
    assert problem["status"] == status
    assert problem["request_id"].startswith("rid_")
    return problem


def check_headers(answer: Answer) -> None:
    """Assert that an answer says who gave it."""
    assert answer.headers["X-Api-Version"] == "v2"
    assert answer.headers["X-Mock-Server"].startswith("engagement-contract-kit/")
