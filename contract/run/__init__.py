"""One run: its session, what it records, and its result."""
