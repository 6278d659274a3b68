"""How fast a network learns, and what each change gains: photos a second, in turn, on the same photos.

    python -m benchmarks.speed.train [--backbone NAME] [--rounds 3] [--steps 2] [--batch 32] [--compile] [--write]

The base is plain eager torch: float32, channels first, every layer learns. Rows change one thing, then several; modern
is what ``lookseek train --preset modern`` does. A step is forward, backward and the optimiser's; "with photos" adds
decoding and augmenting. How the C library keeps memory can't be undone within a process, so each row has its own.
Medians over rounds, ratios to the base of the same round. Needs ``pip install 'lookseek[train]'``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date

import torch
from torch.nn.functional import cross_entropy

from benchmarks.paths import PAGES, ROOT
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode.runtime import cores
from lookseek.evaluate.result import short_commit, source_commit
from lookseek.images import to_jpeg
from lookseek.train.classifier.batches import training_batches
from lookseek.train.classifier.network import build_network, parameter_groups
from lookseek.train.classifier.settings import settings_of
from lookseek.train.labelled import Example
from lookseek.train.trainer.memory import keep_freed_memory

PAGE = PAGES / "train.md"

ROWS = {
    "plain torch eager": (),
    "channels last": ("last",),
    "bf16": ("bf16",),
    "compiled": ("compile",),
    "freed memory kept": ("memory",),
    "first third frozen": ("frozen",),
    "channels last, memory kept": ("last", "memory"),
    "the same, first third frozen (modern)": ("last", "memory", "frozen"),
    "all but the last layer frozen, features cached": ("last", "memory", "cached"),
    "modern, with photos, decoded in this process": ("last", "memory", "frozen", "photos"),
    "modern, with photos, one worker": ("last", "memory", "frozen", "photos", "worker"),
}
"""Name to what is changed."""


def steps_of(changes: tuple[str, ...], backbone: str, batch: int) -> Callable[[], None]:
    """One step as often as it is called."""
    torch.set_num_threads(cores())
    torch.manual_seed(0)
    if "memory" in changes:
        keep_freed_memory()
    settings = settings_of("modern", {"batch": batch})
    network = build_network(backbone, 3).network
    if "last" not in changes:
        network.to(memory_format=torch.contiguous_format)
        network.features = lambda photos: network.backbone((photos.float() - network.mean) / network.std).flatten(1)
    if "frozen" in changes:
        network.freeze(settings.frozen)
    network.train()
    model = torch.compile(network) if "compile" in changes else network
    optimiser = torch.optim.AdamW(parameter_groups(network, settings))
    labels = torch.arange(batch) % 3
    photos = torch.randint(0, 256, (batch, 3, settings.size, settings.size), dtype=torch.uint8)
    if "cached" in changes:
        with torch.no_grad():
            photos = network.eval().features(photos)
        model = network.classifier
    source = _photos(batch, settings, 1 if "worker" in changes else 0) if "photos" in changes else None

    def step() -> None:
        shown = photos if source is None else next(source)
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in changes):
            loss = cross_entropy(model(shown), labels, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def _photos(batch: int, settings, workers: int):
    """Batches without end, of drawn photos of the size that phone photos are brought to."""
    files = [to_jpeg(draw(spec, 336)) for spec in drawn_specs(batch, 1, 0)[:batch]]
    batches = training_batches([Example(str(n), file, n % 3) for n, file in enumerate(files)], settings, workers)
    epoch = 0
    while True:
        for photos, _ in batches.epoch(epoch):
            yield photos
        epoch += 1


def measured(row: str, arguments: argparse.Namespace) -> float:
    """Photos a second of a row, in a process of its own, after one step that warms up."""
    command = [sys.executable, "-m", "benchmarks.speed.train", "--row", row, "--backbone", arguments.backbone]
    command += ["--steps", str(arguments.steps), "--batch", str(arguments.batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def alone(arguments: argparse.Namespace) -> None:
    """What the process of a row does."""
    step = steps_of(ROWS[arguments.row], arguments.backbone, arguments.batch)
    step()
    began = time.perf_counter()
    for _ in range(arguments.steps):
        step()
    print(json.dumps(arguments.steps * arguments.batch / (time.perf_counter() - began)))


def main() -> None:
    """Measures, prints and perhaps writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet-lite2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--compile", action="store_true", help="also torch.compile, whose first step takes minutes")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help=f"also to {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    if arguments.row:
        alone(arguments)
        return
    rows = [name for name, changes in ROWS.items() if arguments.compile or "compile" not in changes]
    load = os.getloadavg()[0]
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(arguments.rounds):
        for name in rows:
            times[name].append(measured(name, arguments))
            print(f"{name}: {times[name][-1]:.1f} photos/s", file=sys.stderr, flush=True)
    base = times[rows[0]]
    lines = [
        "# Training speed",
        "",
        f"Written by `python -m benchmarks.speed.train --rounds {arguments.rounds} --steps {arguments.steps} --batch "
        f"{arguments.batch}{' --compile' if arguments.compile else ''} --write` on {date.today()}, commit "
        f"{short_commit(source_commit())}: {arguments.backbone}, 224 px, batches of {arguments.batch}, "
        f"{platform.machine()}, {cores()} cores, torch {torch.__version__.split('+')[0]}, load {load:.1f} as it began. "
        f"Medians of {arguments.rounds} rounds, each row in turn; ratios to the same round's base.",
        "",
        "| | photos/s | times plain |",
        "|---|---|---|",
    ]
    for name in rows:
        ratio = statistics.median(a / b for a, b in zip(times[name], base, strict=True))
        lines.append(f"| {name} | {statistics.median(times[name]):.1f} | {ratio:.2f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
