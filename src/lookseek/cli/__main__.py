"""Runs the command line as ``python -m lookseek.cli``."""

from .main import main

main()
