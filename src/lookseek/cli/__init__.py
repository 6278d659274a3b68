"""The command line: one file for each group of commands. ``main.py`` runs them, ``output.py`` prints results."""

from .main import main

__all__ = ["main"]
