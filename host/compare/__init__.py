"""Two or more records side by side: whether they may be compared, and what follows."""
