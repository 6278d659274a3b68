"""``drawn-copied``: how well copies of a design are found, and the regions in which they differ."""
