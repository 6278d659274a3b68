"""Comparing two photos cell by cell: a tower's maps in cells of several sizes, and a matcher that reasons over pairs.

pyramid (maps of the tower, cells of several sizes) -> matcher (reduced cells, match score of two photos)
encoder (an index keeps the reduced cells of its photos), file (``pairs.npz`` of a model folder)
"""
