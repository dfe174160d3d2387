"""A database of records: what was imported from run folders, and how it is found again."""
