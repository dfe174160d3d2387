"""Meters on the bench: instruments that the host reads, beside what a device says of itself."""
