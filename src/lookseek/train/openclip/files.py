"""The files of a model of open_clip: a repository at its revision or a folder, its configuration judged before use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...encode.hub import HubId, fetch_snapshot
from ...errors import TrainError
from .source import Source

__all__ = ["CONFIG", "CardHead", "check_config", "fetch_folder", "read_card_head", "read_config", "weights_file"]

CONFIG = "open_clip_config.json"

SAFE = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "model.safetensors")
"""Weights that can't hold code, the first that is there."""

TORCH = ("open_clip_pytorch_model.bin", "pytorch_model.bin")
"""Weights that torch reads as numbers alone (``weights_only``), where there are no others."""

_SMALL = (
    CONFIG, "README.md", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
    "merges.txt", "vocab.txt", "added_tokens.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    "config.json", "preprocessor_config.json",
)  # fmt: skip

_TOKENIZER_KEYS = {"clean", "strip_sep_token"}
"""Options of a tokenizer that a configuration may set. Others of transformers' could name code to run."""

_ENDS = (".safetensors", ".bin", ".pt", ".pth")


@dataclass(frozen=True, slots=True)
class CardHead:
    """What the head of a repository's card states.

    Args:
        licence: "" where it states none.
        languages: BCP 47, as it states them.
    """

    licence: str
    languages: tuple[str, ...]


def fetch_folder(source: Source) -> Path | None:
    """Fetch a source's files; return their folder, None where there is only a file of weights.

    Raises:
        ModelError: it can't be fetched.
    """
    if source.hub is None:
        return source.place if source.place and source.place.is_dir() else None
    own = (_own(source),) if source.tag and _own(source) else ()
    return _fetched(source.hub, own or (*SAFE, *TORCH))


def weights_file(source: Source, folder: Path | None) -> Path:
    """Return the file of weights.

    Raises:
        TrainError: there is none that lookseek reads.
    """
    if folder is None:
        file = source.place
    else:
        own = _own(source) if source.tag else ""
        file = next((folder / name for name in ((own,) if own else (*SAFE, *TORCH)) if (folder / name).is_file()), None)
    if file is None or file.suffix not in _ENDS:
        raise TrainError(
            f"{source.typed} has no weights that lookseek reads: one of {', '.join((*SAFE, *TORCH))}, or with "
            f"open_clip/NAME:FILE a file that ends in {', '.join(_ENDS)}"
        )
    return file


def read_config(folder: Path, what: str) -> dict[str, Any]:
    """Read ``open_clip_config.json`` of a folder.

    Raises:
        TrainError: it is missing or no such thing.
    """
    try:
        content = json.loads((folder / CONFIG).read_bytes())
        if not isinstance(content["model_cfg"], dict) or not isinstance(content.get("preprocess_cfg", {}), dict):
            raise ValueError("its keys hold other things")
    except FileNotFoundError:
        raise TrainError(
            f"{what} is no model of open_clip: it has no {CONFIG}. A lookseek model folder of the hub needs no export: "
            "--model hf:OWNER/NAME@REVISION"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrainError(f"{CONFIG} of {what} can't be read ({error}): open_clip needs its model_cfg") from error
    return dict(content)


def check_config(config: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """Return a model's configuration: building it fetches nothing, and runs nothing but open_clip and timm.

    Raises:
        TrainError: it has a part of another package, or options that could.
    """
    import timm

    text, vision = config.get("text_cfg"), config.get("vision_cfg")
    if not isinstance(text, dict) or not isinstance(vision, dict) or not isinstance(config.get("embed_dim"), int):
        raise TrainError(f"{what} is no configuration of open_clip: it needs embed_dim, vision_cfg and text_cfg")
    if text.get("hf_model_name"):
        raise TrainError(
            f"the text tower of {what} is {text['hf_model_name']} of the package transformers, which would be fetched "
            "at no fixed revision: give a model whose towers are open_clip's, e.g. ViT-B-32 or ViT-B-16-SigLIP"
        )
    network = vision.get("timm_model_name")
    if network and not timm.is_model(str(network)):
        raise TrainError(f"the image tower of {what} is {network!r}, which timm does not have: update timm")
    options = text.get("tokenizer_kwargs") or {}
    if not isinstance(options, dict) or (unknown := sorted(set(options) - _TOKENIZER_KEYS)):
        named = options if not isinstance(options, dict) else unknown
        raise TrainError(
            f"{what} sets {named} of its tokenizer, lookseek allows {', '.join(sorted(_TOKENIZER_KEYS))}: give a model "
            "with a tokenizer of CLIP or SigLIP"
        )
    return config


def read_card_head(folder: Path | None) -> CardHead:
    """Read licence and languages from the head of a repository's README.md (YAML between lines of ---)."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace") if folder else ""
    except OSError:
        text = ""
    head = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text[:20_000], re.DOTALL)
    lines = head[1] if head else ""
    licence = re.search(r"^license:[ \t]*['\"]?([\w.+-]+)", lines, re.MULTILINE)
    block = re.search(r"^language:[ \t]*(.*(?:\n[ \t]*-.*)*)", lines, re.MULTILINE)
    languages = re.findall(r"(?<![\w-])[a-z]{2,3}(?:-[A-Za-z]{2,4})?(?![\w-])", block[1]) if block else []
    return CardHead(licence[1] if licence else "", tuple(dict.fromkeys(languages)))


def _own(source: Source) -> str:
    """Return the file that a tag of open_clip names itself; "" for the usual names."""
    import open_clip

    parts = str(open_clip.get_pretrained_cfg(source.name, source.tag).get("hf_hub", "")).split("/")
    return parts[2] if len(parts) > 2 else ""


def _fetched(at: HubId, weights: tuple[str, ...]) -> Path:
    """Fetch the first file of weights that is there: a repository may hold the same ones three times."""

    def has_weights(folder: Path) -> bool:
        return any((folder / name).is_file() for name in weights)

    for name in weights:
        folder = fetch_snapshot(at, (*_SMALL, name), has_weights)
        if has_weights(folder):
            break
    return folder
