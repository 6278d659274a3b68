"""``myntra-text``: a title finds its photo among all photos of the split."""

from __future__ import annotations

from collections import defaultdict

from ...catalogue.myntra import read_catalogue
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK"]

DEPTHS = (1, 10, 50)


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    items = read_catalogue(options.data, options.split)
    titled = [row for row, item in enumerate(items) if item.title.strip()]
    alike: dict[str, dict[int, int]] = defaultdict(dict)
    for row in titled:
        alike[items[row].title][row] = 1
    queries = tuple(EvaluationQuery(items[row].id, text=items[row].title) for row in titled)
    gallery = tuple(item.id for item in items)
    repeated = sum(len(alike[items[row].title]) > 1 for row in titled)
    return Loaded(
        tasks=(
            Task(
                queries,
                gallery,
                Listed(len(items), tuple({row: 1} for row in titled)),
                (*(f"recall@{k}" for k in DEPTHS), "mrr"),
            ),
            Task(
                queries,
                gallery,
                Listed(len(items), tuple(alike[items[row].title] for row in titled)),
                tuple(f"any@{k}" for k in DEPTHS),
            ),
        ),
        photos=photos_of(items),
        labels={item.id: item.title for item in items},
        notes=(
            f"{repeated:,} of {len(titled):,} titles repeat: recall@k wants the title's own photo, any@k takes the "
            "photo of any item of the same title.",
            *notes_on(items),
        ),
    )


BENCHMARK = Benchmark(
    name="myntra-text",
    about="a title finds its photo; any@k: the photo of any item of the same title",
    needs="catalogue.parquet (the folder myntra)",
    size="6,865 queries, gallery 6,865",
    query_type="words",
    protocols=("whole-split",),
    load=load,
)
