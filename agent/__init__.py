"""Runs on the device: starts an engine and a sampler, and spools what they see."""
