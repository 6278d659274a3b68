"""A catalogue drawn by our own code: no photo is needed to try lookseek, and every truth is known.

designs (attributes) -> garment, tailor (shapes) -> view (how it lies) -> truth (boxes, landmarks)
fabric (patterns) -> easel (colours, lines) -> light, background -> picture -> catalogue (items, files)
"""

from .catalogue import DrawnCatalogue, write
from .picture import draw, garment_mask
from .truth import DrawnItem, drawn_specs

__all__ = ["DrawnCatalogue", "DrawnItem", "draw", "drawn_specs", "garment_mask", "write"]
