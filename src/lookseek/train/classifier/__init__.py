"""The recipe ``classifier``: a network that names a photo's class."""
