"""The REST API: its routes, and the bodies that they parse and return."""
