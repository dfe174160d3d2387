"""What the device says of itself, from bounded reads of files."""
