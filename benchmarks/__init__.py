"""Measurements of speed, of choices, of composers and of the service: README.md has a table of them."""
