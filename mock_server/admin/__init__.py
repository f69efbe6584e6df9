"""The control plane, under `/__admin` and never under `/api`: what a test or a person does to the mock, and sees of it.

`routes.blueprint` is its door. The records (journal, ledger, coverage) and the faults are part of the mock's state.
"""
