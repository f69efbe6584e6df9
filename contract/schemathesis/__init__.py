"""Schemathesis, taught this API: hooks, checks and the run of `contract fuzz`."""
