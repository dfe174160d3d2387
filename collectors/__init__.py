"""The vocabulary of measuring, and every source of readings."""
