"""A detector that learns from boxes what patterns have in common."""
