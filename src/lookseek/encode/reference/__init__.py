"""What a composer by attention sees of a reference photo: cells of the whole, of the garment, and its regions.

geometry (weights of a map's cells at the places of a region) -> tokens (a photo to its tokens)
"""

from .tokens import GRID, PLACES, WITH_REGIONS, ReferenceEncoder, open_reference

__all__ = ["GRID", "PLACES", "WITH_REGIONS", "ReferenceEncoder", "open_reference"]
