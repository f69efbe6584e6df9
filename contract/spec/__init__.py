"""What `openapi.yaml` says: the document and its rules."""
