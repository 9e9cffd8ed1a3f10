"""Widgets: what people see and say. Imports data only."""
