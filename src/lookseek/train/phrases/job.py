"""The recipe ``phrases``: from photos of which much is known to directions of phrases, and their figures on val."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...atomic import write_bytes, write_text
from ...encode import load_model
from ...encode.phrases import PHRASE_ROWS, PHRASES, Phrases, open_phrases, write_phrases
from ...encode.reading import interpretations
from ...encode.text import HeadedSentences
from ...errors import TrainError
from ...evaluate.cache import embed_texts
from ...progress import Progress
from ...types import Vectors
from ...vectors import unit
from ..adapt.examples import Examples, read_examples
from ..adapt.validation import ValidationQueries, precision_by_kind, validation_queries
from ..frozen_vectors import frozen_vectors, model_address
from ..labelled import SPLITS
from ..trainer.run_folder import source_address
from ..words.fact_table import FactTable
from ..words.lexicon import read_lexicon
from .directions import fact_directions, phrase_rows
from .run import FIGURES, PhrasesRun, run_folder
from .settings import settings_of

__all__ = ["TrainedPhrases", "train_phrases"]

_VAL_DRAWN = 10
"""Drawn garments of train for one of val."""


@dataclass(frozen=True, slots=True)
class TrainedPhrases:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        facts: that have a direction.
        phrases: that mean one.
        figures: content of ``figures.json``: name to precision@10 without and with phrases.
        notes: what a reader of the figures must know.
    """

    folder: Path
    run: PhrasesRun
    facts: int
    phrases: int
    figures: Mapping[str, Sequence[float]]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        told = ", ".join(f"{name} {before:.3f} -> {after:.3f}" for name, (before, after) in self.figures.items())
        return [
            f"{self.phrases:,} phrases of {self.facts:,} facts for the words of {run.model} · preset {run.preset} · "
            f"{run.photos['train']:,} photos",
            f"on val, right photos among the first 10 without and with phrases: {told}",
            f"go on with: lookseek export {self.folder} MODEL",
        ]


class _Photos(Mapping[str, Path | bytes]):
    """The photos of examples by id, each cut out or drawn when it is asked for."""

    def __init__(self, splits: Mapping[str, Examples]) -> None:
        self._place = {item.id: (some, row) for some in splits.values() for row, item in enumerate(some.items)}

    def __getitem__(self, id: str) -> Path | bytes:
        examples, row = self._place[id]
        return examples.photo(row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


def train_phrases(
    data: str, out: Path, *, preset: str = "modern", changes: Mapping[str, Any], model: str, progress: Progress
) -> TrainedPhrases:
    """Find what phrases mean in a model's space. Vectors of photos are kept, so the same call goes on where it stopped.

    Args:
        data: the folder of photos of which something is known, as ``read_examples`` takes it.
        out: the run folder; made where it does not exist.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        model: whose words learn: it reads them by the sentence model.
        progress: notified of every photo and text.

    Raises:
        TrainError: data, model or settings that can't be used, or a folder that holds another training.
        CatalogueError: the data can't be read.
        ModelError: the model can't be loaded.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    loaded = load_model(model)
    if not isinstance(loaded.text, HeadedSentences):
        raise TrainError(
            f"the model {loaded.name} has no words that phrases could help: give one that train adapt made"
        )
    lexicon = read_lexicon()
    facts = FactTable.of(lexicon)
    counts = {"train": settings.drawn, "val": settings.drawn // _VAL_DRAWN, "test": 0}
    examples = {split: read_examples(Path(data), split, counts[split], lexicon) for split in SPLITS if split != "test"}
    ids = {split: [item.id for item in examples[split].items] if split in examples else [] for split in SPLITS}
    out.mkdir(parents=True, exist_ok=True)
    rows, vectors = frozen_vectors(loaded, _Photos(examples), ids, out, progress)
    run = PhrasesRun(
        recipe="phrases",
        preset=preset,
        settings=settings,
        data=source_address(data),
        model=model_address(loaded, model),
        checksum=loaded.checksum,
        words=loaded.words,
        photos={split: len(rows[split]) for split in examples},
        content=sha256("".join(some.content for some in examples.values()).encode()).hexdigest(),
    )
    run_folder(out).begin(run)
    known = {split: facts.known([some.items[row].facts for row in rows[split]]) for split, some in examples.items()}
    joint = loaded.parts.get("joint", loaded.dim)
    told, directions = fact_directions(
        unit(vectors["train"][:, :joint]), *known["train"], least=settings.least, ridge=settings.ridge
    )
    if not len(told):
        raise TrainError(
            f"no fact has {settings.least} photos that have it and as many that lack it in {data}: give more photos, "
            "or a smaller --least"
        )
    phrases = phrase_rows(lexicon, facts, told)
    files = write_phrases(phrases, directions * settings.pull)
    for name, content in files.items():
        write_bytes(out / name, content)
    opened = open_phrases(files[PHRASES], files[PHRASE_ROWS], loaded.dim, out)
    queries = validation_queries(facts, known["val"][0], lexicon)
    figures = _figures(loaded.text, opened, vectors["val"], queries, progress)
    write_text(out / FIGURES, json.dumps(figures, indent=1) + "\n")
    return TrainedPhrases(out, run, len(told), len(phrases), figures)


def _figures(
    text: HeadedSentences,
    phrases: Phrases,
    photos: Vectors,
    queries: ValidationQueries,
    progress: Progress,
) -> dict[str, tuple[float, float]]:
    """Return precision@10 on val by kind of query, without and with phrases."""
    if not queries.texts:
        return {}
    read = [interpretation.text for interpretation in interpretations(text, queries.texts)]
    bare = text.project(embed_texts(read, text.sentences, text.sentences.key, progress))
    before = precision_by_kind(photos, unit(bare), queries)
    after = precision_by_kind(photos, unit(phrases.add(read, bare)), queries)
    return {name: (before[name], after[name]) for name in before}
