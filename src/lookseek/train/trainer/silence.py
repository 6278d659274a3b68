"""Libraries that log advice which does not apply here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["log_errors_only"]


@contextmanager
def log_errors_only() -> Iterator[None]:
    """Drop what is logged to the root logger below an error: weights that are loaded later, steps that were done."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
