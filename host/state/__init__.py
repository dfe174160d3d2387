"""The state of a device: seen before and after, changed under a lease, waited for at gates."""
