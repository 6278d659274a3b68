"""The answer to a query: hits, best first, and what gave each its score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .query import Query
from .types import Attributes, Box, Region

__all__ = ["CellMap", "Contributions", "Hit", "RegionVerdict", "Results", "Routed"]


@dataclass(frozen=True, slots=True)
class CellMap:
    """What each cell of a photo contributes to a score.

    Args:
        cells: rows from the top, each from the left; negative where the cell speaks against the match.
        rest: what a blank photo would have: with all cells it sums to the share of ``look``.
        window: left, top, right and bottom of the cells, in widths and heights of the part of the photo that was
            compared: below 0 and above 1 is the margin that a model puts around it.
        size: width and height of the photo; where all of it was compared, in any scale.
        box: that part, in pixels of the photo; None for all of it.
    """

    cells: tuple[tuple[float, ...], ...]
    rest: float
    window: tuple[float, float, float, float]
    size: tuple[int, int]
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Contributions:
    """What gave a hit its score, split in several ways.

    ``vectors``, ``parts`` and, where there are any, ``garments`` and ``regions`` each sum to the score.

    Args:
        vectors: by vector, and by part of it where the model has named parts: ``joint``, ``instance``, ``colour``; by
            ``look`` else. A re-ranker's is under its name.
        parts: by part of the query: ``photo``, ``words``, ``+long sleeves``, ``-logo`` ... Of a photo with a change,
            ``photo`` is what the photo alone would have scored, and ``words`` what the change added or took.
        garments: by kind, where the hit was compared by a garment in its photo; empty where by all of it.
        agreement: cosines by aspect, -1 to 1, whatever their weight in the score: ``joint`` and ``instance``, or
            ``look``, and ``colour`` where the query is a photo alone and the index has colours.
        query: cells of the query's photo; None where it is no photo alone, or the model has no cells.
        photo: cells of the hit's photo; None where that can't be had, or the model has no cells.
        regions: by region of the hit's garment: ``collar``, ``chest``, ``waist``, ``left sleeve``, ``right sleeve`` as
            its photo shows them, ``elsewhere``, and what is no part of the photo, such as ``colour``; empty where the
            query is no photo alone, or the hit is no garment that has such regions.
    """

    vectors: Mapping[str, float]
    parts: Mapping[str, float]
    garments: Mapping[str, float] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    query: CellMap | None = None
    photo: CellMap | None = None
    regions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegionVerdict:
    """Whether one region of a garment is the same as the query's.

    Args:
        region: collar, chest, waist, left sleeve or right sleeve, as the query's photo shows them.
        cosine: -1 to 1; -1 where one of the two garments has no such region.
        differs: whether the cosine is below the model's threshold of that region; None for "not sure", where the model
            does not find the region well enough in both photos.
    """

    region: str
    cosine: float
    differs: bool | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer.

    Args:
        id: the item's id.
        score: higher is better. Cosine: -1 to 1; Euclidean: minus the distance.
        rank: 1 for the best.
        attributes: the item's.
        shares: what gave the score; they sum to it. By vector (``look``, ``colour``) for a photo, for words and for a
            photo with a change, and for examples; for a sum of parts by part: ``photo``, ``words``, ``+long sleeves``,
            ``-logo``, ``liked``, ``disliked``. Where the query is re-ranked, what that added or took is a share of the
            re-ranker's name. Where the query looks for copies, by region; those that are left out have 0.
        source: where the item's photo can be had, "" where it can't.
        copies: ids of near-identical photos that it stands for, where the query hides them: those among the nearest,
            and all of its product.
        product: the product that it shows, where results are products; "" for an item that names none.
        photos: ids of the product's other photos that meet the query's filter, the best candidates first, at the most
            100 (``search.groups.MAX_PHOTOS``).
        region: the garment in the item's photo that was compared, where the query means a garment or a box and the
            index keeps a vector for each garment; None where the whole photo was.
        contributions: what gave the score, where the query has it explained; None else.
        verdicts: on each region of its garment, where the query looks for copies of a design or has its hits explained,
            and the hit is a garment that has such regions; empty else.
    """

    id: str
    score: float
    rank: int
    attributes: Attributes
    shares: Mapping[str, float]
    source: str = ""
    copies: tuple[str, ...] = ()
    product: str = ""
    photos: tuple[str, ...] = ()
    region: Region | None = None
    contributions: Contributions | None = field(default=None, compare=False)
    verdicts: tuple[RegionVerdict, ...] = ()

    @property
    def differing(self) -> tuple[str, ...]:
        """The regions that differ from the query's, where it looks for copies."""
        return self.judged(True)

    def judged(self, differs: bool | None) -> tuple[str, ...]:
        """Return the regions of one verdict.

        Args:
            differs: True for those that differ, False for those that are the same, None for those that are not sure.
        """
        return tuple(each.region for each in self.verdicts if each.differs is differs)


@dataclass(frozen=True, slots=True)
class Routed:
    """Which part of an index a router let a query search.

    Args:
        keys: that were searched, the most probable first.
        visited: how many items have these keys.
        items: how many the index holds.
    """

    keys: tuple[str, ...]
    visited: int
    items: int


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to one query: unique hits, best first. Iterating gives the hits, ``len`` their number.

    Args:
        query: the query.
        hits: by descending score, equal scores by ascending id; ranks 1, 2, 3 ...
        took_ms: from the query to the last hit, milliseconds.
        index: the index's folder.
        routed: what was searched; None where all of it was.
        steps: milliseconds of each stage (``search.stages``) and, as ``compare``, of all after ``encode``.
        good: how many hits stand out from the rest of the index; None where nobody measured that, or can.
        next: of a service: the cursor of the next page; "" where no more comes.
        changed: of a service: True where the index has changed since the page before.
        hints: what was probably meant by a filter that no item meets, a sentence each; empty where there are hits.
        readings: words of the query that were read as others, a line each: "'burgundy' read as 'maroon'".
        garments: those found in the query's photo, the largest first, where the query means one of them.
        garment: which of them was searched with, from 1; None where the query means none.
        uncompared: where the query looks for copies: how many of the nearest photos can't be read any more, and so were
            not compared by region.

    Raises:
        ValueError: hits out of order, repeated or wrongly ranked: a bug of ours, not of the user.
    """

    query: Query
    hits: tuple[Hit, ...]
    took_ms: float
    index: str
    routed: Routed | None = None
    steps: Mapping[str, float] = field(default_factory=dict, compare=False)
    good: int | None = None
    readings: tuple[str, ...] = ()
    next: str = field(default="", compare=False)
    changed: bool = field(default=False, compare=False)
    hints: tuple[str, ...] = ()
    garments: tuple[Region, ...] = ()
    garment: int | None = None
    uncompared: int = 0

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, place: int) -> Hit:
        return self.hits[place]

    def __bool__(self) -> bool:
        return bool(self.hits)

    def __post_init__(self) -> None:
        if len({hit.id for hit in self.hits}) != len(self.hits):
            raise ValueError("results hold an id twice")
        if any(a.score < b.score for a, b in zip(self.hits, self.hits[1:], strict=False)):
            raise ValueError("results are not in descending order of score")
        first = self.hits[0].rank if self.hits else 1  # a further page of a service goes on counting
        if first < 1 or [hit.rank for hit in self.hits] != list(range(first, first + len(self.hits))):
            raise ValueError("results are not ranked 1, 2, 3 ...")
