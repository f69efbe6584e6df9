"""The tests of the contract, one file a concern. Run them with `contract run`, or with pytest itself.

None of them holds an `assert`: what they call, in `contract.judge.replay` mostly, raises a Violation, with the rule and
the exchange, and `client.send` itself checks what must hold of every answer.
"""
