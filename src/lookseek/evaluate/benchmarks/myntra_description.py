"""``myntra-description``: what the shop writes of a garment finds its photo: "White shirt, has a spread collar".

The text is the description cut down to the sentences that say what a photo shows (``catalogue/descriptions.py``): no
brand, no washing, no praise. As ``myntra-text`` it wants the item's own photo among all of the split; any@k takes the
photo of any item with the same text.
"""

from __future__ import annotations

from collections import defaultdict

from ...catalogue.descriptions import sentences
from ...catalogue.details import Details, read_details
from ...catalogue.myntra import read_catalogue
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK", "LONGEST", "text_of"]

DEPTHS = (1, 10, 50)

LONGEST = 300
"""Characters of a text: whole sentences, as many as fit."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    items = read_catalogue(options.data, options.split)
    details = read_details(options.data, {item.id for item in items})
    texts = [text_of(details.get(item.id, Details())) for item in items]
    asked = [row for row, text in enumerate(texts) if text]
    if not asked:
        raise CatalogueError(f"no description of {options.split} in {options.data} says what a photo shows")
    alike: dict[str, dict[int, int]] = defaultdict(dict)
    for row in asked:
        alike[texts[row]][row] = 1
    queries = tuple(EvaluationQuery(items[row].id, text=texts[row]) for row in asked)
    gallery = tuple(item.id for item in items)
    repeated = sum(len(alike[texts[row]]) > 1 for row in asked)
    own, same = ({row: 1} for row in asked), (alike[texts[row]] for row in asked)
    return Loaded(
        tasks=(
            Task(queries, gallery, Listed(len(items), tuple(own)), (*(f"recall@{k}" for k in DEPTHS), "mrr")),
            Task(queries, gallery, Listed(len(items), tuple(same)), tuple(f"any@{k}" for k in DEPTHS)),
        ),
        photos=photos_of(items),
        labels={item.id: item.title for item in items},
        notes=(
            f"{len(items) - len(asked):,} of {len(items):,} items do not ask: their description says nothing that a "
            "photo shows.",
            f"{repeated:,} of {len(asked):,} texts repeat: recall@k wants the text's own photo, any@k takes the photo "
            "of any item of the same text.",
            *notes_on(items),
        ),
    )


def text_of(details: Details) -> str:
    """Return the sentences that ask for an item, at the most ``LONGEST`` characters; "" where there is none."""
    text = ""
    for sentence in sentences(details.description, details.brand):
        longer = f"{text}. {sentence}" if text else sentence
        if len(longer) > LONGEST:
            break
        text = longer
    return text


BENCHMARK = Benchmark(
    name="myntra-description",
    about="what the shop writes of a garment's parts finds its photo; any@k: the photo of any item of the same text",
    needs="catalogue.parquet and details.parquet (the folder myntra)",
    size="5,077 queries, gallery 6,865",
    query_type="words",
    protocols=("whole-split",),
    load=load,
)
