"""The recipe ``pairs``: a matcher that compares two photos cell by cell, to re-rank the first results of a search."""
