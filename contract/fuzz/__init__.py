"""Fuzzing: a state machine that knows what a target has to answer, and the command that runs it."""
