"""Names of models of open_clip, as ``lookseek export`` takes them.

open_clip/NAME:TAG@REVISION      a configuration of open_clip, and published weights at one commit of their repository
open_clip/NAME:FILE              the same with weights in a file
hf-hub:OWNER/NAME@REVISION       a repository with open_clip_config.json, weights and perhaps a tokenizer, at one commit
local-dir:FOLDER                 such a folder on this machine
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from ...encode.hub import HubId, parse_id, revisions_url
from ...errors import TrainError
from .clip import PREFIX

__all__ = ["FOLDER", "HUB", "Source", "is_source", "parse_source"]

HUB, FOLDER = "hf-hub:", "local-dir:"
"""As open_clip spells them."""

FORMS = f"{PREFIX}NAME:TAG@REVISION, {PREFIX}NAME:FILE, {HUB}OWNER/NAME@REVISION or {FOLDER}FOLDER"


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be exported.

    Args:
        typed: as a person gave it.
        name: the configuration of open_clip; "" where it comes with the weights.
        tag: of open_clip, "" without one.
        hub: where weights, or all of it, are fetched; None where it is here.
        place: the file of weights, or the folder; None where it is fetched.
    """

    typed: str
    name: str = ""
    tag: str = ""
    hub: HubId | None = None
    place: Path | None = None


def is_source(text: str) -> bool:
    """Return whether this names a model of open_clip rather than a run."""
    return text.startswith((PREFIX, HUB, FOLDER))


def parse_source(text: str) -> Source:
    """Reads a name.

    Raises:
        TrainError: no such model, tag, file or folder.
        ModelError: what would be fetched is not pinned to a revision.
    """
    if text.startswith(HUB):
        return Source(text, hub=parse_id(text.removeprefix(HUB), HUB))
    if text.startswith(FOLDER):
        folder = Path(text.removeprefix(FOLDER))
        if not folder.is_dir():
            raise TrainError(f"{text}: there is no such folder. Give one with open_clip_config.json and weights")
        return Source(text, place=folder)
    import open_clip

    name, _, weights = text.removeprefix(PREFIX).partition(":")
    if name not in open_clip.list_models():
        near = ", ".join(difflib.get_close_matches(name, open_clip.list_models(), n=3)) or "RN50, ViT-B-32"
        raise TrainError(f"there is no model {name[:80]!r} in open_clip. Near names: {near}; the forms are {FORMS}")
    tags = open_clip.list_pretrained_tags_by_model(name)
    tag, _, revision = weights.partition("@")
    if tag not in tags:
        if not weights or not Path(weights).is_file():
            problem = f"{weights[:80]!r} is no file and none of its tags" if weights else "no weights are named"
            raise TrainError(
                f"{PREFIX}{name}: {problem}. Give {PREFIX}{name}:TAG@REVISION with one of {', '.join(tags) or 'no tag'}"
                f", or {PREFIX}{name}:FILE"
            )
        return Source(text, name, place=Path(weights))
    repository = _repository(name, tag)
    if not revision:
        raise TrainError(
            f"{text} names no revision, and what is under a name can change. These weights are in {repository}: give "
            f"{PREFIX}{name}:{tag}@REVISION, the 40 hex digits of a commit; {revisions_url(repository)} lists them"
        )
    return Source(text, name, tag, parse_id(f"{repository}@{revision}", HUB))


def _repository(name: str, tag: str) -> str:
    import open_clip

    where = str(open_clip.get_pretrained_cfg(name, tag).get("hf_hub", ""))
    if not where:
        raise TrainError(
            f"open_clip has no repository of {name}:{tag}: fetch its weights, and give {PREFIX}{name}:FILE"
        )
    return "/".join(where.split("/")[:2])
