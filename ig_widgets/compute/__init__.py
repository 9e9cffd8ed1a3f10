"""Compute: what the machine measures and believes. Imports data only."""
