"""The same search on a GPU."""
