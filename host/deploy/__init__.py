"""Puts the agent and the artefacts on the device and proves their hashes."""
