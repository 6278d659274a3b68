"""Compares two garments region by region: ``geometry.py`` from landmarks to places, ``model.py`` to vectors."""

from .compare import FOUND, NOTHING, RegionMatch, compare_regions
from .folder import DEFAULT_REGIONS, REGIONS_GRAPH, REGIONS_SETTINGS, RegionsConfig, write_config
from .geometry import LANDMARKS, REGIONS, SAMPLES, region_points
from .model import GarmentRegions, RegionEncoder, load_regions

__all__ = [
    "DEFAULT_REGIONS",
    "FOUND",
    "LANDMARKS",
    "NOTHING",
    "REGIONS",
    "REGIONS_GRAPH",
    "REGIONS_SETTINGS",
    "SAMPLES",
    "GarmentRegions",
    "RegionEncoder",
    "RegionMatch",
    "RegionsConfig",
    "compare_regions",
    "load_regions",
    "region_points",
    "write_config",
]
