"""What is measured: a model folder, the colours alone, or vectors that another program made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np

from .. import images
from ..encode import ColourEncoder, Encoder, Model, Prepared, load_model
from ..encode.pairs.load import load_pair_encoder
from ..errors import ModelError, QueryError
from ..progress import Progress
from ..search.vector_weights import look_and_colour
from ..store.schema import COLOUR, LOOK
from ..types import Metric, Photo, Pixels, Vectors
from ..vectors import unit
from .cache import cache_key, embed_photos
from .flat_cells import FlatCells
from .task import EvaluationQuery, Loaded
from .words import Reader, has_words, reader_of

__all__ = ["Embedded", "System", "open_system"]


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Vectors of a benchmark's photos and queries.

    Args:
        vectors: by name, float32 (n, dim), of length 1 where they are compared by cosine.
        rows: the row of each photo id and each query's key; a photo that is not here could not be had.
        remarks: what else a reader must know of how these queries were asked; they stand in the result's model.
    """

    vectors: Mapping[str, Vectors]
    rows: Mapping[str, int]
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def routed(self) -> Vectors:
        """The vectors that routers go by: the look's, as in a search, or the only ones there are."""
        return self.vectors[LOOK if LOOK in self.vectors else next(iter(self.vectors))]

    def of(self, keys: Iterable[str]) -> dict[str, Vectors]:
        """Return the vectors of these photos or queries, by name."""
        rows = [self.rows[key] for key in keys]
        return {name: vectors[rows] for name, vectors in self.vectors.items()}


