"""Driving the system's OpenSSH client."""
