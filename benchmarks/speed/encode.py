"""Photos from disk to vectors: lookseek against the classic way, in interleaved rounds on one machine.

    python -m benchmarks.speed.encode [--photos DIR] [--rounds 5] [--count 256] [--write]

Needs ``pip install 'lookseek[fast,bench]'``. The classic way is what most tutorials show: Pillow,
resize to 256, crop 224, torch eager fp32 ResNet-50, batch 32, one after the other. Its tuned form
has channels_last and bf16 autocast. Weights of ResNet-50 are random: they don't change the speed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn

from benchmarks.paths import DATA, PAGES
from lookseek.encode import encode_photos, load_model
from lookseek.encode.runtime import Runtime, cores

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 32
CHUNK = 8


class Pooled(nn.Module):
    """ResNet-50 without its classifier, from uint8 photos."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1) * 255)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        return self.network((photos.permute(0, 3, 1, 2).float() - self.mean) / self.std)


def resnet() -> nn.Module:
    """ResNet-50 of torchvision, random weights, features instead of classes."""
    torch.manual_seed(0)
    network = torchvision.models.resnet50(weights=None).eval()
    network.fc = nn.Identity()
    return network


def classic(network: nn.Module, photos: list[Path], tuned: bool) -> int:
    """Encodes photos the classic way; returns how many."""
    done = 0
    mean, std = np.array(MEAN, np.float32), np.array(STD, np.float32)
    for start in range(0, len(photos), BATCH):
        rows = []
        for path in photos[start : start + BATCH]:
            with Image.open(path) as opened:
                picture = opened.convert("RGB")
            scale = 256 / min(picture.size)
            picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.BILINEAR)
            left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
            pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
            rows.append(((pixels - mean) / std).transpose(2, 0, 1))
        batch = torch.from_numpy(np.stack(rows))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=tuned):
            done += len(network(batch.to(memory_format=torch.channels_last) if tuned else batch).float().numpy())
    return done


