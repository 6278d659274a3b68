"""Photos made worse on purpose, for the benchmark ``robustness``."""
