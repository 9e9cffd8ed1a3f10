"""Readers and writers of annotation files, one format per module."""
