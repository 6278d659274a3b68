"""Where benchmarks read real photos and write their pages."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DATA", "PAGES", "ROOT"]

ROOT = Path(__file__).parents[1]
"""The checkout."""

DATA = Path(os.environ.get("LOOKSEEK_DATA") or ROOT.parent / "shared" / "data")
"""The folder of ``clothing/``, ``myntra/``, ``fashioniq/`` and ``drawn/``."""

PAGES = ROOT / "docs" / "benchmarks"
"""What ``--write`` writes into."""
