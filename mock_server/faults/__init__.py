"""Failures on order, for tests of a client at the worst moment."""
