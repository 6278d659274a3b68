"""Reads triplets (reference photo, change in words, target photo) in FashionIQ's layout, for training and validation.

There are three kinds of folders, recognised by their files:

    shop       catalogue.parquet, captions/, image_splits/: myntra, whose catalogue groups items that are equally right
    photos     captions/, image_splits/ and photos: FashionIQ
    captions   captions/, image_splits/ and image_captions/, no photos: captions take the place of photos

A photo that is missing is left out of triplets and galleries, and ``missing`` lists it with the reason.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ...catalogue.drawn import DrawnPhotos
from ...catalogue.fashioniq import CATEGORIES, Triplet, find_photos, read_image_captions, read_triplets
from ...errors import TrainError
from ...evaluate.benchmarks import fashioniq, fashioniq_text, myntra_changes, myntra_composed
from ...types import Photo
from ..words.lexicon import read_lexicon
from .captions import caption_forms, has_words
from .drawn import make_drawn_triplets
from .settings import CombinerSettings
from .shop import GeneratedTriplets, Shop, read_shop
from .validation_set import ValidationSet
from .validation_sets import (
    CHANGES_SELECTION_METRICS,
    NO_CAPTION,
    NO_PHOTO,
    SELECTION_METRICS,
    drawn_validation_sets,
    missing_photos,
    notes_without_test,
    read_validation_sets,
    with_captions,
)

__all__ = ["Example", "GeneratedSets", "Kind", "Triplets", "read_triplet_folder"]

Kind = Literal["shop", "photos", "captions"]
"""The kind of a folder: what it has as photos."""


@dataclass(frozen=True, slots=True)
class Example:
    """A triplet of the training set.

    Args:
        reference: id of the photo that the change is of.
        target: id of the photo that the change leads to.
        texts: the change, in four forms.
        group: of the target; photos of one group are equally right, so the loss takes none of them as a negative.
    """

    reference: str
    target: str
    texts: tuple[str, ...]
    group: str


GeneratedSets: TypeAlias = Sequence[tuple[Sequence[Example], float]]
"""Generated triplets, each with the number of them in an epoch as a share of the written ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Triplets:
    """The triplets and validation sets of a folder.

    Args:
        kind: of the folder.
        train: the triplets of train that people wrote.
        generated: triplets that were made from the colours of train, shuffled; may be empty.
        attributes: triplets that were made from its attributes, shuffled; may be empty.
        drawn: triplets of drawn garments, shuffled; may be empty.
        photos: id to photo of train; empty of a folder of captions.
        drawings: id to photo of ``drawn``.
        captions: id to caption of all splits; empty where there are photos.
        sets: name to validation set: ``val``; ``test`` where its targets are known; ``drawn.val`` and ``drawn.test``
            where there are drawn triplets.
        missing: id of a missing photo to the reason.
        notes: sentences that a reader of the figures needs.
    """

    kind: Kind
    train: tuple[Example, ...]
    generated: tuple[Example, ...]
    attributes: tuple[Example, ...]
    drawn: tuple[Example, ...]
    photos: Mapping[str, Photo]
    drawings: Mapping[str, Photo]
    captions: Mapping[str, str]
    sets: Mapping[str, ValidationSet]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Hex SHA-256 of the triplets and the validation sets' ids; a training resumes only where it is unchanged."""
        # the name of the class Example is part of what is hashed, so run folders depend on it
        lines = [repr(example) for example in (*self.train, *self.generated, *self.attributes, *self.drawn)]
        ids = [id for name in sorted(self.sets) for id in (name, *self.sets[name].ids())]
        return sha256("\n".join([*lines, *ids, *sorted(self.captions.values())]).encode()).hexdigest()

    def checked_photos(self) -> dict[str, Photo]:
        """Return the photos to check before training: those of train and the validation sets, but no drawn ones."""
        named = {id for e in (*self.train, *self.generated, *self.attributes) for id in (e.reference, e.target)}
        photos: dict[str, Photo] = {id: photo for id, photo in self.photos.items() if id in named}
        for own in self.sets.values():
            if not isinstance(own.loaded.photos, DrawnPhotos):
                photos.update((id, own.loaded.photos[id]) for id in own.ids() if id in own.loaded.photos)
        return photos

    def all_photos(self) -> Mapping[str, Photo]:
        """Return id to photo of all sets; a drawn photo is drawn when it is looked up."""
        others = (own.loaded.photos for own in self.sets.values())
        return ChainMap(self.photos, self.drawings, *others)  # type: ignore[arg-type]  # nobody writes

    def validation_sets(self) -> dict[str, ValidationSet]:
        """Return the sets that select the best epoch."""
        return {name: own for name, own in self.sets.items() if name.split(".")[-1] == "val"}

    def selection_rule(self) -> str:
        """Return in words how the best epoch is selected."""
        return "; ".join(
            f"mean of {', '.join(own.selection_metrics)} on {own.benchmark.name} val"
            for own in self.validation_sets().values()
        )

    def generated_sets(self, settings: CombinerSettings) -> GeneratedSets:
        """Return the triplets that join the written ones in an epoch."""
        return (
            (self.generated, settings.generated),
            (self.attributes, settings.generated),
            (self.drawn, settings.drawn),
        )

    def examples(self, settings: CombinerSettings) -> list[Example]:
        """Return all triplets that a training with these settings uses."""
        return [*self.train, *(e for made, share in self.generated_sets(settings) if share for e in made)]

    def sample(self, references: int, seed: int) -> Triplets:
        """Return the triplets of some of the reference photos; a smaller sample is part of a larger one.

        Args:
            references: how many photos; 0 for all.
            seed: of the choice.

        Raises:
            TrainError: none of them has a triplet that people wrote.
        """
        made = (self.train, self.generated, self.attributes, self.drawn)
        ids = np.array(sorted({e.reference for examples in made for e in examples}))
        if not references or references >= len(ids):
            return self
        chosen = frozenset(ids[np.random.default_rng(seed).permutation(len(ids))[:references]].tolist())
        train, generated, attributes, drawn = (tuple(e for e in some if e.reference in chosen) for some in made)
        if not train:
            raise TrainError(f"--references {references} leaves no triplet that people wrote: give more, or 0 for all")
        return replace(self, train=train, generated=generated, attributes=attributes, drawn=drawn)

    def without(self, gone: Mapping[str, str]) -> Triplets:
        """Return the triplets and galleries without some photos.

        Args:
            gone: id of a photo that can't be used, to the reason.

        Raises:
            TrainError: no triplet of train is left.
        """
        there = set(self.captions) or self.photos.keys() - gone.keys()
        train = tuple(e for e in self.train if e.reference in there and e.target in there)
        if not train:
            reason = next(iter(gone.values()), NO_PHOTO)
            raise TrainError(f"no triplet of train has both its photos, e.g. {reason}: put them there")
        return replace(
            self,
            train=train,
            generated=tuple(e for e in self.generated if e.reference in there and e.target in there),
            attributes=tuple(e for e in self.attributes if e.reference in there and e.target in there),
            sets={name: own.without(gone) for name, own in self.sets.items()},
        )


