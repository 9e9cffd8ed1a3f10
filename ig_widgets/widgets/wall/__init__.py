"""Widgets that show a wall of thumbnails."""
