"""Chooses an index's spec from the one that it has, what a person gave, and what the source's vectors allow."""

from __future__ import annotations

from pathlib import Path

from ..catalogue import VectorOrigin
from ..encode import ColourEncoder, Model, load_model
from ..encode.garments import load_parser
from ..encode.hub import is_hub
from ..encode.pairs.encoder import is_pair_vector, pair_vector
from ..encode.pairs.load import load_matcher
from ..encode.public_models import is_public, pinned_name
from ..encode.response_colour import ResponseColourEncoder
from ..errors import CatalogueError, IndexMismatch
from ..store import Layout, VectorSpec, default_store
from ..store.schema import COLOUR, GARMENTS, LOOK, LOOK_EUCLIDEAN, RESPONSE_COLOUR, further_vectors
from ..types import FolderStore, Metric, StoreType
from .garment_vectors import parser_version
from .manifest import IndexSpec, Manifest
from .place import Place


def resolve_spec(
    place: Place,
    origin: VectorOrigin | None,
    model: str | Path | None,
    metric: Metric | None,
    store: FolderStore | None,
    garments: bool | None = None,
    response_colour: bool | None = None,
    pairs: bool | None = None,
) -> tuple[IndexSpec, Model]:
    """Choose how the vectors of an index are made, and load the model for it.

    Args:
        place: of the index, which need not exist. Its spec holds where nothing else is given.
        origin: how the source's vectors were made; None for photos.
        model: as a person gave it; None for the index's, then the vectors', then the one that ships.
        metric: as a person gave it; None for the index's, then the vectors'.
        store: what keeps a new index in a folder; None for the default here, or the place's.
        garments: whether a vector is kept for each garment, as a person said; None for what the index has.
        response_colour: whether the colour of the strongest cells is kept, likewise.
        pairs: whether the cells that the model's matcher compares are kept, likewise.

    Raises:
        ModelError: the model can't be used.
        CatalogueError: the vectors are not the model's, or not what the metric needs.
        IndexMismatch: the index keeps what the vectors lack.
    """
    there = place.published() or place.unfinished()
    if there is not None:
        model = model or there.spec.model_path or there.spec.model
        metric = metric or ("euclidean" if LOOK_EUCLIDEAN in there.spec.layout else "cosine")
    kept_by = _kept_by(place, there, store)
    if origin is not None:
        model = model or origin.model or _refuse_nameless(origin)
        metric = metric or origin.metric
    loaded = load_model(model) if model else load_model()
    if origin is not None:
        _check_agreement(origin, loaded, metric)
    # An index that was made from features without colours stays without: photos may be added to it.
    before = there.spec if there is not None and there.spec.checksum == loaded.checksum else None
    coloured = _keeps_colours(place, before, origin)
    layout: dict[str, VectorSpec] = {LOOK: VectorSpec(loaded.dim, "cosine")}
    if metric == "euclidean":
        layout[LOOK_EUCLIDEAN] = VectorSpec(loaded.dim, "euclidean")
    if coloured:
        layout[COLOUR] = VectorSpec(ColourEncoder().dim, "cosine")
    further = {} if origin is None else dict(origin.vectors)
    finds = _finds_garments(there, origin, garments)
    if finds:
        further[GARMENTS] = VectorSpec(loaded.dim, "cosine", multi=True)
    if _sees_response_colour(there, origin, response_colour):
        further[RESPONSE_COLOUR] = VectorSpec(ResponseColourEncoder.dim, "cosine")
    if _keeps_cells(there, origin, pairs):
        reduction = load_matcher(loaded).reduction
        further[pair_vector(reduction)] = VectorSpec(len(reduction.weight), "cosine", multi=True)
    if before is not None and any(
        name not in before.layout and (name in (GARMENTS, RESPONSE_COLOUR) or is_pair_vector(name)) for name in further
    ):
        before = None  # other vectors: the index is made anew
    _check_further(before, further, place)
    layout |= further
    regions = _regions(before, origin, finds)
    path = _model_address(model)
    colour = ColourEncoder.version if coloured else ""
    return IndexSpec(loaded.name, path, loaded.checksum, colour, layout, kept_by, regions), loaded


def _kept_by(place: Place, there: Manifest | None, store: FolderStore | None) -> StoreType:
    """Return what keeps the index.

    Raises:
        IndexMismatch: a store of folders for an index that is in none.
    """
    if place.store is not None and store is not None:
        raise IndexMismatch(
            f"{place.address} is kept by {place.store}, and --store {store} keeps folders: leave it out"
        )
    return place.store or (there.spec.store if there is not None else store or default_store()[0])


