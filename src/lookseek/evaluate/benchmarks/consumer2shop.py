"""``consumer2shop``: DeepFashion's Consumer-to-shop Clothes Retrieval, a consumer's photo finds the shop's.

The gallery is told in two ways, and papers seldom say which they mean: the official README.txt of version 1.1 says "The
gallery set here are all the shop images in 'test' set" (read in the copy of github.com/czla/cloth-image-retrieval), the
later text in mmfashion's ``docs/dataset/CONSUMER_TO_SHOP_DATASET.md`` says "in 'val + test' set" (and issue 3 of that
repository asks which). Both are protocols here, and results of the two do not compare.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...catalogue.deepfashion import photo_folder, read_consumer2shop
from ...errors import CatalogueError
from ..task import Benchmark, Loaded, Options
from .inshop import kind_of
from .instance import same_item

__all__ = ["BENCHMARK"]

METRICS = ("recall@1", "recall@20", "recall@50", "map")
"""Source: Kuang et al., GRNet, ICCV 2019, prints top-1, 20 and 50."""

GALLERIES: Mapping[str, tuple[str, ...]] = {"official": (), "official-val-test": ("val", "test")}
"""Protocol to the splits whose shop photos are searched; () for the split that asks."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    pairs = read_consumer2shop(options.data)
    there = sorted({pair.status for pair in pairs})
    searched = GALLERIES[options.protocol] or (options.split,)
    possible = [split for split in there if split in (GALLERIES[options.protocol] or there)]
    if options.split not in possible:
        raise CatalogueError(
            f"{options.data} has no photos of the split {options.split!r} that can ask under the protocol "
            f"{options.protocol}: it has {', '.join(possible) or 'none'}"
        )
    asked = list({pair.consumer: pair.item for pair in pairs if pair.status == options.split}.items())
    shown = list({pair.shop: pair.item for pair in pairs if pair.status in searched}.items())
    task, _ = same_item(asked, shown, METRICS, kind_of)
    base = photo_folder(options.data)
    return Loaded(
        tasks=(task,),
        photos={name: base / name for name, _ in asked + shown},
        labels=dict(asked + shown),
        notes=(
            f"{len(asked):,} consumer photos of {options.split} search {len(shown):,} shop photos of "
            f"{' and '.join(searched)}, {len({item for _, item in shown}):,} items; right is the same item id.",
            "The official texts differ on the gallery: shop photos of test (protocol official), or of val and test "
            "(official-val-test).",
        ),
    )


BENCHMARK = Benchmark(
    name="consumer2shop",
    about="DeepFashion Consumer-to-shop: a consumer's photo finds the shop's photos of the same item",
    needs="the unpacked Consumer-to-shop benchmark: Eval/, img/",
    size="239,557 photos in all: the consumers' of test ask, the shops' of test are the gallery",
    query_type="photo",
    protocols=tuple(GALLERIES),
    load=load,
)
