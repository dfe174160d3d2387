"""Fixed datasets: what is shipped, how any dataset is read, and in which order it is run."""
