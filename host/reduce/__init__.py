"""Pure reductions from stamps and samples to results."""
