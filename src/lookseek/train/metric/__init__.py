"""The recipe ``metric``: an embedding in which photos of one item are near each other.

items, deepfashion (whose photo shows which item) -> views (what chance does to a photo) -> batches (P items by K)
network (backbone or frozen model, embedding, class layer), losses (by name) -> training -> export
"""
