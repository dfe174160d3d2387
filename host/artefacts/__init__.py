"""Makes, inspects and checks models and datasets."""
