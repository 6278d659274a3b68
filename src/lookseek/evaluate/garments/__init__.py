"""``garments``: how well a parser finds the garments of a folder of photos with masks, laid out like ``ccp/``."""
