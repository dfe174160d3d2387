"""Device profiles: data only."""
