"""Experiments: one module per published table or figure."""
