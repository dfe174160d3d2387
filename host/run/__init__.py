"""Drives the agent and fills, then seals, the run folder."""
