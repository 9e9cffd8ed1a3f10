"""More patterns, made of those that people drew."""
