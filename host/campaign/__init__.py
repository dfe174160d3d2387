"""Campaigns: a matrix of cells, measured in a drawn order until a stated precision."""
