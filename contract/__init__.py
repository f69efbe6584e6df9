"""Contract tests of the operation Create engagement, for the mock or any real deployment."""
