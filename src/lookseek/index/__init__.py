"""The index folder."""
