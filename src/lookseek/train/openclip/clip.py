"""CLIP models of open_clip: by name, with the weights of a tag or of a file, as a pair of towers."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...encode import Encoder, Prepared, TextEncoder
from ...encode.prepare import Preprocessing, Resize, min_side, prepare
from ...errors import TrainError
from ...types import Pixels, Vectors
from ..backbones import LOCAL, PUBLISHED, RANDOM, RANDOM_NUMBERS, read_weights
from ..trainer.silence import log_errors_only

__all__ = ["PREFIX", "Clip", "build_clip", "wrap_clip"]

PREFIX = "open_clip/"
"""Before the name of a model of open_clip."""

OPENAI = "openai"
"""The weights that CLIP4Cir begins with."""

_ARCHIVE_KEYS = ("input_resolution", "context_length", "vocab_size")
"""What an archive of OpenAI's holds beside weights."""


@dataclass(eq=False)
class Clip:
    """A CLIP in evaluation mode at fp32; also ``Towers``.

    Args:
        name: in open_clip.
        model: its two towers.
        tokenizer: texts to tokens int64 (n, length); what is too long is cut.
        how: what the image tower takes: uint8, fitted CLIP4Cir's way or open_clip's; it normalises itself.
        dim: of its features.
        mean, std: of the photos, on the scale 0 to 255.
        weights: where they come from, as it stands beside every figure.
        quick_gelu: whether it computes with OpenAI's approximation of GELU.
    """

    name: str
    model: nn.Module
    tokenizer: Callable[[Sequence[str]], Tensor]
    how: Preprocessing
    dim: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: str
    quick_gelu: bool

    @property
    def image(self) -> Encoder:
        """See Towers."""
        return _Photos(self)

    @property
    def text(self) -> TextEncoder:
        """See Towers."""
        return _Words(self)

    def keys(self) -> tuple[str, str]:
        """See Towers: tuned towers have caches of their own."""
        key = f"open_clip-{self.checksum()[:32]}"
        return f"{key}-photos", f"{key}-words"

    def checksum(self) -> str:
        """See Towers."""
        digest = sha256(repr((self.name, self.how, self.mean, self.std, self.quick_gelu)).encode())
        for name, value in self.model.state_dict().items():
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def photos(self, pixels: Tensor) -> Tensor:
        """Features, float (n, dim), of photos uint8 (n, 3, side, side)."""
        mean, std = (torch.tensor(x, device=pixels.device).reshape(1, 3, 1, 1) for x in (self.mean, self.std))
        features: Tensor = self.model.encode_image((pixels.float() - mean) / std)  # type: ignore[operator]
        return features

    def words(self, tokens: Tensor) -> Tensor:
        """Features, float (n, dim), of tokens int64 (n, length)."""
        features: Tensor = self.model.encode_text(tokens)  # type: ignore[operator]
        return features

    def learn(self, image: bool, text: bool, checkpointing: bool) -> None:
        """Say which towers learn. The model stays in evaluation mode: batch norms go on using what they know."""
        self.model.eval()
        for name, parameter in self.model.named_parameters():
            of_image = name.startswith("visual.")
            parameter.requires_grad_((image if of_image else text) and not name.startswith("logit_"))
        if checkpointing:
            self.model.set_grad_checkpointing(True)  # type: ignore[operator]
            for layer in ("layer1", "layer2", "layer3", "layer4"):  # open_clip leaves its ResNets out
                part = getattr(self.model.visual, layer, None)
                if image and isinstance(part, nn.Module):
                    part.forward = partial(checkpoint, part.forward, use_reentrant=False)


