"""Data: what we have. Imports nothing else of ig_widgets."""
