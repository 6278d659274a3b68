"""``inshop``: DeepFashion's In-shop Clothes Retrieval, a shop's photo finds other shop photos of the same item."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...catalogue.deepfashion import photo_folder, read_boxes, read_inshop
from ...errors import CatalogueError
from ...types import Box, Photo
from ..task import Benchmark, Loaded, Options
from .cropped import CroppedPhotos
from .instance import same_item

__all__ = ["BENCHMARK", "kind_of"]

METRICS = ("recall@1", "recall@10", "recall@20", "recall@30", "recall@40", "recall@50", "map")
"""The hit rates that papers on In-shop print. Source: Liu et al., DeepFashion, CVPR 2016, section 2.3: "top-k retrieval
accuracy", whether the exact item is among the k first."""

OFFICIAL = (14_218, 12_612, 3_985)
"""Queries, gallery, items. Source: github.com/bnu-wangxun/Deep_Metric, README."""

_OFFICIAL_PHOTOS = "the boxes are for the photos of img.zip, unpack these"


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    if options.split != "test":
        raise CatalogueError(f"In-shop has no split {options.split!r}: it asks with query photos alone, --split test")
    photos = read_inshop(options.data)
    asked = [(photo.name, photo.item) for photo in photos if photo.status == "query"]
    shown = [(photo.name, photo.item) for photo in photos if photo.status == "gallery"]
    task, unanswered = same_item(asked, shown, METRICS, kind_of)
    if not task.queries:
        raise CatalogueError(f"{options.data} has no query photo with a gallery photo of its item: fetch it again")
    size = (len(asked), len(shown), len({item for _, item in shown}))
    notes = [
        f"The official partition: {size[0]:,} query photos search {size[1]:,} gallery photos of {size[2]:,} items.",
        "Right is the same item id; recall@k is the share of queries with a right photo among the first k.",
    ]
    if size != OFFICIAL:
        notes.append("This is not the official size, {:,}, {:,} and {:,}: compare with no paper.".format(*OFFICIAL))
    if unanswered:
        notes.append(f"{unanswered:,} query photos do not ask: the gallery has no photo of their item.")
    base = photo_folder(options.data)
    files: Mapping[str, Photo] = {name: base / name for name, _ in asked + shown}
    if options.protocol == "official-box":
        files = CroppedPhotos(files, _boxes(options.data, base, list(files)), _OFFICIAL_PHOTOS)
        notes.append("Photos are cropped to the annotated box; papers do so or not, and often do not say.")
    return Loaded(tasks=(task,), photos=files, labels=dict(asked + shown), notes=tuple(notes))


def kind_of(name: str) -> str:
    """The folders that tell what is worn by whom.

    >>> kind_of("img/WOMEN/Jackets_Coats/id_00000186/02_2_side.jpg")
    'women-jackets_coats'
    """
    return "-".join(name.lower().split("/")[1:-2]) or "other"


def _boxes(data: Path, base: Path, names: list[str]) -> dict[str, Box]:
    """Return name to box; raises CatalogueError for a photo without one."""
    places = read_boxes(data)
    for name in names:
        if name not in places:
            raise CatalogueError(f"{base} has no box of {name}: the list of boxes is not that of these photos")
    return {name: places[name].box for name in names}


BENCHMARK = Benchmark(
    name="inshop",
    about="DeepFashion In-shop: a shop's photo finds others of the same item",
    needs="the unpacked In-shop benchmark: Eval/, img/; for official-box also Anno/",
    size="14,218 queries, gallery 12,612",
    query_type="photo",
    protocols=("official", "official-box"),
    load=load,
)
