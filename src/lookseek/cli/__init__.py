"""The command line: a file of verbs for each kind of work; ``main.py`` runs them, ``output.py`` prints."""

from .main import main

__all__ = ["main"]
