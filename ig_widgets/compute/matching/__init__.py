"""Similarities of images to patterns, and the places of the best matches."""