def read_triplet_folder(data: Path, seed: int, *, drawn: bool = False) -> Triplets:
    """Read a folder of any of the three kinds.

    Args:
        data: the folder, in FashionIQ's layout.
        seed: of the random order of generated and drawn triplets.
        drawn: True adds triplets of drawn garments to those of a shop.

    Raises:
        CatalogueError: a file is missing or can't be read.
        TrainError: the folder has neither photos nor captions.
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
    return bool(triplet.target) and triplet.target != triplet.candidate and any(map(has_words, triplet.bare))


def _examples(triplets: list[Triplet], group: Mapping[str, str]) -> tuple[Example, ...]:
    return tuple(Example(t.candidate, t.target, caption_forms(t.bare), group.get(t.target, t.target)) for t in triplets)


def _made(made: GeneratedTriplets, group: Mapping[str, str]) -> tuple[Example, ...]:
    return tuple(Example(reference, target, texts, group.get(target, target)) for reference, target, texts in made)


def _shop(data: Path, triplets: list[Triplet], shop: Shop, seed: int, drawn: bool) -> Triplets:
    named = {id for triplet in triplets for id in (triplet.candidate, triplet.target)}
    sets = read_validation_sets(data, myntra_composed.BENCHMARK, SELECTION_METRICS)
    if shop.attributes:
        changes = read_validation_sets(data, myntra_changes.BENCHMARK, CHANGES_SELECTION_METRICS)
        sets |= {f"changes.{split}": own for split, own in changes.items()}
    garments = make_drawn_triplets(read_lexicon(), seed) if drawn else None
    made = _made(shop.generated, shop.group)
    return Triplets(
        kind="shop",
        train=_examples(triplets, shop.group),
        generated=made,
        attributes=_made(shop.attributes, shop.group),
        drawn=_made(garments.generated, garments.group) if garments else (),
        photos=shop.photos,
        drawings=garments.photos if garments else {},
        captions={},
        sets=sets | (drawn_validation_sets() if drawn else {}),
        missing=dict.fromkeys(sorted(named - shop.photos.keys()), NO_PHOTO) | missing_photos(sets),
        notes=(
            f"{len(made):,} more triplets can be made of the catalogue's designs and colours, "
            f"{len(shop.attributes):,} of its attributes.",
        ),
    )


def _photos(data: Path, triplets: list[Triplet], photos: Mapping[str, Photo], ids: list[str]) -> Triplets:
    sets = read_validation_sets(data, fashioniq.BENCHMARK, ("recall@10", "recall@50"))
    missing = {id: NO_PHOTO for id in ids if id not in photos} | missing_photos(sets)
    return Triplets(
        "photos", _examples(triplets, {}), (), (), (), photos, {}, {}, sets, missing, notes_without_test(sets)
    )


def _captions(data: Path, triplets: list[Triplet], ids: list[str]) -> Triplets:
    captions: dict[str, str] = {}
    sets = read_validation_sets(data, fashioniq_text.BENCHMARK, ("recall@10", "recall@50"))
    for split in ("train", *sets):
        for category in CATEGORIES:
            found = read_image_captions(data, category, split)
            captions |= {id: " ".join(text.split()) for id, text in found.items() if has_words(text)}
    sets = {split: with_captions(data, split, own, captions) for split, own in sets.items()}
    missing = {id: NO_CAPTION for id in ids if id not in captions} | missing_photos(sets)
    note = "Captions that a machine wrote stand for the photos: no figure here is one of FashionIQ."
    return Triplets(
        "captions",
        _examples(triplets, captions),
        (),
        (),
        (),
        {},
        {},
        captions,
        sets,
        missing,
        (note, *notes_without_test(sets)),
    )
