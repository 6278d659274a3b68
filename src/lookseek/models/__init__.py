"""The models that ship: a folder each, with weights, settings, a card and checksums."""
