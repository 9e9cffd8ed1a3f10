"""The full search on a GPU."""
