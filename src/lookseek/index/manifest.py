"""What ``lookseek.json`` says: how the vectors of a generation were made, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..errors import IndexDamaged, IndexMismatch
from ..store import FieldKind, Layout, StoreKind, VectorSpec
from ..types import RouteKind

FORMAT = 1
"""Version of the index folder. A newer one is refused, an older one would be converted here."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What makes the vectors of an index comparable. Another recipe is another index.

    Args:
        model: the model's name.
        model_path: its folder, its name in the hub, or "" for one that ships with lookseek.
        checksum: SHA-256 of the model folder.
        colour: version of the colour encoder.
        layout: the named vectors.
        store: which store keeps them.
    """

    model: str
    model_path: str
    checksum: str
    colour: str
    layout: Layout
    store: StoreKind

    def same_vectors(self, other: Recipe) -> bool:
        """Whether vectors made by both can stand in one index; where the model lies does not matter."""
        return replace(self, model_path="") == replace(other, model_path="")


@dataclass(frozen=True, slots=True)
class RouterNote:
    """What the index knows of one of its routers; the rest is in the router's file.

    Args:
        by: the attribute whose values are its keys; "" of cells.
        preset: how it was fitted.
        sizes: key to how many items have it, in the order of the router's columns.
        temperature, mass: as validation chose them.
        kept, visited: shares of the exact answers that soft routing kept in validation, and of the items it searched.
        current: False once items changed after it keyed them.
    """

    by: str
    preset: str
    sizes: Mapping[str, int]
    temperature: float
    mass: float
    kept: float
    visited: float
    current: bool = True


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``lookseek.json`` says of a generation.

    Args:
        generation: the folder's name.
        recipe: how its vectors were made.
        runtime: what ran the model, with its precision, e.g. "onnxruntime fp32".
        items: how many points it holds.
        fields: the attributes that items have, and their kinds.
        graph_items: how many items had a place in the HNSW graph when it was built; 0 without a graph.
        source: the catalogue it was made from, for people.
        updated: when it was published, ISO 8601 UTC; "" while building.
        files: relative path to (size in bytes, SHA-256 hex) of every file that stays as it is.
        routers: kind to what is known of it; of an index that no router keyed, empty.
    """

    generation: str
    recipe: Recipe
    runtime: str
    items: int = 0
    fields: Mapping[str, FieldKind] = field(default_factory=dict)
    graph_items: int = 0
    source: str = ""
    updated: str = ""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    routers: Mapping[RouteKind, RouterNote] = field(default_factory=dict)

    def outdated_routers(self) -> Mapping[RouteKind, RouterNote]:
        """Return the routers as they are once an item has changed."""
        return {kind: replace(note, current=False) for kind, note in self.routers.items()}


def read_manifest(file: Path) -> Manifest | None:
    """What a manifest's file says, or None where there is no file.

    Raises:
        IndexDamaged: it can't be read, or lacks what it should say.
        IndexMismatch: a newer lookseek wrote it.
    """
    try:
        stored = json.loads(file.read_bytes())
        version = stored.pop("format")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"{file} can't be read ({error}): index the catalogue again into a new folder") from error
    if not isinstance(version, int) or version > FORMAT:
        raise IndexMismatch(f"{file} has format {version}, this lookseek reads up to {FORMAT}: update lookseek")
    try:
        recipe = dict(stored.pop("recipe"))
        layout = {name: VectorSpec.from_dict(spec) for name, spec in recipe.pop("layout").items()}
        files = {name: (int(size), str(digest)) for name, (size, digest) in stored.pop("files").items()}
        routers = {kind: RouterNote(**note) for kind, note in stored.pop("routers", {}).items()}
        known = {f.name for f in fields(Manifest)}
        rest: dict[str, Any] = {key: value for key, value in stored.items() if key in known}
        return Manifest(recipe=Recipe(layout=layout, **recipe), files=files, routers=routers, **rest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IndexDamaged(
            f"{file} lacks what it should say ({error}): index the catalogue again into a new folder"
        ) from error


def write_manifest(file: Path, manifest: Manifest) -> None:
    """Replace a manifest's file in one step that survives a power cut."""
    stored = {"format": FORMAT, **asdict(manifest)}
    stored["recipe"]["layout"] = {name: spec.to_dict() for name, spec in manifest.recipe.layout.items()}
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    write_text(file, text)
