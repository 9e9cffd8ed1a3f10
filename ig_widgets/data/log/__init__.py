"""The annotation log: an append-only database of statements."""
