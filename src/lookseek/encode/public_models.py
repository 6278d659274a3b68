"""Public models by short names: where each is, under which licence, how large, and its model folder on this machine.

Their weights are torch's, so each becomes a model folder once (``lookseek models NAME``, in ``train/openclip``); after
that neither torch nor a network is needed. ``NAME`` means the one that is here, ``NAME@REVISION`` that of a commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .caches import cache_folder
from .hub import parse_id

__all__ = [
    "PUBLIC_MODELS",
    "PublicModel",
    "find_public",
    "is_made",
    "is_public",
    "made_folders",
    "pinned_name",
    "public_folder",
]


@dataclass(frozen=True, slots=True)
class PublicModel:
    """A model that somebody published on the Hugging Face hub.

    Args:
        name: the short one.
        source: as ``lookseek export`` takes it, without a revision.
        repository: OWNER/NAME of the hub.
        revision: the commit that is fetched, 40 hex digits; "" for the newest at the first fetch, which is kept then.
        licence: an SPDX identifier in lower case, as its page writes it.
        megabytes: what is fetched, 10^6 bytes.
        dim: numbers of a vector.
        reads: whether words have vectors in the space of its photos.
        about: a line on what it is.
    """

    name: str
    source: str
    repository: str
    revision: str
    licence: str
    megabytes: int
    dim: int
    reads: bool
    about: str


def _moda(name: str, megabytes: int, dim: int, reads: bool, about: str) -> PublicModel:
    return PublicModel(name, f"hf-hub:HopitAI/{name}", f"HopitAI/{name}", "", "mit", megabytes, dim, reads, about)


PUBLIC_MODELS = (
    PublicModel(
        "marqo-fashionsiglip",
        "hf-hub:Marqo/marqo-fashionSigLIP",
        "Marqo/marqo-fashionSigLIP",
        "e5619578fd528afa0bf88d8fae37748336a57fa2",
        "apache-2.0",
        816,
        768,
        True,
        "SigLIP ViT-B/16, trained by Marqo on a million fashion products",
    ),
    PublicModel(
        "fashionclip-2.0",
        "hf-hub:patrickjohncyh/fashion-clip",
        "patrickjohncyh/fashion-clip",
        "afacf5e5851d5979ab030e228eab60e2c95a912c",
        "mit",
        609,
        512,
        True,
        "CLIP ViT-B/32, trained on Farfetch's catalogue",
    ),
    PublicModel(
        "openclip-rn50",
        "open_clip/RN50:openai",
        "timm/resnet50_clip.openai",
        "00fd56258d8020fda2c9a8b683cf883d477ad3eb",
        "mit",
        412,
        1024,
        True,
        "OpenAI's CLIP RN50, trained on pictures of all kinds; CLIP4Cir begins with it",
    ),
    _moda("moda-fashion-distilled-512d", 818, 512, False, "photos alone, the distilled tower mapped to 512 numbers"),
    _moda("moda-fashion-distilled", 816, 768, True, "Marqo-FashionSigLIP, its photos' tower distilled from two models"),
    _moda(
        "moda-fashion-matryoshka", 816, 768, True, "the same, the first 64 to 768 numbers each a vector of their own"
    ),
    _moda("moda-fashion-deepfashion2", 816, 768, True, "Marqo-FashionSigLIP, tuned on street and shop photos"),
)
"""Sources: the repositories' pages, for names, files, sizes, licences and revisions; github.com/hopit-ai/Moda, README,
for HopitAI's, whose commits are on no page that was at hand, and whose sizes count 2^20 bytes there."""

_BY_NAME = {model.name: model for model in PUBLIC_MODELS}


def is_public(name: object) -> bool:
    """Return whether a model's name is a short one, with or without a revision."""
    return isinstance(name, str) and name.partition("@")[0] in _BY_NAME


def find_public(name: str) -> tuple[PublicModel, str]:
    """Return the model that a short name means, and the revision: named, known, or "" for the newest.

    Raises:
        ModelError: no such name, or a revision that is none.

    >>> find_public("fashionclip-2.0")[1][:7]
    'afacf5e'
    """
    short, at, revision = name.partition("@")
    if short not in _BY_NAME:
        raise ModelError(f"no public model {short[:80]!r}: give one of {', '.join(_BY_NAME)}")
    model = _BY_NAME[short]
    if not at:
        return model, model.revision
    return model, parse_id(f"{model.repository}@{revision}", "").revision


def made_folders(model: PublicModel) -> dict[str, Path]:
    """Return the model folders of a public model on this machine: revision to folder."""
    return {path.parent.name: path for path in sorted((cache_folder() / "public").glob(f"*/{model.name}"))}


def is_made(model: PublicModel, revision: str) -> bool:
    """Return whether a model's folder is here: at a revision, or at any for ""."""
    made = made_folders(model)
    return revision in made if revision else bool(made)


def public_folder(name: str) -> Path:
    """Return the model folder of a short name.

    Raises:
        ModelError: it is not on this machine, or of several revisions none is named.
    """
    model, revision = find_public(name)
    made = made_folders(model)
    if revision and revision in made:
        return made[revision]
    if not revision and len(made) == 1:
        return next(iter(made.values()))
    if not revision and made:
        raise ModelError(
            f"{model.name} is on this machine at {len(made)} revisions: give one of "
            f"{', '.join(f'{model.name}@{each}' for each in made)}"
        )
    raise ModelError(
        f"{name} is not on this machine: `lookseek models {name}` fetches it once ({model.megabytes:,} MB, licence "
        f"{model.licence}) and makes a model folder of it"
    )


def pinned_name(name: str) -> str:
    """Return a short name with the revision of its folder on this machine, for what must find the same model again.

    Raises:
        ModelError: as ``public_folder``.
    """
    return f"{find_public(name)[0].name}@{public_folder(name).parent.name}"
