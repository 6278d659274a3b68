"""What a Combiner learns from and is measured on: triplets in FashionIQ's layout, of photos or of what stands for them.

Three kinds of folders, told apart by what lies in them:

    shop       catalogue.parquet, captions/, image_splits/: myntra, whose catalogue also says which items are as right
    photos     captions/, image_splits/ and photos: FashionIQ
    captions   captions/, image_splits/ and image_captions/, no photo: the captions' text stands for the photos

A photo that can't be had is left out of triplets and galleries alike, and listed with the reason: it never makes a
gallery smaller in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

from ...catalogue.fashioniq import (
    CATEGORIES,
    NAMES,
    Triplet,
    find_photos,
    read_image_captions,
    read_triplets,
)
from ...errors import TrainError
from ...evaluate.benchmarks import fashioniq, fashioniq_text, myntra_composed
from ...evaluate.task import Benchmark, Options, Question
from ...types import Photo
from .captions import forms, says
from .exam import Exam
from .shop import Shop, read_shop

__all__ = ["Example", "Kind", "Triplets", "read_data"]

Kind = Literal["shop", "photos", "captions"]

NO_PHOTO, NO_CAPTION = "the folder has no photo of it", "the folder has no caption of it"


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


@dataclass(frozen=True, slots=True, eq=False)
class Triplets:
    """All of a folder.

    Args:
        kind: what stands for the photos.
        train: the triplets of train.
        more: triplets that were made from the labels of train, in an order of chance; may be empty.
        photos: id to photo of train, empty where captions stand for them.
        captions: id to caption of all splits, empty where there are photos.
        exams: ``val``, and ``test`` where its targets are known.
        missing: id to the reason of photos that are named and not there.
        notes: what a reader of the figures must know.
    """

    kind: Kind
    train: tuple[Example, ...]
    more: tuple[Example, ...]
    photos: Mapping[str, Photo]
    captions: Mapping[str, str]
    exams: Mapping[str, Exam]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Hex, of the triplets to learn from and the ids of what asks: others are another training."""
        said = [repr(example) for example in (*self.train, *self.more)]
        asked = [id for name in sorted(self.exams) for id in (name, *self.exams[name].ids())]
        return sha256("\n".join([*said, *asked, *sorted(self.captions.values())]).encode()).hexdigest()

    def named(self) -> dict[str, Photo]:
        """All photos that there are, of train and of what asks."""
        own = {e.reference for e in (*self.train, *self.more)} | {e.target for e in (*self.train, *self.more)}
        photos: dict[str, Photo] = {id: photo for id, photo in self.photos.items() if id in own}
        for exam in self.exams.values():
            photos.update((id, exam.loaded.photos[id]) for id in exam.ids() if id in exam.loaded.photos)
        return photos

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


def read_data(data: Path, seed: int) -> Triplets:
    """Read a folder.

    Args:
        data: in FashionIQ's layout.
        seed: of what is made by chance.

    Raises:
        CatalogueError: files that are missing or can't be read.
        TrainError: neither photos nor captions.
    """
    splits = {category: read_triplets(data, category, "train") for category in CATEGORIES}
    whole = [triplet for triplets in splits.values() for triplet in triplets if _teaches(triplet)]
    if (data / "catalogue.parquet").is_file():
        return _shop(data, whole, read_shop(data, "train", seed))
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


def _shop(data: Path, triplets: list[Triplet], shop: Shop) -> Triplets:
    named = {id for triplet in triplets for id in (triplet.candidate, triplet.target)}
    exams = _exams(data, myntra_composed.BENCHMARK, ("any@1", "any@10", "any@50"))
    made = tuple(Example(reference, target, texts, shop.group[target]) for reference, target, texts in shop.made)
    return Triplets(
        kind="shop",
        train=_examples(triplets, shop.group),
        more=made,
        photos=shop.photos,
        captions={},
        exams=exams,
        missing=dict.fromkeys(sorted(named - shop.photos.keys()), NO_PHOTO) | _lacking(exams),
        notes=(f"{len(made):,} more triplets can be made of the catalogue's designs and colours.",),
    )


def _photos(data: Path, triplets: list[Triplet], photos: Mapping[str, Photo], ids: list[str]) -> Triplets:
    exams = _exams(data, fashioniq.BENCHMARK, ("recall@10", "recall@50"))
    missing = {id: NO_PHOTO for id in ids if id not in photos} | _lacking(exams)
    return Triplets("photos", _examples(triplets, {}), (), photos, {}, exams, missing, _untested(exams))


def _captions(data: Path, triplets: list[Triplet], ids: list[str]) -> Triplets:
    captions: dict[str, str] = {}
    exams = _exams(data, fashioniq_text.BENCHMARK, ("recall@10", "recall@50"))
    for split in ("train", *exams):
        for category in CATEGORIES:
            found = read_image_captions(data, category, split)
            captions |= {id: " ".join(text.split()) for id, text in found.items() if says(text)}
    exams = {split: _reading(data, split, exam, captions) for split, exam in exams.items()}
    missing = {id: NO_CAPTION for id in ids if id not in captions} | _lacking(exams)
    note = "Captions that a machine wrote stand for the photos: no figure here is one of FashionIQ."
    return Triplets(
        "captions", _examples(triplets, captions), (), {}, captions, exams, missing, (note, *_untested(exams))
    )


def _exams(data: Path, benchmark: Benchmark, judged: tuple[str, ...]) -> dict[str, Exam]:
    """Val, and test where it is there and doesn't hide its targets."""
    exams = {}
    for split in ("val", "test"):
        if split == "test" and not _told(data):
            continue
        options = Options(data, split, benchmark.protocols[0])
        loaded = benchmark.load(options)
        exams[split] = Exam(benchmark, options, loaded, {}, lambda q: (q.photo, q.text), judged)
    return exams


def _told(data: Path) -> bool:
    """Whether there is a split test that says its targets."""
    files = [data / "captions" / NAMES["captions"].format(category, "test") for category in CATEGORIES]
    if not all(file.is_file() for file in files):
        return False
    return all(triplet.target for category in CATEGORIES for triplet in read_triplets(data, category, "test"))


def _reading(data: Path, split: str, exam: Exam, captions: Mapping[str, str]) -> Exam:
    """The exam of captions: its questions are "caption, but change", which a Combiner is asked in two parts."""
    triplets = {category: read_triplets(data, category, split) for category in CATEGORIES}

    def asked(question: Question) -> tuple[str, str]:
        category, _, place = question.id.partition("/")
        triplet = triplets[category][int(place)]
        return triplet.candidate, triplet.joined

    return replace(exam, captions=captions, asked=asked)


def _lacking(exams: Mapping[str, Exam]) -> dict[str, str]:
    """Photos that what asks names, and that are not there."""
    return {
        id: NO_CAPTION if exam.captions else NO_PHOTO
        for exam in exams.values()
        for id in exam.ids()
        if id not in (exam.captions or exam.loaded.photos)
    }


def _untested(exams: Mapping[str, Exam]) -> tuple[str, ...]:
    if "test" in exams:
        return ()
    return ("There is no split test with targets: the figures are of val, on which the best epoch was chosen.",)
