"""Similarities stored on disk, found by content."""
