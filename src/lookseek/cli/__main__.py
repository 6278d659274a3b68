"""``python -m lookseek.cli``: the program without its script."""

from .main import main

main()
