"""Widgets that show one large image."""
