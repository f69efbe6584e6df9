"""The tests of the contract, one file a concern. Run them with `contract run`, or with pytest itself.

Few of them hold an `assert`: what they call in `contract.verify` raises a Violation, with the rule and the exchange.
"""
