"""What happened: the journal, the life of each key, and which rules were exercised."""
