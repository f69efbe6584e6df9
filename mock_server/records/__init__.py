"""What happened: the journal, the history of each key, and which rules were exercised."""
