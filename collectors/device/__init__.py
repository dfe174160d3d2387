"""Sources that are polled on the device."""
