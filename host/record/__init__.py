"""Builds, writes and checks the record."""
