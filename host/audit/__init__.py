"""What audit probes say: pure, from the run as it was read."""
