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
from .files import CONFIG, CardHead, check_config, fetch_folder, read_card_head, read_config, weights_file
from .projected import has_projection, load_projected
from .source import FOLDER, Source
from .transformers_clip import is_transformers_clip, load_transformers_clip

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
        reads: whether words have vectors in the space of its photos.
    """

    clip: Clip
    source: Source
    weights: str
    digest: str
    origin: CardHead
    seen: Mapping[str, Any]
    reads: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Built:
    """A model of open_clip, its tokenizer, the length of a photo's vector, and whether words have such vectors."""

    model: Any
    tokenizer: Any
    dim: int
    reads: bool = True


def load_published(source: Source) -> PublishedClip:
    """Load a model.

    Raises:
        TrainError: a part of it is of another package, its weights don't fit, or its photos are fitted in a way that
            lookseek does not have.
        ModelError: it can't be fetched.
    """
    folder = fetch_folder(source)
    file = weights_file(source, folder)
    try:
        with log_errors_only():
            built = _built(source, folder, file)
    except LookseekError:
        raise
    except Exception as error:  # towers, weights and tokenizers of three packages: each fails in its own way
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise TrainError(
            f"open_clip can't load {source.typed} ({' '.join(lines[:2])[:300]}): check that the weights are this "
            "model's"
        ) from error
    seen = dict(built.model.visual.preprocess_cfg)
    if seen["resize_mode"] not in _WAYS:
        raise TrainError(
            f"{source.typed} fits photos by {seen['resize_mode']!r}, lookseek has {', '.join(_WAYS)}: give another "
            "model"
        )
    weights = f"{source.tag or file.name} of open_clip" if source.tag else f"the file {file.name}"
    name = source.name or source.typed
    clip = wrap_clip(name, built.model, built.tokenizer, built.dim, weights, _WAYS[seen["resize_mode"]])
    with file.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    return PublishedClip(clip, source, file.name, digest, read_card_head(folder), seen, built.reads)


def _built(source: Source, folder: Path | None, file: Path) -> _Built:
    """Load the model that a source names, in the way that its files need."""
    import open_clip

    if source.name:
        config = check_config(open_clip.get_model_config(source.name), source.typed)
        tokenizer = _tokenizer(source, config["text_cfg"], folder)
        return _Built(_named(source, file), tokenizer, config["embed_dim"])
    assert folder is not None  # such a source has no file alone
    if not (folder / CONFIG).is_file() and is_transformers_clip(folder):
        return _Built(*load_transformers_clip(folder, file, source.typed))
    config = check_config(read_config(folder, source.typed)["model_cfg"], source.typed)
    tokenizer, where = _tokenizer(source, config["text_cfg"], folder), f"{FOLDER}{folder}"
    if has_projection(file):
        model, dim = load_projected(where, file, config["embed_dim"], source.typed)
        return _Built(model, tokenizer, dim, reads=False)
    return _Built(
        open_clip.create_model(where, precision="fp32", require_pretrained=True), tokenizer, config["embed_dim"]
    )


def _named(source: Source, file: Path) -> Any:
    """Return a model of open_clip by its name there, with the settings that its tag needs."""
    import open_clip

    known = open_clip.get_pretrained_cfg(source.name, source.tag) if source.tag else {}
    seen = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in known}
    return open_clip.create_model(
        source.name,
        str(file),
        precision="fp32",
        force_quick_gelu=bool(known.get("quick_gelu")),
        force_preprocess_cfg=seen or None,
        require_pretrained=True,
    )


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
