"""The deployment under test: its configuration, and how it is reached."""
