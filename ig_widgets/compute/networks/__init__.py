"""Convolutional networks, and how they are trained."""
