"""Servers of this operation as people write them, with the faults that they came with."""
