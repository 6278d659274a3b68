"""``category``: DeepFashion's category prediction, a photo's category by the votes of its nearest neighbours.

Papers train a classifier; here the categories of the nearest known photos vote, so any encoder can be measured.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...catalogue.deepfashion import photo_folder, read_categories, read_splits
from ...errors import CatalogueError
from ..task import Benchmark, Loaded, Options
from .attributes import by_votes

__all__ = ["BENCHMARK"]

METRICS = ("accuracy", "accuracy@3", "accuracy@5")
"""Source: Liu et al., DeepFashion, CVPR 2016, section 2.3: "the standard top-k classification accuracy"; its table 2
prints top-3 and top-5."""

KNOWN: Mapping[str, tuple[str, ...]] = {"val": ("train",), "test": ("train", "val")}
"""The split that asks to those whose categories are known."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    splits = read_splits(options.data)
    there = sorted({split for split in splits.values() if split in KNOWN})
    if options.split not in there:
        raise CatalogueError(
            f"{options.data} has no photos of the split {options.split!r} that can ask: "
            f"it has {', '.join(there) or 'none'}"
        )
    known = KNOWN[options.split]
    categories = read_categories(options.data)
    ids = [name for name, split in splits.items() if split in (options.split, *known)]
    if unlabelled := next((name for name in ids if name not in categories.of), None):
        raise CatalogueError(f"{options.data}: list_category_img.txt has no category of {unlabelled}: fetch it again")
    values = [(categories.names[categories.of[name]],) for name in ids]
    asked = [row for row, name in enumerate(ids) if splits[name] == options.split]
    shown = [row for row, name in enumerate(ids) if splits[name] in known]
    task, unanswered = by_votes(ids, values, asked, shown, METRICS)
    if task is None:
        raise CatalogueError(f"{options.data}: no category of {options.split} occurs in {' or '.join(known)}: fetch it")
    base = photo_folder(options.data)
    notes = [
        f"{len(task.queries):,} photos of {options.split}; {len(shown):,} photos of {' and '.join(known)} vote, of "
        f"{len(task.class_names)} of the {len(categories.names)} official categories: the others never occur.",
    ]
    if unanswered:
        notes.append(f"{unanswered:,} photos do not ask: no photo that votes has their category.")
    return Loaded(
        tasks=(task,),
        photos={name: base / name for name in ids},
        labels={name: value[0] for name, value in zip(ids, values, strict=True)},
        notes=tuple(notes),
    )


BENCHMARK = Benchmark(
    name="category",
    about="DeepFashion Category Prediction: a photo's category by its neighbours' votes",
    needs="the unpacked Category and Attribute Prediction benchmark: Eval/, Anno_coarse/, img/",
    size="40,000 queries, gallery 249,222, 50 categories",
    query_type="photo",
    protocols=("official",),
    load=load,
)
