"""Teaches Schemathesis this API: importing this package registers its hooks and checks.

    SCHEMATHESIS_HOOKS=contract.schemathesis schemathesis run openapi.yaml --url …

In a test, `import contract.schemathesis` before the schema is loaded. What a run keeps in mind is in
`contract.generated`, which registers nothing.
"""

from contract.schemathesis import checks, hooks

__all__ = ["checks", "hooks"]
