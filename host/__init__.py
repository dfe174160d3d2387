"""The controller: from a plan to a record."""
