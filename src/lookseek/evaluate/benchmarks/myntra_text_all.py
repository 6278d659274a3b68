"""``myntra-text-all``: the titles of a split find their photos among those of all splits.

Nearer to a shop's search than ``myntra-text``, whose gallery is the split alone. The public KAGL task asks 44,434
titles of the same source; ours keeps near-duplicates out. Photos of train are in the gallery: a model may have learned
from them, which makes them the harder to tell from the right one.
"""

from __future__ import annotations

from collections import defaultdict

from ...catalogue.myntra import read_catalogue, splits_of
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK"]

DEPTHS = (1, 10, 50)


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    own = read_catalogue(options.data, options.split)
    others = [split for split in splits_of(options.data) if split != options.split]
    items = [*own, *(item for split in others for item in read_catalogue(options.data, split))]
    asked = [row for row, item in enumerate(own) if item.title.strip()]
    titles = {items[row].title for row in asked}
    alike: dict[str, dict[int, int]] = defaultdict(dict)
    for row, item in enumerate(items):
        if item.title in titles:
            alike[item.title][row] = 1
    queries = tuple(EvaluationQuery(items[row].id, text=items[row].title) for row in asked)
    gallery = tuple(item.id for item in items)
    repeated = sum(len(alike[items[row].title]) > 1 for row in asked)
    itself, same = ({row: 1} for row in asked), (alike[items[row].title] for row in asked)
    return Loaded(
        tasks=(
            Task(queries, gallery, Listed(len(items), tuple(itself)), (*(f"recall@{k}" for k in DEPTHS), "mrr")),
            Task(queries, gallery, Listed(len(items), tuple(same)), tuple(f"any@{k}" for k in DEPTHS)),
        ),
        photos=photos_of(items),
        labels={item.id: item.title for item in items},
        notes=(
            f"Titles of {options.split} ask; the gallery holds {', '.join([options.split, *others])}.",
            f"{repeated:,} of {len(asked):,} titles repeat: recall@k wants the title's own photo, any@k takes the "
            "photo of any item of the same title.",
            f"Of {options.split} alone: {notes_on(own)[0]}",
        ),
    )


BENCHMARK = Benchmark(
    name="myntra-text-all",
    about="a title of the split finds its photo among those of all splits; any@k: any item of the same title",
    needs="catalogue.parquet (the folder myntra)",
    size="6,865 queries, gallery 34,795",
    query_type="words",
    protocols=("all-splits",),
    load=load,
)
