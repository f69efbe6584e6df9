"""READ FIRST. The operations of the API, one module each."""
