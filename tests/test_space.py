"""The Gradio app of examples/space: searches as its page and its API have it. Skipped where Gradio is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from lookseek import images

gradio = pytest.importorskip("gradio", reason="pip install -r examples/space/requirements.txt, in a venv of its own")
APP = Path(__file__).parents[1] / "examples" / "space" / "app.py"


@pytest.fixture(scope="module")
def space() -> Any:
    spec = importlib.util.spec_from_file_location("space_app", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_first_start_draws_a_catalogue_and_searches_it(space: Any, tmp_path: Path) -> None:
    with space.open_searcher(str(tmp_path / "shop")) as searcher:
        photo = sorted((tmp_path / "shop-drawn").rglob("*.jpg"))[4]
        shown, line = space.find(searcher, images.decode(photo), "", 5)
        assert len(shown) == 5
        assert shown[0][1].startswith(f"1. {photo.stem}")
        assert line.startswith("5 · ")
        assert len(space.find(searcher, None, "đầm đỏ", 10)[0]) == 10
        assert "read as 'blue'" in space.find(searcher, None, "azure dress", 5)[1]
        assert space.find(searcher, None, " ", 5) == ([], space.find(searcher, None, "", 5)[1])
        assert "characters" in space.find(searcher, None, "x" * 200_000, 5)[1]


@pytest.mark.filterwarnings("ignore")  # Gradio and pandas warn of each other
def test_the_page_answers_over_its_api(space: Any, ready: tuple[Path, Path]) -> None:
    from gradio_client import Client, handle_file

    with space.open_searcher(str(ready[1])) as searcher:
        page = space.app(searcher)
        _, address, _ = page.launch(prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, share=False)
        try:
            photo = handle_file(str(sorted(ready[0].rglob("*.jpg"))[4]))
            shown, line = Client(address, verbose=False).predict(photo, "", 5, api_name="/search")
        finally:
            page.close()
    assert len(shown) == 5, line
    assert line.startswith("5 · ")
