"""Features in plain numpy files, as many image search projects keep them: ``all_features.npy`` and what lies beside.

``files`` says which files there are and reads arrays, ``about`` says how they were made, ``catalogue`` turns them into
items. ``lookseek.index.export`` writes them.
"""

from .about import About, Made, read_about, write_about
from .catalogue import ClassicCatalogue
from .files import features_of

__all__ = ["About", "ClassicCatalogue", "Made", "features_of", "read_about", "write_about"]
