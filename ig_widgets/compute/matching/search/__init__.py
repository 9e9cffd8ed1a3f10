"""Where in an image a pattern fits best."""
