"""A pattern detector trained on boxes."""
