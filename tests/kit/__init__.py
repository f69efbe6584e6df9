"""What the tests share: one client, one answer, one valid submission, and the worlds that tests play in."""
