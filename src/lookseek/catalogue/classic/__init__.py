"""Features in plain numpy files, as many image search projects keep them: ``all_features.npy`` and what lies beside.

``files`` names the files and reads arrays, ``metadata`` reads how they were made, ``catalogue`` turns them into items.
``lookseek.index.export`` writes them.
"""

from .catalogue import ClassicCatalogue
from .files import features_of
from .metadata import FeaturesMetadata, VectorOrigin, read_metadata, write_metadata

__all__ = ["ClassicCatalogue", "FeaturesMetadata", "VectorOrigin", "features_of", "read_metadata", "write_metadata"]
