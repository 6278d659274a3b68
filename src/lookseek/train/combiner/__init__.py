"""CLIP4Cir, built anew: a photo and a change in words become the vector of the photo that is meant.

    triplets ──> stage 1, tune.py:  a CLIP learns that photo + words is near the target       (open_clip alone)
             ──> features, once and kept ──> stage 2: a Combiner (combiner.py) learns to join them better than the sum
             ──> val.json, test.json; export.py makes a model folder with composer.onnx

Both stages run in the loop of ``trainer/loop.py``. ``job.py`` is the way through; docs/decisions/combiner.md states
what differs from the original, and why.

Source: A. Baldrati et al., Effective conditioned and composed image retrieval combining CLIP-based features, CVPR 2022,
and github.com/ABaldrati/CLIP4Cir.
"""
