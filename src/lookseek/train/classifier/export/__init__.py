"""A trained classifier to a model folder that ``lookseek index`` takes; ``job.py`` is the way through it."""
