"""Sources of items: a folder of photos, a table that names photos, files of features, or the drawn catalogue.

``open_catalogue`` opens any of them. A catalogue streams ``Item`` and ``Skipped``: an entry that can't be used costs
one line, never the job. Every id is usable and unique.
"""

from .base import Catalogue
from .classic import VectorOrigin
from .ids import check_ids
from .opening import (
    fields_of,
    has_own_ids,
    notes_of,
    open_catalogue,
    options_of,
    reading_of,
    roles_of,
    types_of,
    vector_origin,
)
from .options import ReadingOptions
from .photos import photos_at

__all__ = [
    "Catalogue",
    "ReadingOptions",
    "VectorOrigin",
    "check_ids",
    "fields_of",
    "has_own_ids",
    "notes_of",
    "open_catalogue",
    "options_of",
    "photos_at",
    "reading_of",
    "roles_of",
    "types_of",
    "vector_origin",
]
