"""The checks of a request, each of which returns a value or raises one Problem."""
