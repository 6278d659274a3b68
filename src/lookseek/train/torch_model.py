"""A lookseek model in the shape of open_clip's, for programs that measure such models.

Such programs hold a model with ``encode_image`` and ``encode_text``, a function that prepares a photo, and a tokenizer.
The work is done by lookseek's encoders on the CPU; torch carries the numbers in and out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..encode import Model, load_model
from ..errors import ModelError
from ..images import decode

__all__ = ["LENGTH", "Preprocess", "Tokenizer", "TorchModel", "open_torch_model"]

LENGTH = 1000
"""Characters of a text at the most, as ``encode.sentences`` reads them; what is longer is cut."""

Preprocess: TypeAlias = Callable[[Any], Tensor]
Tokenizer: TypeAlias = Callable[[str | Sequence[str]], Tensor]


class TorchModel(nn.Module):
    """A model as open_clip's look from outside; nothing in it learns.

    Args:
        model: whose photos and words are encoded.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.lookseek = model
        # Callers look for the device of a first parameter; this one is empty, and moves with the module.
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)

    def encode_image(self, images: Tensor, normalize: bool = False) -> Tensor:
        """Encode photos.

        Args:
            images: (n, ...), rows of what ``preprocess`` returned.
            normalize: whether vectors have length 1.

        Returns:
            float32 (n, dim), where ``images`` are.
        """
        rows = images.detach().cpu().numpy()
        return self._vectors(self.lookseek.image.encode(list(rows)), images, normalize)

    def encode_text(self, text: Tensor, normalize: bool = False) -> Tensor:
        """Encode texts.

        Args:
            text: int64 (n, LENGTH), as ``tokenize`` returned it.
            normalize: whether vectors have length 1.

        Returns:
            float32 (n, dim), where ``text`` is.

        Raises:
            ModelError: the model reads no words.
        """
        if self.lookseek.text is None:
            raise ModelError(f"the model {self.lookseek.name} reads no words: measure it with photos alone")
        return self._vectors(self.lookseek.text.encode([_text(row) for row in text.cpu().tolist()]), text, normalize)

    def forward(self, images: Tensor) -> Tensor:
        """Encode photos into vectors of length 1."""
        return self.encode_image(images, normalize=True)

    def preprocess(self, photo: Any) -> Tensor:
        """Prepare a photo, a Pillow image or whatever else ``lookseek.Query`` takes; all rows have one shape."""
        return torch.from_numpy(np.ascontiguousarray(self.lookseek.image.prepare(decode(photo))))

    def _vectors(self, vectors: NDArray[np.float32], like: Tensor, normalize: bool) -> Tensor:
        found = torch.from_numpy(vectors).to(like.device)
        return nn.functional.normalize(found, dim=-1) if normalize else found


def tokenize(texts: str | Sequence[str]) -> Tensor:
    """Return texts as numbers, which ``TorchModel.encode_text`` turns back: code points, then zeros.

    Args:
        texts: one, or several.

    Returns:
        int64 (n, LENGTH).

    >>> tokenize("đỏ")[0, :3].tolist()
    [273, 7887, 0]
    """
    several = [texts] if isinstance(texts, str) else list(texts)
    rows = torch.zeros(len(several), LENGTH, dtype=torch.int64)
    for row, text in zip(rows, several, strict=True):
        codes = [ord(letter) for letter in text.replace("\0", " ")[:LENGTH]]
        row[: len(codes)] = torch.tensor(codes, dtype=torch.int64)
    return rows


def _text(row: Sequence[int]) -> str:
    return "".join(chr(code) for code in row if code)


def open_torch_model(name_or_path: str | Path) -> tuple[TorchModel, Preprocess, Tokenizer]:
    """Load a model as ``open_clip.create_model_and_transforms`` and ``get_tokenizer`` give one.

    Args:
        name_or_path: as of ``load_model``.

    Returns:
        The model, what prepares a photo, and the tokenizer.

    Raises:
        ModelError: as ``load_model``.
    """
    model = TorchModel(load_model(name_or_path)).eval()
    return model, model.preprocess, tokenize
