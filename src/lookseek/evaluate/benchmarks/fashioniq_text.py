"""A proxy of FashionIQ for where its photos can't be had: captions that a machine wrote stand for them.

A query is the caption of the reference followed by the change, both captions of it joined and in small letters,
e.g. "a woman in a white dress, but brighter and more playful looking and is red with a floral print"; what is ranked
are the captions of the gallery. It measures how well a model of words follows FashionIQ's changes. It is no figure of
FashionIQ and compares with none: no photo is looked at, and many photos have the same caption.

Source: the form "caption, but c1 and c2": github.com/haokunwen/DQU-CIR, ``src/datasets.py``, ``textual_query``, which
also mends the spelling; ours does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...catalogue.fashioniq import CATEGORIES, Triplet, read_image_captions
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options
from .fashioniq import GALLERIES, Ask, Cohort, read_cohort, task_of

__all__ = ["BENCHMARK"]

PROXY = "proxy-"
"""Begins every protocol here."""

WARNING = "This is a proxy and no figure of FashionIQ: captions that a machine wrote stand for the photos."


def _load(options: Options) -> Loaded:
    protocol = options.protocol.removeprefix(PROXY)
    texts: dict[str, str] = {}
    silent: set[str] = set()
    labels: dict[str, str] = {}
    notes = [WARNING, f"In protocol {options.protocol} {GALLERIES[protocol]}; captions in place of photos."]
    tasks = []
    for category in CATEGORIES:
        captions = _captions(options.data, category, options.split)
        whole = read_cohort(options.data, category, options.split, protocol)
        cohort = _captioned(whole, captions)
        silent |= _photos(whole) - captions.keys()
        task, more = task_of(cohort, _asking(captions))
        tasks.append(task)
        texts = {id: captions[id] for id in cohort.gallery} | texts
        labels |= dict.fromkeys(cohort.gallery, category)
        notes += [*cohort.notes, *more]
    shown = [texts[id] for task in tasks for id in task.gallery]
    alike = len(shown) - sum(len({texts[id] for id in task.gallery}) for task in tasks)
    notes.append(
        f"{alike:,} of {len(shown):,} captions repeat an earlier one of their gallery and can't be told from it."
    )
    return Loaded(tuple(tasks), {}, texts=texts, missing=tuple(sorted(silent)), labels=labels, notes=tuple(notes))


def _captions(folder: Path, category: str, split: str) -> dict[str, str]:
    """Id to caption, runs of blanks as one blank, without those that say nothing."""
    found = read_image_captions(folder, category, split)
    return {id: text for id, caption in found.items() if (text := " ".join(caption.split()).strip(".?, "))}


def _photos(cohort: Cohort) -> set[str]:
    return {*cohort.gallery, *(triplet.candidate for triplet in cohort.triplets.values())}


def _captioned(cohort: Cohort, captions: Mapping[str, str]) -> Cohort:
    """Return the part of a cohort whose photos have captions."""
    triplets = {
        id: triplet
        for id, triplet in cohort.triplets.items()
        if triplet.candidate in captions and triplet.target in captions
    }
    lost = len(cohort.triplets) - len(triplets)
    if not triplets:
        raise CatalogueError(
            f"none of the {lost:,} {cohort.category} triplets has captions of both its images: "
            "take image_captions of the same split and category"
        )
    what = f"{lost:,} of {len(cohort.triplets):,} {cohort.category} triplets are left out: an image has no caption."
    return replace(
        cohort,
        triplets=triplets,
        gallery=tuple(id for id in cohort.gallery if id in captions),
        notes=(*cohort.notes, *((what,) if lost else ())),
    )


def _asking(captions: Mapping[str, str]) -> Ask:
    """Asks with the reference's caption and the change, in small letters as captions are."""

    def ask(id: str, triplet: Triplet) -> Sequence[EvaluationQuery]:
        change = " and ".join(filter(None, triplet.bare)).lower()
        return [EvaluationQuery(id, text=f"{captions[triplet.candidate]}, but {change}")] if change else []

    return ask


BENCHMARK = Benchmark(
    name="fashioniq-text",
    about="PROXY, no figure of FashionIQ: machine captions stand for the photos; caption and change find a caption",
    needs="captions/, image_splits/ as for fashioniq, image_captions/ of github.com/haokunwen/DQU-CIR; no photos",
    size="6,016 queries, gallery 15,536 captions, 8,619 in proxy-val-split",
    query_type="words",
    protocols=tuple(f"{PROXY}{protocol}" for protocol in GALLERIES),
    load=_load,
    split="val",
)
