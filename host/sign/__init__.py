"""Keys, signatures and time stamps over a record."""
