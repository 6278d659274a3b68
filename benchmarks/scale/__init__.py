"""Measurements of where an index is kept: a folder and a database."""
