"""The record as a file: bytes, identity, published JSON Schema, upgrades of older versions."""
