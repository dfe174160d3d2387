"""Scenario scoring: outputs beside expected answers. Pure."""
