"""The annotation log: a database of statements that are appended and never changed."""
