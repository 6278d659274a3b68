"""A CLIP as the package transformers keeps it (``CLIPModel``), as open_clip's: the same towers under other names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...errors import TrainError
from ..backbones import read_weights

__all__ = ["is_transformers_clip", "load_transformers_clip"]

_CONFIG, _PREPROCESSOR = "config.json", "preprocessor_config.json"

_TEXT = {
    "vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
    "num_attention_heads": 8, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
_VISION = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
"""What a configuration means where it is silent. Source: ``CLIPTextConfig``, ``CLIPVisionConfig`` of transformers 5."""

_ACTIVATIONS = {"quick_gelu": True, "gelu": False}
"""Name in transformers to whether open_clip's towers need ``quick_gelu``."""

_BLOCK = {
    "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}  # fmt: skip

_PLACES = {
    "logit_scale": "logit_scale",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
}
"""Weights outside the blocks: name in transformers to name in open_clip."""

_TRANSPOSED = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}

_RESAMPLING = {2: "bilinear", 3: "bicubic"}
"""Numbers of Pillow's filters to open_clip's names."""


def is_transformers_clip(folder: Path) -> bool:
    """Return whether a folder holds a ``CLIPModel`` of transformers, and no configuration of open_clip."""
    try:
        config = json.loads((folder / _CONFIG).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "clip"


def load_transformers_clip(folder: Path, file: Path, what: str) -> tuple[Any, Any, int]:
    """Load a CLIP.

    Args:
        folder: with ``config.json`` and perhaps ``preprocessor_config.json``; nothing in it is run.
        file: of weights.
        what: the model's name, for messages.

    Returns:
        A model of open_clip at fp32 that computes what ``CLIPModel`` computes, its tokenizer, and the length of its
        vectors.

    Raises:
        TrainError: a configuration that open_clip's towers can't follow, or weights that don't fit.
    """
    import open_clip

    config = json.loads((folder / _CONFIG).read_bytes())
    text, vision = _settings(config, "text", _TEXT), _settings(config, "vision", _VISION)
    activations = {text["hidden_act"], vision["hidden_act"]}
    if len(activations) > 1 or not activations <= set(_ACTIVATIONS):
        raise TrainError(
            f"the towers of {what} use the activations {', '.join(sorted(map(str, activations)))}, and open_clip has "
            f"one of {', '.join(_ACTIVATIONS)} for both: give another model"
        )
    dim = int(config.get("projection_dim", 512))
    model = open_clip.CLIP(
        embed_dim=dim,
        quick_gelu=_ACTIVATIONS[activations.pop()],
        vision_cfg={
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "head_width": vision["hidden_size"] // vision["num_attention_heads"],
            **_sizes(vision),
        },
        text_cfg={
            "context_length": text["max_position_embeddings"],
            "vocab_size": text["vocab_size"],
            "heads": text["num_attention_heads"],
            **_sizes(text),
        },
    )
    try:
        model.load_state_dict(_renamed(read_weights(file)))
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        raise TrainError(f"the weights in {file.name} are not those of {what} ({' '.join(lines[:2])[:300]})") from error
    open_clip.model.set_model_preprocess_cfg(model, _preparation(folder, int(vision["image_size"])))
    return model, open_clip.SimpleTokenizer(context_length=text["max_position_embeddings"]), dim


def _settings(config: Mapping[str, Any], tower: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tower's settings; what old versions wrote as ``text_config_dict`` holds before ``text_config``."""
    old = config.get(f"{tower}_config_dict")
    given = {**defaults, **(config.get(f"{tower}_config") or {})} if old is None else {**defaults, **old}
    return {key: given[key] for key in defaults}


def _sizes(tower: Mapping[str, Any]) -> dict[str, Any]:
    width = tower["hidden_size"]
    return {
        "width": width,
        "layers": tower["num_hidden_layers"],
        "mlp_ratio": tower["intermediate_size"] / width,
        "norm_kwargs": {"eps": tower["layer_norm_eps"]},
    }


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under open_clip's names; one that is unknown keeps its name, and loading refuses it."""
    found: dict[str, Tensor] = {}
    for name, value in weights.items():
        tower, _, rest = name.partition(".encoder.layers.")
        if rest:
            number, _, part = rest.partition(".")
            begin = f"{'visual.' if tower == 'vision_model' else ''}transformer.resblocks.{number}."
            module, _, kind = part.rpartition(".")
            if module == "self_attn.q_proj":
                three = [weights[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"]
                found[f"{begin}attn.in_proj_{kind}"] = torch.cat(three)
            elif module not in ("self_attn.k_proj", "self_attn.v_proj"):
                found[f"{begin}{_BLOCK.get(module, module)}.{kind}"] = value
        elif name in _TRANSPOSED:
            found[_TRANSPOSED[name]] = value.T
        elif not name.endswith(".position_ids"):  # counted up anew by each program
            found[_PLACES.get(name, name)] = value
    return {name: value.float() for name, value in found.items()}


def _preparation(folder: Path, side: int) -> dict[str, Any]:
    """Return how photos are brought to the tower, as open_clip keeps it; CLIP's own way where the folder is silent."""
    import open_clip

    try:
        given = json.loads((folder / _PREPROCESSOR).read_bytes())
    except (OSError, ValueError):
        given = {}
    return {
        "size": (side, side),
        "mode": "RGB",
        "mean": tuple(given.get("image_mean", open_clip.OPENAI_DATASET_MEAN)),
        "std": tuple(given.get("image_std", open_clip.OPENAI_DATASET_STD)),
        "interpolation": _RESAMPLING.get(given.get("resample", 3), "bicubic"),
        "resize_mode": "shortest" if given.get("do_center_crop", True) else "squash",
        "fill_color": 0,
    }
