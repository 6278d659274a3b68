"""How well copies of a design are found, and the regions in which they differ: drawn, and pasted in photos."""
