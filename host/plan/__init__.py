"""From a plan file to a resolved plan."""
