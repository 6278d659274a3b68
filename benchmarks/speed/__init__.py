"""How fast each stage is, beside the usual ways."""