def build_clip(name: str, weights: str = LOCAL, quick_gelu: bool = False) -> Clip:
    """Make a CLIP.

    Args:
        name: of open_clip, e.g. ``RN50``, ``RN50x4``, ``ViT-B-32``.
        weights: a tag that open_clip knows for it, which is fetched; ``published`` for OpenAI's tag, or the first where
            there is none; ``local`` for the same where this machine has it; ``random``; or a file (.safetensors, .pt),
            also one that CLIP4Cir saved.
        quick_gelu: whether to compute with OpenAI's approximation of GELU, whatever the name says.

    Raises:
        TrainError: no such model, or weights that can't be had or don't fit.
    """
    import open_clip

    if name not in open_clip.list_models():
        near = ", ".join(difflib.get_close_matches(name, open_clip.list_models(), n=3)) or "RN50, RN50x4, ViT-B-32"
        raise TrainError(f"there is no model {name!r} in open_clip. Near names: {near}")
    tags = open_clip.list_pretrained_tags_by_model(name)
    best = OPENAI if OPENAI in tags else next(iter(tags), "")
    tag = best if weights in (LOCAL, PUBLISHED) else weights if weights in tags else ""
    if weights == LOCAL and not (best and _kept(name, best)):
        raise TrainError(
            f"this machine has no weights of {PREFIX}{name}: give --weights {best or 'FILE'} to fetch them, a file "
            "with --weights FILE, or --weights random, which is only good for tests"
        )
    if weights == PUBLISHED and not tag:
        raise TrainError(f"open_clip knows no weights of {name}: give a file with --weights FILE")
    origin = f"{tag} of open_clip" if tag else RANDOM_NUMBERS
    # open_clip only warns where a tag's weights need the approximation and the name does not say so: RN50 and openai.
    quick_gelu = quick_gelu or bool(tag and open_clip.get_pretrained_cfg(name, tag).get("quick_gelu"))
    try:
        with log_errors_only():
            model: Any = open_clip.create_model(name, tag or None, precision="fp32", force_quick_gelu=quick_gelu)
        tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # the hub, the file system, towers of other packages: each fails in its own way
        raise TrainError(
            f"{PREFIX}{name} can't be had ({str(error)[:200]}): give its weights with --weights FILE, or another name"
        ) from error
    if not tag and weights != RANDOM:
        origin = _load(model, Path(weights), tags)
    return wrap_clip(name, model, tokenizer, int(open_clip.get_model_config(name)["embed_dim"]), origin)


def wrap_clip(
    name: str,
    model: Any,
    tokenizer: Callable[[Sequence[str]], Tensor],
    dim: int,
    weights: str,
    resize: Resize = "target-pad",
) -> Clip:
    """Return a loaded model of open_clip as a pair of towers.

    Args:
        name: of it.
        model: with both towers.
        tokenizer: its own.
        dim: of its features.
        weights: where they come from.
        resize: how photos are fitted: CLIP4Cir's way, or open_clip's own.
    """
    side = model.visual.image_size
    height, width = side if isinstance(side, tuple | list) else (side, side)
    known = model.visual.preprocess_cfg
    mean, std = (_scaled(known[key]) for key in ("mean", "std"))
    return Clip(
        name=name,
        model=model.float().eval(),
        tokenizer=tokenizer,
        how=Preprocessing(int(width), int(height), resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc"),
        dim=dim,
        mean=mean,
        std=std,
        weights=weights,
        quick_gelu=any(type(module).__name__ == "QuickGELU" for module in model.modules()),
    )


def _scaled(numbers: Sequence[float]) -> tuple[float, float, float]:
    """On the scale 0 to 255."""
    red, green, blue = (255 * float(number) for number in numbers)
    return red, green, blue


def _kept(name: str, tag: str) -> bool:
    """Return whether the hub's folder on this machine has the weights of a tag."""
    import open_clip
    from huggingface_hub import try_to_load_from_cache

    hub = (open_clip.get_pretrained_cfg(name, tag) or {}).get("hf_hub", "").rstrip("/")
    files = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
    return bool(hub) and any(isinstance(try_to_load_from_cache(hub, file), str) for file in files)


def _load(model: nn.Module, file: Path, tags: Sequence[str]) -> str:
    if not file.is_file():
        raise TrainError(f"--weights {file} is no file and no tag: open_clip knows {', '.join(tags) or 'no tag'}")
    found = {name: value for name, value in read_weights(file).items() if name not in _ARCHIVE_KEYS}
    try:
        model.load_state_dict({name: value.float() for name, value in found.items()})
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise TrainError(
            f"{file} does not hold the weights of this CLIP ({lines[1].strip()[:200] if lines[1:] else lines[0]}): "
            "give the file of the model that --model names; OpenAI's need a name with -quickgelu"
        ) from error
    return f"the file {file.name}"


class _Tower:
    """What both towers share: numbers come and go as numpy's, in fp32, without gradients."""

    def __init__(self, clip: Clip) -> None:
        self._clip, self.dim = clip, clip.dim

    def _run(self, of: Callable[[Tensor], Tensor], given: Tensor) -> Vectors:
        device = next(self._clip.model.parameters()).device
        with torch.no_grad():
            features: Vectors = of(given.to(device)).float().cpu().numpy()
        return np.ascontiguousarray(features)


class _Photos(_Tower):
    """See Encoder."""

    name = "look"

    @property
    def min_side(self) -> int:
        """See Encoder."""
        return min_side(self._clip.how)

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return prepare(pixels, self._clip.how)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        return self._run(self._clip.photos, torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2))


class _Words(_Tower):
    """See TextEncoder."""

    name = "open_clip"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See TextEncoder."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return self._run(self._clip.words, self._clip.tokenizer(list(texts)))
