"""What a training runs on, as the command line gives it. It is read without torch; ``launch.py`` starts it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Devices"]


@dataclass(frozen=True, slots=True)
class Devices:
    """What a training runs on.

    Args:
        accelerator: auto, cpu, cuda, mps: as Lightning Fabric names them.
        devices: how many of a node's, or auto.
        nodes: how many.
        workers: processes a device that decode photos. Without it one a core up to 8 beside an accelerator, and none
            on a CPU, whose cores the network needs itself (docs/benchmarks/train.md).
    """

    accelerator: str = "auto"
    devices: str = "auto"
    nodes: int = 1
    workers: int | None = None