def _keeps_colours(place: Place, before: IndexSpec | None, origin: VectorOrigin | None) -> bool:
    """Return whether the index keeps colours.

    Raises:
        IndexMismatch: it does, and the source has none.
    """
    coloured = COLOUR in before.layout if before is not None else origin is None or bool(origin.colour)
    if coloured and origin is not None and not origin.colour:
        raise IndexMismatch(
            f"{place.address} keeps colours and these features have none: give a new folder for their index, or index "
            "photos"
        )
    return coloured


def _regions(before: IndexSpec | None, origin: VectorOrigin | None, finds: bool) -> str:
    """Return what finds the garments of the index: the source's or the index's word, else the parser that ships."""
    if before is not None:
        return before.regions
    if finds:
        return parser_version(load_parser(single=True))
    return "" if origin is None else origin.regions


def _check_further(before: IndexSpec | None, further: Layout, place: Place) -> None:
    """Raise where the source brings other vectors beside those of photos than the index keeps."""
    kept = further if before is None else further_vectors(before.layout)
    if further != kept:
        raise IndexMismatch(
            f"{place.address} keeps {', '.join(kept) or 'no vectors'} beside those of its photos, and the source "
            f"brings {', '.join(further) or 'none'}: give a new folder, or features that bring what it keeps"
        )


def _finds_garments(there: Manifest | None, origin: VectorOrigin | None, garments: bool | None) -> bool:
    """Return whether a job finds garments in photos: as a person said, else where the index keeps those of a parser."""
    if origin is not None and garments:
        raise CatalogueError(
            "features hold no photos in which garments could be found: index the photos, or leave --garments out"
        )
    kept = there is not None and bool(there.spec.regions) and GARMENTS in there.spec.layout
    return origin is None and (kept if garments is None else garments)


def _sees_response_colour(there: Manifest | None, origin: VectorOrigin | None, wanted: bool | None) -> bool:
    """Return whether a job computes the colour of the strongest cells: as a person said, else as the index has it."""
    if origin is not None and wanted:
        raise CatalogueError(
            "features hold no photos whose cells could respond: index the photos, or leave --response-colour out"
        )
    kept = there is not None and RESPONSE_COLOUR in there.spec.layout
    return origin is None and (kept if wanted is None else wanted)


def _keeps_cells(there: Manifest | None, origin: VectorOrigin | None, wanted: bool | None) -> bool:
    """Return whether a job keeps the cells of photos: as a person said, else as the index has it."""
    if origin is not None and wanted:
        raise CatalogueError("features hold no photos that have cells: index the photos, or leave --pairs out")
    kept = there is not None and any(map(is_pair_vector, there.spec.layout))
    return origin is None and (kept if wanted is None else wanted)


def _model_address(model: str | Path | None) -> str:
    """Return where the model is found again: its name and revision in the hub, its folder, or "" for one that ships."""
    if model is None or is_hub(model):
        return str(model or "")
    if is_public(model):
        return pinned_name(str(model))
    return str(Path(model).resolve()) if Path(model).is_dir() else ""


def runtime_of(origin: VectorOrigin | None, model: Model) -> str:
    """Return what makes the vectors of a job: what runs the model here, or what is known of those that come."""
    return f"{model.runtime} {model.precision}" if origin is None else origin.runtime or "features of unknown origin"


def _refuse_nameless(origin: VectorOrigin) -> str:
    raise CatalogueError(
        "the features don't say which model made them, and a photo that is searched with must go through the same one: "
        f"name it with --model, a shipped model or a model folder whose vectors have {origin.dim:,} numbers"
    )


def _check_agreement(origin: VectorOrigin, model: Model, metric: Metric | None) -> None:
    if origin.checksum and origin.checksum != model.checksum:
        raise CatalogueError(
            f"the features were made by model {origin.model} {origin.checksum[:12]}, not by {model.name} "
            f"{model.checksum[:12]}: vectors of two models can't be compared. Give that model's folder with --model, "
            "and a new folder for the index if this one is another model's"
        )
    if origin.dim != model.dim:
        raise CatalogueError(
            f"the features have {origin.dim:,} numbers a row, those of model {model.name} have {model.dim:,}: name the "
            "model that made them with --model"
        )
    if origin.colour not in ("", ColourEncoder.version):
        raise CatalogueError(
            f"the colours were made by colour encoder {origin.colour!r}, here it is {ColourEncoder.version!r}: index "
            "the photos again, or use the lookseek that made them"
        )
    if metric == "euclidean" and origin.unit:
        raise CatalogueError(
            "the features have length 1: by Euclidean distance they rank as by cosine, and no distance is that of the "
            "model. Index them with --metric cosine into a folder of its own, or export an index that was made with "
            "--metric euclidean"
        )
