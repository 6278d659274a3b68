"""Finds the garments in a photo: ``parser.py`` from pixels to kinds, ``boxes.py`` from kinds to boxes."""

from .boxes import garment_regions
from .folder import DEFAULT_PARSER, GARMENTS, GARMENTS_GRAPH, ParserConfig, write_config
from .parser import GarmentParser, ParsedPhoto, load_parser

__all__ = [
    "DEFAULT_PARSER",
    "GARMENTS",
    "GARMENTS_GRAPH",
    "GarmentParser",
    "ParsedPhoto",
    "ParserConfig",
    "garment_regions",
    "load_parser",
    "write_config",
]
