"""ig_widgets."""
