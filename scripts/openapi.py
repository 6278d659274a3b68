"""Writes docs/openapi.json, the description of the API. tests/test_serve_schema.py compares it with the code.

python scripts/openapi.py
"""

from __future__ import annotations

import json
from pathlib import Path

from lookseek.serve.app import create_routes

PAGE = Path(__file__).parents[1] / "docs" / "openapi.json"


def made() -> str:
    """The file's text."""
    return json.dumps(create_routes().openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(made(), encoding="utf-8")
    print(f"wrote {PAGE}")
