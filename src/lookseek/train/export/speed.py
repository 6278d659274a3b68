"""How fast graphs run on this machine, in turn, on every runtime that is installed."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ...encode.runtime import Runtime, Tower, cores, open_tower
from .parity import installed_runtimes

__all__ = ["Speed", "measure_speed"]

ROUNDS, BATCH, CHUNK = 7, 32, 8
"""Rounds that count; photos a round; photos a run, as the encoder has it."""


def measure_speed(graphs: Mapping[str, bytes], photo: NDArray[np.uint8], rounds: int = ROUNDS) -> Speed:
    """Run graphs in turn, on each runtime that is installed, all cores, a stream a core.

    Args:
        graphs: name to content.
        photo: uint8 (height, width, 3): what is in it does not matter.
        rounds: of which the median counts, after one that warms up.
    """
    towers = {
        (runtime, name): _batch(open_tower(graph, threads=None, single=False, runtime=runtime), photo)
        for runtime in installed_runtimes()
        for name, graph in graphs.items()
    }
    rates: dict[tuple[Runtime, str], list[float]] = {key: [] for key in towers}
    for number in range(rounds + 1):
        for key, run in towers.items():
            began = time.perf_counter()
            run()
            if number:
                rates[key].append(BATCH / (time.perf_counter() - began))
    figures = {
        runtime: {name: (median(r), min(r), max(r)) for name in graphs for r in [rates[runtime, name]]}
        for runtime in installed_runtimes()
    }
    return Speed(figures, _processor(), cores())


@dataclass(frozen=True, slots=True)
class Speed:
    """Photos a second of graphs that ran in turn.

    Args:
        rates: runtime to graph's name to (median, slowest, fastest round).
        processor: its name.
        cores: that were used.
    """

    rates: Mapping[Runtime, Mapping[str, tuple[float, float, float]]]
    processor: str
    cores: int


def _batch(tower: Tower, photo: NDArray[np.uint8]) -> Callable[[], None]:
    """Return a function that runs a batch, as the encoder does: chunks in as many threads as the tower has streams."""
    pool = ThreadPoolExecutor(tower.streams)
    chunk = np.repeat(photo[None], CHUNK, axis=0)

    def run() -> None:
        list(pool.map(tower.run, [chunk] * (BATCH // CHUNK)))

    return run


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
