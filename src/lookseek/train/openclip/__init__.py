"""Models of open_clip that are taken as they are: by name and weights, to a model folder, without any training."""
