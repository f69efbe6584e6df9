"""Hostile and legal values, each with the verdict of a conforming target."""
