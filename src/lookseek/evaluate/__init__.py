"""Measuring retrieval by the protocols of the field. Start with task.py: what a benchmark is."""
