"""lookseek as a Gradio app, in the layout of a Hugging Face Space: a photo, words, or both; the closest items.

    python examples/space/app.py

``LOOKSEEK_INDEX`` names the index; without it ``shop/`` beside this file is taken, and drawn where it is not there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gradio as gr

from lookseek import LookseekError, Query, Searcher, build_index, images
from lookseek.catalogue.drawn import write_catalogue

INDEX = os.environ.get("LOOKSEEK_INDEX") or str(Path(__file__).with_name("shop"))
DESIGNS = 80  # of three photos each, where nothing else is there
SIDE = 320  # pixels of a picture's longer side


def open_searcher(address: str) -> Searcher:
    """Open the index; draw a catalogue for it where there is none."""
    if "://" not in address and not Path(address).exists():
        photos = Path(f"{address}-drawn")
        write_catalogue(photos, DESIGNS)
        build_index(photos / "items.csv", address)
    return Searcher(address)


def picture(photo: Any) -> Any:
    """Return the pixels of a photo, small and upright."""
    pixels = images.decode(photo, min_side=SIDE)
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    return images.resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def find(searcher: Searcher, photo: Any, words: str, count: float) -> tuple[list[tuple[Any, str]], str]:
    """Return pictures with captions, and a line about them or about what can't be done."""
    if photo is None and not words.strip():
        return [], "Chọn một tấm ảnh hoặc gõ vài từ · choose a photo or type some words"
    try:
        found = searcher.search(Query(image=photo, text=words.strip(), k=int(count)))
        photos = searcher.index.place.photos([hit.source for hit in found])
        shown = [
            (picture(one), f"{hit.rank}. {hit.id} · {hit.score:.2f}")
            for hit, one in zip(found, photos, strict=True)
            if one is not None
        ]
    except LookseekError as error:
        return [], str(error)
    read = "; ".join(found.readings)
    return shown, f"{len(found)} · {found.took_ms:.0f} ms" + (f" · {read}" if read else "")


def app(searcher: Searcher) -> gr.Blocks:
    """Return the page over an index."""
    with gr.Blocks(title="lookseek", analytics_enabled=False) as page:
        gr.Markdown("# lookseek\nTìm quần áo bằng ảnh và lời · find clothes by photo and words")
        with gr.Row():
            with gr.Column(scale=1):
                photo = gr.Image(type="numpy", label="Ảnh · Photo", sources=["upload", "webcam", "clipboard"])
                words = gr.Textbox(label="Lời, hoặc thay đổi · Words, or a change", placeholder="đầm đỏ · in blue")
                count = gr.Slider(5, 50, 10, step=5, label="Số kết quả · Results")
                button = gr.Button("Tìm · Search", variant="primary")
            with gr.Column(scale=2):
                gallery = gr.Gallery(label="Kết quả · Results", columns=5, object_fit="contain")
                line = gr.Text(label="", interactive=False)

        def ask(photo: Any, words: str, count: float) -> tuple[list[tuple[Any, str]], str]:
            return find(searcher, photo, words, count)

        for event in (button.click, words.submit):
            event(ask, [photo, words, count], [gallery, line], api_name="search")
    return page


if __name__ == "__main__":
    app(open_searcher(INDEX)).launch()
