"""Convolutional networks and their training."""
