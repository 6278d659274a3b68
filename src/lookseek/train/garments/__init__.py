"""The recipe ``garments``: a parser that finds the garments in a photo, a kind for each pixel."""
