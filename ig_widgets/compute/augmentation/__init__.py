"""Augmentation: new patterns made from those that people drew."""