Embed: TypeAlias = Callable[[Loaded, Sequence[str], Sequence[EvaluationQuery], Progress], Embedded]


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Something that turns a benchmark's photos and queries into vectors.

    Args:
        info: name, checksum and all else that its vectors depend on.
        metric: how they are compared.
        embed: given what was loaded, the ids of photos and the queries, gives their vectors.
        seen: a photo as the model sees it, for pictures; None where nobody knows.
        weights: the share of each vector in the score, above 0.
        model: the model that is measured, which an index could be made with; None of anything else.
    """

    info: Mapping[str, str | float]
    metric: Metric
    embed: Embed
    seen: Callable[[Photo], Pixels] | None
    weights: Mapping[str, float] = field(default_factory=lambda: {LOOK: 1.0})
    model: Model | None = None


def open_system(
    model: str,
    metric: Metric = "cosine",
    colour_weight: float = 0.0,
    composer: str | None = None,
    *,
    literal: bool = False,
    pairs: bool = False,
) -> System:
    """Opens what is to be measured.

    Args:
        model: a shipped model's name, a model folder, ``colour``, or a ``.npy`` file of vectors.
        metric: how vectors are compared.
        colour_weight: share of the colour in the score, 0 to 1, as a search has it; of a model, by cosine.
        composer: what asks for a photo with a change in words: the name of a composer, ``photo`` or ``text`` for that
            part alone; None for the model's own, else the sum; of a model that reads none, the photo.
        literal: True takes words as they stand; False as a search reads them (``encode.interpret``).
        pairs: True adds the cells that the model's matcher compares, which only a re-ranker looks at.

    Raises:
        ModelError: no such model, vectors that can't be used, or cells of a model that has no matcher.
        QueryError: a colour weight out of range, or where none is possible; no such composer.
    """
    if not 0 <= colour_weight <= 1:
        raise QueryError(f"colour weight is {colour_weight}: give a share from 0 to 1")
    encoders = not model.endswith(".npy") and model != "colour"
    if colour_weight and (not encoders or metric != "cosine"):
        raise QueryError("a colour weight goes with a model's vectors and the cosine: leave one of the two out")
    if composer is not None and not encoders:
        raise QueryError(
            f"{model} has no words that could be composed by {composer!r}: leave --composer out, or give a model"
        )
    if pairs and not encoders:
        raise ModelError(f"{model} has no cells that pairs could compare: give a model, or another re-ranker")
    if model.endswith(".npy"):
        return _external(Path(model), metric)
    colour = ColourEncoder()
    if model == "colour":
        info: dict[str, str | float] = {"name": "colour", "checksum": colour.version, "metric": metric}
        return _of_encoders({colour.version: colour}, {COLOUR: 1.0}, info, metric, None)
    loaded = load_model(model)
    made_by, reader = cache_key(loaded), reader_of(loaded, composer, literal=literal)
    info = {
        "name": loaded.name,
        "checksum": loaded.checksum,
        "runtime": loaded.runtime,
        "precision": loaded.precision,
        "metric": metric,
    }
    weights = look_and_colour(colour_weight)
    made: dict[str, Encoder] = {made_by: loaded.image}
    if pairs:
        cells = FlatCells(load_pair_encoder(loaded))
        made[f"{made_by}-{cells.name}"] = cells
    if not colour_weight:
        return replace(_of_encoders(made, weights, info, metric, reader), model=loaded)
    info |= {"colour_weight": colour_weight, "colour": colour.version}
    both = _of_encoders(made | {colour.version: colour}, weights, info, metric, reader)
    return replace(both, model=loaded) if pairs else both


def _of_encoders(
    encoders: Mapping[str, Encoder],
    weights: Mapping[str, float],
    info: dict[str, str | float],
    metric: Metric,
    reader: Reader | None,
) -> System:
    """Return a system that encodes photos, and words if it has a reader."""
    first = next(iter(encoders.values()))

    def embed(
        loaded: Loaded, photos: Sequence[str], queries: Sequence[EvaluationQuery], progress: Progress
    ) -> Embedded:
        if reader is not None and reader.needs(loaded, queries):
            _check_comparable(len(encoders), metric)
            return _of_words(reader, encoders, loaded, photos, queries, progress)
        if has_words(loaded, queries):
            raise ModelError(
                f"{info['name']} reads no words, and this benchmark asks with words: give --model a file of vectors "
                "(.npy) that another model made; --inputs writes what it has to encode"
            )
        why = "the model reads no words" if reader is None else "the words were left out"
        alone = {"query": f"the reference photo alone: {why}"}
        remarks = alone if any(query.text for query in queries) else {}
        vectors, rows = embed_photos(loaded.photos, photos, encoders, progress)
        if metric == "cosine":
            vectors = {name: unit(some) for name, some in vectors.items()}
        keys = {query.key: rows[query.photo] for query in queries if query.photo in rows}
        return Embedded(vectors, rows | keys, remarks)

    def seen(photo: Photo) -> Pixels:
        return _picture(first.prepare(images.decode(photo, first.min_side)))

    return System(info, metric, embed, seen if first.name != COLOUR else None, weights)


def _check_comparable(encoders: int, metric: Metric) -> None:
    if encoders > 1:
        raise QueryError(
            "a text has no colour and no cells to compare: leave --colour-weight and --rerank pairs out where words ask"
        )
    if metric != "cosine":
        raise QueryError(f"words and photos have no common length, so {metric} says nothing: use cosine")


def _of_words(
    reader: Reader,
    encoders: Mapping[str, Encoder],
    loaded: Loaded,
    photos: Sequence[str],
    queries: Sequence[EvaluationQuery],
    progress: Progress,
) -> Embedded:
    """Photos and the texts that stand for some, then words that ask, then changes; each row of length 1."""
    shown = [id for id in photos if id not in loaded.texts]
    look = np.empty((0, reader.text.dim), np.float32)
    rows: dict[str, int] = {}
    if shown:
        vectors, rows = embed_photos(loaded.photos, shown, encoders, progress)
        (look,) = vectors.values()
    standing = {id: loaded.texts[id] for id in photos if id in loaded.texts}
    spoken = [text for q in queries for text in (q.text, q.plus, q.minus) if text]
    read, row_of = reader.read([*standing.values(), *spoken], progress)
    known, first = np.concatenate([unit(look), unit(read)]), len(look)
    rows |= {id: first + row_of[text] for id, text in standing.items()}
    changes = [q for q in queries if q.text and q.photo in rows]
    tokens = _tokens(reader, loaded, [q.photo for q in changes], progress)
    photos_of, texts_of = [rows[q.photo] for q in changes], [first + row_of[q.text] for q in changes]
    composed = reader.change(known[photos_of], known[texts_of], tokens)
    keys = {q.key: rows[q.photo] for q in queries if not q.text and q.photo in rows}
    keys |= {q.key: first + row_of[q.text] for q in queries if not (q.photo or q.plus or q.minus)}
    keys |= {q.key: len(known) + at for at, q in enumerate(changes)}
    sums = [q for q in queries if (q.plus or q.minus) and not q.photo]
    keys |= {q.key: len(known) + len(changes) + at for at, q in enumerate(sums)}
    added = reader.sums(sums, lambda text: known[first + row_of[text]])
    return Embedded({LOOK: np.concatenate([known, composed, added])}, rows | keys, reader.said(queries))


def _tokens(reader: Reader, loaded: Loaded, ids: Sequence[str], progress: Progress) -> Vectors | None:
    """What the composer sees of reference photos, float32 (len(ids), numbers); None where it needs vectors alone."""
    encoder = reader.composer.reference if ids and all(id in loaded.photos for id in ids) else None
    if encoder is None:
        return None
    found, rows = embed_photos(loaded.photos, list(dict.fromkeys(ids)), {encoder.version: encoder}, progress)
    tokens: Vectors = found[encoder.name][[rows[id] for id in ids]]
    return tokens


def _external(path: Path, metric: Metric) -> System:
    """Return a system of another program's vectors: ``NAME.npy``, float (n, dim), and ``NAME.txt``, a key a line."""
    names = path.with_suffix(".txt")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        keys = names.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n")
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(
            f"{path} and {names} can't be read ({error}): give a .npy of shape (n, dim) and beside it a .txt "
            "that names each row, a line each"
        ) from error
    if array.ndim != 2 or array.dtype.kind != "f" or len(array) != len(keys) or array.shape[1] == 0:
        raise ModelError(
            f"{path} holds {array.dtype} of shape {array.shape} and {names} {len(keys):,} names: give floats of "
            "shape (n, dim) and a name for each row"
        )
    rows = {key: row for row, key in enumerate(keys)}
    if len(rows) < len(keys):
        twice = next(key for row, key in enumerate(keys) if rows[key] != row)
        raise ModelError(f"{names} names {twice!r} twice: each key has one vector")
    checksum = sha256(path.read_bytes() + names.read_bytes()).hexdigest()
    info: dict[str, str | float] = {"name": path.stem, "checksum": checksum, "metric": metric}

    def embed(
        loaded: Loaded, photos: Sequence[str], queries: Sequence[EvaluationQuery], progress: Progress
    ) -> Embedded:
        unknown = [query.key for query in queries if query.text and query.key not in rows]
        if unknown:
            raise ModelError(
                f"{path} has no vector for {len(unknown):,} of {len(queries):,} queries, e.g. {unknown[0]!r}: "
                "--inputs writes the keys that the benchmark asks for"
            )
        wanted = [key for key in dict.fromkeys([*photos, *(q.key for q in queries)]) if key in rows]
        if not any(photo in rows for photo in photos):
            raise ModelError(
                f"{names} names none of the benchmark's {len(photos):,} photos: it begins with {keys[0]!r}, they are "
                f"called e.g. {photos[0]!r}; --inputs writes all keys"
            )
        progress.phase("vectors", len(wanted))
        with np.errstate(over="ignore"):
            vectors = np.asarray(array[[rows[key] for key in wanted]]).astype(np.float32)
        if not np.isfinite(vectors).all():
            raise ModelError(f"{path} holds nan, infinity or numbers beyond float32: make the vectors anew")
        if metric == "cosine" and not (none := np.any(vectors, axis=1)).all():
            raise ModelError(
                f"the vector of {wanted[int(none.argmin())]!r} in {path} is all zeros, which by cosine is like "
                "nothing: make it anew, or leave the photo out"
            )
        progress.advance(len(wanted))
        made = unit(vectors) if metric == "cosine" else vectors
        return Embedded({LOOK: made}, {key: row for row, key in enumerate(wanted)})

    return System(info, metric, embed, None)


def _picture(prepared: Prepared) -> Pixels:
    """Return an encoder's input as a picture; numbers that are not pixels are stretched to 0 to 255."""
    array = prepared if prepared.shape[-1] == 3 else np.moveaxis(prepared, 0, -1)
    if array.dtype != np.uint8:
        low, high = float(array.min()), float(array.max())
        array = ((array - low) / max(high - low, 1e-9) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(array)
