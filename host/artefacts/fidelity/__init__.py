"""Texts for fidelity, and reference files made from them."""
