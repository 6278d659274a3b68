"""What a Combiner learns from and is measured on: triplets in FashionIQ's layout, of photos or of what stands for them.

Three kinds of folders, told apart by what lies in them:

    shop       catalogue.parquet, captions/, image_splits/: myntra, whose catalogue also says which items are as right
    photos     captions/, image_splits/ and photos: FashionIQ
    captions   captions/, image_splits/ and image_captions/, no photo: the captions' text stands for the photos

A photo that can't be had is left out of triplets and galleries alike, and listed with the reason: it never makes a
gallery smaller in silence.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

from ...catalogue.drawn import DrawnPhotos
from ...catalogue.fashioniq import CATEGORIES, Triplet, find_photos, read_image_captions, read_triplets
from ...errors import TrainError
from ...evaluate.benchmarks import fashioniq, fashioniq_text, myntra_composed
from ...types import Photo
from ..words.lexicon import read_lexicon
from .captions import forms, says
from .drawn import draw_triplets
from .exam import Exam
from .exams import JUDGED, NO_CAPTION, NO_PHOTO, drawn_exams, exams_of, lacking, reading, untested
from .settings import CombinerSettings
from .shop import Made, Shop, read_shop

__all__ = ["Example", "Kind", "Lots", "Triplets", "read_data"]

Kind = Literal["shop", "photos", "captions"]


@dataclass(frozen=True, slots=True)
class Example:
    """One triplet to learn from.

    Args:
        reference: id of the photo that is changed.
        target: id of the photo that is meant.
        texts: the change, in four forms.
        group: what the target is as good as: photos of one group are no negatives of each other.
    """

    reference: str
    target: str
    texts: tuple[str, ...]
    group: str


Lots: TypeAlias = Sequence[tuple[Sequence[Example], float]]
"""Made triplets, and how many of them join an epoch, as a share of the written ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Triplets:
    """All of a folder.

    Args:
        kind: what stands for the photos.
        train: the triplets of train.
        more: triplets that were made from the labels of train, in an order of chance; may be empty.
        drawn: triplets of drawn garments, in an order of chance; may be empty.
        photos: id to photo of train, empty where captions stand for them.
        drawings: id to photo of ``drawn``.
        captions: id to caption of all splits, empty where there are photos.
        exams: ``val``, and ``test`` where its targets are known; beside them ``drawn.val`` and ``drawn.test`` where
            there are drawn triplets.
        missing: id to the reason of photos that are named and not there.
        notes: what a reader of the figures must know.
    """

    kind: Kind
    train: tuple[Example, ...]
    more: tuple[Example, ...]
    drawn: tuple[Example, ...]
    photos: Mapping[str, Photo]
    drawings: Mapping[str, Photo]
    captions: Mapping[str, str]
    exams: Mapping[str, Exam]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Hex, of the triplets to learn from and the ids of what asks: others are another training."""
        said = [repr(example) for example in (*self.train, *self.more, *self.drawn)]
        asked = [id for name in sorted(self.exams) for id in (name, *self.exams[name].ids())]
        return sha256("\n".join([*said, *asked, *sorted(self.captions.values())]).encode()).hexdigest()

    def named(self) -> dict[str, Photo]:
        """All photos that there are and that may be broken, of train and of what asks: those that are not drawn."""
        own = {e.reference for e in (*self.train, *self.more)} | {e.target for e in (*self.train, *self.more)}
        photos: dict[str, Photo] = {id: photo for id, photo in self.photos.items() if id in own}
        for exam in self.exams.values():
            if not isinstance(exam.loaded.photos, DrawnPhotos):
                photos.update((id, exam.loaded.photos[id]) for id in exam.ids() if id in exam.loaded.photos)
        return photos

    def shown(self) -> Mapping[str, Photo]:
        """All photos; drawn ones are drawn when they are asked for."""
        asking = (exam.loaded.photos for exam in self.exams.values())
        return ChainMap(self.photos, self.drawings, *asking)  # type: ignore[arg-type]  # nobody writes

    def vals(self) -> dict[str, Exam]:
        """The exams that choose the best epoch."""
        return {name: exam for name, exam in self.exams.items() if name.split(".")[-1] == "val"}

    def chosen_by(self) -> str:
        """What chooses the best epoch, in words."""
        return "; ".join(
            f"mean of {', '.join(exam.judged)} on {exam.benchmark.name} val" for exam in self.vals().values()
        )

    def lots(self, settings: CombinerSettings) -> Lots:
        """What joins the written triplets."""
        return (self.more, settings.generated), (self.drawn, settings.drawn)

    def examples(self, settings: CombinerSettings) -> list[Example]:
        """All that a training may learn from."""
        return [*self.train, *(e for made, share in self.lots(settings) if share for e in made)]

    def without(self, gone: Mapping[str, str]) -> Triplets:
        """The same without photos that can't be used: in no triplet, in no gallery.

        Raises:
            TrainError: nothing is left to learn from.
        """
        there = set(self.captions) or self.photos.keys() - gone.keys()
        train = tuple(e for e in self.train if e.reference in there and e.target in there)
        if not train:
            reason = next(iter(gone.values()), NO_PHOTO)
            raise TrainError(f"no triplet of train has both its photos, e.g. {reason}: put them there")
        return replace(
            self,
            train=train,
            more=tuple(e for e in self.more if e.reference in there and e.target in there),
            exams={name: exam.without(gone) for name, exam in self.exams.items()},
        )


def read_data(data: Path, seed: int, *, drawn: bool = False) -> Triplets:
    """Read a folder.

    Args:
        data: in FashionIQ's layout.
        seed: of what is made by chance.
        drawn: whether drawn garments join a shop's photos.

    Raises:
        CatalogueError: files that are missing or can't be read.
        TrainError: neither photos nor captions.
    """
    splits = {category: read_triplets(data, category, "train") for category in CATEGORIES}
    whole = [triplet for triplets in splits.values() for triplet in triplets if _teaches(triplet)]
    if (data / "catalogue.parquet").is_file():
        return _shop(data, whole, read_shop(data, "train", seed), seed, drawn)
    ids = list(dict.fromkeys(id for triplet in whole for id in (triplet.candidate, triplet.target)))
    photos: dict[str, Photo] = dict(find_photos(data, ids))
    if photos:
        return _photos(data, whole, photos, ids)
    if (data / "image_captions").is_dir():
        return _captions(data, whole, ids)
    raise TrainError(
        f"{data} has neither photos (images/ID.jpg, dress/ID.jpg ...), nor catalogue.parquet, nor image_captions/: "
        "put one of them beside captions/"
    )


def _teaches(triplet: Triplet) -> bool:
    return bool(triplet.target) and triplet.target != triplet.candidate and any(map(says, triplet.bare))


def _examples(triplets: list[Triplet], group: Mapping[str, str]) -> tuple[Example, ...]:
    return tuple(Example(t.candidate, t.target, forms(t.bare), group.get(t.target, t.target)) for t in triplets)


def _made(made: Made, group: Mapping[str, str]) -> tuple[Example, ...]:
    return tuple(Example(reference, target, texts, group[target]) for reference, target, texts in made)


def _shop(data: Path, triplets: list[Triplet], shop: Shop, seed: int, drawn: bool) -> Triplets:
    named = {id for triplet in triplets for id in (triplet.candidate, triplet.target)}
    exams = exams_of(data, myntra_composed.BENCHMARK, JUDGED)
    garments = draw_triplets(read_lexicon(), seed) if drawn else None
    made = _made(shop.made, shop.group)
    return Triplets(
        kind="shop",
        train=_examples(triplets, shop.group),
        more=made,
        drawn=_made(garments.made, garments.group) if garments else (),
        photos=shop.photos,
        drawings=garments.photos if garments else {},
        captions={},
        exams=exams | (drawn_exams() if drawn else {}),
        missing=dict.fromkeys(sorted(named - shop.photos.keys()), NO_PHOTO) | lacking(exams),
        notes=(f"{len(made):,} more triplets can be made of the catalogue's designs and colours.",),
    )


def _photos(data: Path, triplets: list[Triplet], photos: Mapping[str, Photo], ids: list[str]) -> Triplets:
    exams = exams_of(data, fashioniq.BENCHMARK, ("recall@10", "recall@50"))
    missing = {id: NO_PHOTO for id in ids if id not in photos} | lacking(exams)
    return Triplets("photos", _examples(triplets, {}), (), (), photos, {}, {}, exams, missing, untested(exams))


def _captions(data: Path, triplets: list[Triplet], ids: list[str]) -> Triplets:
    captions: dict[str, str] = {}
    exams = exams_of(data, fashioniq_text.BENCHMARK, ("recall@10", "recall@50"))
    for split in ("train", *exams):
        for category in CATEGORIES:
            found = read_image_captions(data, category, split)
            captions |= {id: " ".join(text.split()) for id, text in found.items() if says(text)}
    exams = {split: reading(data, split, exam, captions) for split, exam in exams.items()}
    missing = {id: NO_CAPTION for id in ids if id not in captions} | lacking(exams)
    note = "Captions that a machine wrote stand for the photos: no figure here is one of FashionIQ."
    return Triplets(
        "captions", _examples(triplets, captions), (), (), {}, {}, captions, exams, missing, (note, *untested(exams))
    )
