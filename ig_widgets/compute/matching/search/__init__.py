"""Search for the place where a pattern fits an image best."""
