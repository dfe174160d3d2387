"""Native runners: data only."""