def export_resnet(folder: Path) -> Path:
    """Our model folder with the same network."""
    program = torch.onnx.export(
        Pooled(resnet()).eval(),
        (torch.zeros((2, 224, 224, 3), dtype=torch.uint8),),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        opset_version=18,
        input_names=["photos"],
        output_names=["vectors"],
        verbose=False,
    )
    how = {"width": 224, "height": 224, "resize": "crop", "crop": 0.875, "mean": [0, 0, 0], "std": [1, 1, 1]}
    config = {
        "format": 1,
        "name": "resnet-50",
        "dim": 2048,
        "preprocessing": {**how, "dtype": "uint8", "layout": "nhwc"},
        "licence": "none: random weights",
        "sources": [],
        "languages": [],
    }
    files = {"config.json": json.dumps(config).encode(), "image.onnx": program.model_proto.SerializeToString()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def ours(model: str | Path, runtime: Runtime) -> tuple[Callable[[list[Path]], int], Callable[[], int], str]:
    """Encodes photos from disk; runs the tower alone on a batch; and its precision."""
    loaded = load_model(model, runtime=runtime)
    pixels = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    prepared = [loaded.image.prepare(pixels)] * BATCH

    def run(photos: list[Path]) -> int:
        return sum(1 for _ in encode_photos(((p, p) for p in photos), [loaded.image], batch=BATCH))

    return run, lambda: len(loaded.image.encode(prepared)), loaded.precision


def gflop(network: nn.Module, photos: torch.Tensor) -> float:
    """Operations a photo of all convolutions, a multiplication and an addition counting as two, in 10^9."""
    total = 0

    def count(module: nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal total
        total += 2 * module.weight[0].numel() * out[0].numel()

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.inference_mode():
        network(photos)
    for hook in hooks:
        hook.remove()
    return total / 1e9


def gemm_numpy() -> float:
    """10^9 operations a second of numpy's fp32 matrix product, in a process without OPENBLAS_* settings."""
    code = (
        "import numpy as np, time; a = np.ones((2048, 2048), np.float32); a @ a; best = 9.0\n"
        "for _ in range(8): t = time.perf_counter(); a @ a; best = min(best, time.perf_counter() - t)\n"
        "print(2 * 2048**3 / best / 1e9)"
    )
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return float(subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, check=True).stdout)


def gemm_torch(dtype: torch.dtype) -> float:
    """10^9 operations a second of torch's matrix product."""
    a = torch.ones((2048, 2048), dtype=dtype)
    best = max(rate(lambda: len(a @ a)) for _ in range(8))
    return best * 2 * 2048**2 / 1e9


def rate(run: Callable[[], int]) -> float:
    """What it did a second."""
    began = time.perf_counter()
    return run() / (time.perf_counter() - began)


def main() -> None:
    """Measures, prints and perhaps writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=DATA / "clothing" / "images")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--write", action="store_true", help="also to docs/benchmarks/encode.md")
    arguments = parser.parse_args()
    torch.set_num_threads(cores())
    photos = sorted(arguments.photos.glob("*.jpg"))[: arguments.count]
    for path in photos:
        path.read_bytes()  # into the page cache: the disk is not what is measured
    plain, tuned = resnet(), resnet().to(memory_format=torch.channels_last)
    normalised = torch.zeros((BATCH, 3, 224, 224))

    def tower(network: nn.Module, fast: bool) -> int:
        batch = normalised.to(memory_format=torch.channels_last) if fast else normalised
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
            return len(network(batch))

    with tempfile.TemporaryDirectory() as folder:
        exported = export_resnet(Path(folder))
        contestants = {
            "classic: Pillow, torch eager, ResNet-50": (
                lambda p: classic(plain, p, False),
                lambda: tower(plain, False),
                "fp32",
                "resnet",
            ),
            "classic tuned: channels_last, autocast": (
                lambda p: classic(tuned, p, True),
                lambda: tower(tuned, True),
                "bf16",
                "resnet",
            ),
            "lookseek, ResNet-50, ONNX Runtime": (*ours(exported, "onnxruntime"), "resnet"),
            "lookseek, ResNet-50, OpenVINO": (*ours(exported, "openvino"), "resnet"),
            "lookseek, default model, ONNX Runtime": (*ours("efficientnet-lite2", "onnxruntime"), "lite"),
            "lookseek, default model, OpenVINO": (*ours("efficientnet-lite2", "openvino"), "lite"),
        }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    towers: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(arguments.rounds + 1):
        for name, (run, alone, _, _) in contestants.items():
            few = photos[: len(photos) // 8] if number == 0 else photos  # the first round warms up
            found = rate(lambda run=run, few=few: run(few)), rate(lambda alone=alone: sum(alone() for _ in range(3)))
            if number:
                rates[name].append(found[0])
                towers[name].append(found[1])

    from lookseek.train.classifier.export.tower import Tower
    from lookseek.train.classifier.network import build_network

    operations = {
        "resnet": gflop(plain, normalised[:1]),
        "lite": gflop(
            Tower(build_network("efficientnet-lite2", 2, "random").network),
            torch.zeros((1, 224, 224, 3), dtype=torch.uint8),
        ),
    }
    gemm = {"fp32": max(gemm_numpy(), gemm_torch(torch.float32)), "bf16": gemm_torch(torch.bfloat16)}
    base = next(iter(contestants))
    lines = [
        "# Photos from disk to vectors",
        "",
        f"{date.today()}, {processor()}, {cores()} cores, Python {platform.python_version()}, "
        + ", ".join(f"{p} {metadata.version(p)}" for p in ("torch", "onnxruntime", "openvino", "numpy", "pillow"))
        + ".",
        f"{len(photos)} JPEG photos of 336 px (clothing), batch {BATCH}, {arguments.rounds} interleaved rounds; "
        "median (lowest to highest).",
        "",
        "| way | precision | photos a second | times classic | tower alone | GFLOP a photo | GFLOP/s | of GEMM |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (_, _, precision, network) in contestants.items():
        found, alone = rates[name], median(towers[name])
        ratios = [a / b for a, b in zip(found, rates[base], strict=True)]
        speed = alone * operations[network]
        lines.append(
            f"| {name} | {precision} | {median(found):.0f} ({min(found):.0f} to {max(found):.0f}) | "
            f"{median(ratios):.1f} | {alone:.0f} | {operations[network]:.2f} | {speed:.0f} | "
            f"{speed / gemm[precision]:.0%} |"
        )
    lines += [
        "",
        f"The floor: a 2048 x 2048 matrix product reaches {gemm['fp32']:.0f} GFLOP/s at fp32 (the better of numpy "
        f"and torch) and {gemm['bf16']:.0f} at bf16 (torch). A tower can't be faster than its operations at that "
        "rate. Depthwise convolutions, a third of the default model's, do few operations for each number they "
        "move, so they stay far below it.",
        "",
        "Made by `python -m benchmarks.speed.encode --write`.",
    ]
    print("\n".join(lines))
    if arguments.write:
        out = PAGES / "encode.md"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def processor() -> str:
    """The processor's name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()
