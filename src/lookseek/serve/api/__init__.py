"""The REST API: its routes, what they take and return."""
