"""What Schemathesis calls before and after each request.

Keys become unique, so that an accepted submission is a first one. Public URLs become those of recordings that the
target accepts, and some become hostile ones with a known verdict. The credential, the budgets and the ledger are those
of `contract run`, read from the same variables. The checks are in `checks.py`.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import BaseSchema, HookContext
from schemathesis import Response as Answer

from contract.generated.session import PUBLIC_URL, Case
from contract.generated.targets import targets


@schemathesis.hook
def after_load_schema(context: HookContext, schema: BaseSchema) -> None:
    """Look at the target before anything is generated, if it is known by now: what is wrong is said once."""
    if schema.config.base_url is not None and targets.given is None:
        targets.at(schema.config.base_url, None, schema.config.workers)


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Make a submission unique, plausible and safe, in every phase."""
    targets.of(case.operation).prepare(case)


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Answer) -> None:
    """Enter the answer into the books."""
    targets.of(case.operation).hear(case, response)


@schemathesis.hook
def flatmap_body(context: HookContext, body: Any) -> st.SearchStrategy[Any]:
    """Put a hostile URL in the place of every second public one. It is drawn, so shrinking leads away from it."""
    url = body.get("media_url") if isinstance(body, dict) else None
    if context.operation is None or not isinstance(url, str) or not PUBLIC_URL.fullmatch(url):
        return st.just(body)
    hostile = targets.of(context.operation).hostile_urls().map(lambda other: {**body, "media_url": other})
    return st.booleans().flatmap(lambda chosen: hostile if chosen else st.just(body))
