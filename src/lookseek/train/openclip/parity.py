"""Whether exported towers give what open_clip gives: photos and texts through both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ... import images
from ...encode.runtime import open_tower
from ...encode.text import open_text
from ...encode.text_settings import TokenTower
from ...errors import TrainError
from ...photo import Photo
from ...progress import Progress
from ..export.parity import FP16_LIMIT, PARITY_ROWS, cosine_difference, run_graph
from ..export.photos import drawn_photos, prepare_photos
from .load import PublishedClip
from .tokens import TEXTS, Tokens

__all__ = ["TEXT_LIMIT", "ClipParity", "measure_parity"]

TEXT_LIMIT = 1e-4
"""Of 1 - cosine at worst, of a text: its tokens are the same, so only the rounding of fp16 is left."""


@dataclass(frozen=True, slots=True)
class ClipParity:
    """1 - cosine of vectors of ours and of open_clip's.

    Args:
        photos: how many photos went through both towers, prepared by us.
        photo: at worst of these.
        texts: how many texts went the whole way, from words on; 0 of a model that reads none.
        text: at worst of these; 0 of none.
        prepared: on average, of photos that each side prepared itself: what fitting and interpolation differ in.
    """

    photos: int
    photo: float
    texts: int
    text: float
    prepared: float


def measure_parity(
    found: PublishedClip, image: bytes, words: tuple[bytes, Tokens] | None, progress: Progress
) -> ClipParity:
    """Run drawn garments and ``TEXTS`` through graphs and open_clip.

    Args:
        found: the model.
        image: the graph of its photos.
        words: the graph of its words, and their tokenizer; None of a model that reads none.
        progress: notified of every batch.

    Raises:
        TrainError: beyond a limit.
    """
    clip = found.clip
    photos = drawn_photos(PARITY_ROWS)
    pixels = prepare_photos(photos, clip.how, PARITY_ROWS, progress)
    ours = run_graph(open_tower(image, threads=None, single=True, runtime="onnxruntime"), pixels)
    photo = float(cosine_difference(ours, clip.image.encode(list(pixels))).max())
    text = 0.0
    if words is not None:
        graph, tokens = words
        tower = open_text(TokenTower(tokens.length, tokens.pad), graph, tokens.content, clip.dim, clip.name)
        text = float(cosine_difference(tower.encode(TEXTS), clip.text.encode(TEXTS)).max())
    for what, worst, limit in (("photos", photo, FP16_LIMIT), ("texts", text, TEXT_LIMIT)):
        if not worst < limit:  # not a number is no parity either
            raise TrainError(
                f"the exported model is not {clip.name}: 1 - cosine of its {what}' vectors is {worst:.2g} at worst, "
                f"the limit is {limit:g}. Nothing was written: export another model, e.g. ViT-B-32"
            )
    prepared = float(cosine_difference(ours, _theirs(found, photos)).mean())
    return ClipParity(len(pixels), photo, len(TEXTS) if words else 0, text, prepared)


def _theirs(found: PublishedClip, photos: Sequence[Photo]) -> NDArray[np.float32]:
    """Return open_clip's vectors of photos, with its own preprocessing."""
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from torchvision.transforms.v2.functional import to_pil_image

    prepared = image_transform_v2(PreprocessCfg(**found.seen), is_train=False)
    inputs = [prepared(to_pil_image(images.decode(photo))) for photo in photos]
    with torch.no_grad():
        parts = [found.clip.model.encode_image(photo[None]) for photo in inputs]  # type: ignore[operator]
    vectors: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return vectors
