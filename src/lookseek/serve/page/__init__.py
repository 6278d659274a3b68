"""The web page: its routes, states as addresses, cards, facets, and texts in both languages."""
