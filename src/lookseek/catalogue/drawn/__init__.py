"""A catalogue of drawn garments: lookseek can be tried without photos, and the ground truth is complete.

designs (attributes) -> garment, tailor (shapes) -> view (how it lies) -> truth (boxes, landmarks)
fabric (patterns) -> canvas (colours, lines) -> light, background -> picture -> catalogue (items, files)
designs -> changes (one attribute changed, in words) and splits (train, val, test): to train and to measure with
"""

from .catalogue import DrawnCatalogue, write_catalogue
from .changes import KINDS, Change, Family, families
from .picture import draw, garment_mask
from .splits import SPLITS, DrawnPhotos, split_seed, split_specs
from .truth import DrawnItem, drawn_specs

__all__ = [
    "KINDS",
    "SPLITS",
    "Change",
    "DrawnCatalogue",
    "DrawnItem",
    "DrawnPhotos",
    "Family",
    "draw",
    "drawn_specs",
    "families",
    "garment_mask",
    "split_seed",
    "split_specs",
    "write_catalogue",
]
