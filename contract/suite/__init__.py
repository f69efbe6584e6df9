"""The tests of the contract, one file a concern. Run them with `contract run`, or with pytest itself."""
