"""Spread, intervals and coverage factors."""
