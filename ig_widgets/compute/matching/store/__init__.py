"""Similarities on disk, by content."""
