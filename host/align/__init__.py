"""Reads a run folder and brings its stamps onto one clock."""
