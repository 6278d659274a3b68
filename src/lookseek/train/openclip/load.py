"""A model of open_clip with the weights that its name says, and nothing else of any network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, cast

from ...encode.prepare import Resize
from ...errors import LookseekError, TrainError
from ..trainer.silence import log_errors_only
from .clip import PREFIX, Clip, wrap_clip
from .files import CardHead, check_config, fetch_folder, read_card_head, read_config, weights_file
from .source import FOLDER, Source

__all__ = ["PublishedClip", "load_published"]

_WAYS: Mapping[str, Resize] = {"shortest": "crop", "squash": "squash"}
"""open_clip's ways to fit a photo, and ours."""


@dataclass(frozen=True, slots=True, eq=False)
class PublishedClip:
    """A loaded model and where it came from.

    Args:
        clip: its towers, which take photos as open_clip prepares them.
        source: its name.
        weights: the file's name.
        digest: hex SHA-256 of that file.
        origin: what its repository says.
        seen: how open_clip brings a photo to the tower, its ``PreprocessCfg`` by name.
    """

    clip: Clip
    source: Source
    weights: str
    digest: str
    origin: CardHead
    seen: Mapping[str, Any]


def load_published(source: Source) -> PublishedClip:
    """Load a model.

    Raises:
        TrainError: a part of it is of another package, its weights don't fit, or its photos are fitted in a way that
            lookseek does not have.
        ModelError: it can't be fetched.
    """
    import open_clip

    folder = fetch_folder(source)
    file = weights_file(source, folder)
    if source.name:
        config = check_config(open_clip.get_model_config(source.name), source.typed)
    else:
        assert folder is not None  # such a source has no file alone
        config = check_config(read_config(folder, source.typed)["model_cfg"], source.typed)
    try:
        with log_errors_only():
            model, tokenizer = _built(source, config, folder, file)
    except LookseekError:
        raise
    except Exception as error:  # towers, weights and tokenizers of three packages: each fails in its own way
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise TrainError(
            f"open_clip can't load {source.typed} ({' '.join(lines[:2])[:300]}): check that the weights are this "
            "model's"
        ) from error
    seen = dict(model.visual.preprocess_cfg)
    if seen["resize_mode"] not in _WAYS:
        raise TrainError(
            f"{source.typed} fits photos by {seen['resize_mode']!r}, lookseek has {', '.join(_WAYS)}: give another "
            "model"
        )
    weights = f"{source.tag or file.name} of open_clip" if source.tag else f"the file {file.name}"
    name = source.name or source.typed
    clip = wrap_clip(name, model, tokenizer, config["embed_dim"], weights, _WAYS[seen["resize_mode"]])
    with file.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    return PublishedClip(clip, source, file.name, digest, read_card_head(folder), seen)


def _built(source: Source, config: Mapping[str, Any], folder: Path | None, file: Path) -> tuple[Any, Any]:
    """Return the model and its tokenizer."""
    import open_clip

    tokenizer = _tokenizer(source, config["text_cfg"], folder)
    if not source.name:
        where = f"{FOLDER}{folder}"
        return open_clip.create_model(where, precision="fp32", require_pretrained=True), tokenizer
    known = open_clip.get_pretrained_cfg(source.name, source.tag) if source.tag else {}
    seen = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in known}
    model = open_clip.create_model(
        source.name,
        str(file),
        precision="fp32",
        force_quick_gelu=bool(known.get("quick_gelu")),
        force_preprocess_cfg=seen or None,
        require_pretrained=True,
    )
    return model, tokenizer


def _tokenizer(source: Source, text: Mapping[str, Any], folder: Path | None) -> Any:
    """open_clip's tokenizer, of the same revision as the weights."""
    import open_clip
    from open_clip.tokenizer import HFTokenizer

    named = text.get("hf_tokenizer_name")
    if not named:
        return open_clip.get_tokenizer(source.name if source.name else f"{FOLDER}{folder}")
    if folder is None or not (folder / "tokenizer_config.json").is_file():
        raise TrainError(
            f"{source.typed} has the tokenizer of {named}, which is not beside its weights. Give a repository that has "
            f"both, hf-hub:OWNER/NAME@REVISION, or a folder, {FOLDER}FOLDER, in place of {PREFIX}NAME"
        )
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise TrainError(
            f"the tokenizer of {source.typed} is compared with that of the package transformers, which is not there: "
            "pip install transformers. The exported model does not need it"
        ) from error
    kwargs = dict(text.get("tokenizer_kwargs") or {})
    length = cast(int, text.get("context_length", 77))
    return HFTokenizer(str(folder), length, tokenizer_mode=text.get("tokenizer_mode"), **kwargs)
