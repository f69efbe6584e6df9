"""Recordings that are really fetched and measured (the extra `live`)."""
