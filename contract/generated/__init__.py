"""A run whose submissions Schemathesis generates. Importing this registers nothing with Schemathesis."""
