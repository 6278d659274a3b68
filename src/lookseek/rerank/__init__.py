"""Re-rankers: a second look at the candidates of a search, one method a file."""
