"""The checker: every rule that a run folder and its record must meet."""
