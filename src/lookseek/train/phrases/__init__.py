"""The recipe ``phrases``: what single phrases of a text mean in a model's space, learned from photos that have it.

examples (photos, what is known of them) -> frozen vectors -> directions -> validation -> export
"""
