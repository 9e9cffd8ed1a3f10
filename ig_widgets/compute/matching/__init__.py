"""How similar images and patterns are, and where."""
