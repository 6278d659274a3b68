"""What a training runs on: accelerator, devices, nodes, precision, and processes that decode."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from ...encode.runtime import cores
from ...errors import TrainError
from ...types import Skipped
from .precision import Precision

__all__ = ["Machine", "Silent", "launched", "workers_of"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What a training runs on; see Lightning Fabric.

    Args:
        accelerator: ``auto``, ``cpu``, ``cuda``, ``mps`` ...
        devices: how many of a node's, or ``auto``.
        nodes: how many.
        workers: processes a device that decode photos; None for one a core up to 8 beside an accelerator, none on a
            CPU, whose cores the network needs itself (docs/benchmarks/train.md).
    """

    accelerator: str = "auto"
    devices: str = "auto"
    nodes: int = 1
    workers: int | None = None


def launched(machine: Machine, precision: Precision) -> Fabric:
    """What a training runs on, its further processes started.

    Raises:
        TrainError: devices that are not there.
    """
    try:
        fabric = Fabric(
            accelerator=machine.accelerator,
            devices=int(machine.devices) if machine.devices.isdecimal() else machine.devices,
            num_nodes=machine.nodes,
            precision=_precision(precision, machine.accelerator),  # type: ignore[arg-type]
        )
        fabric.launch()
    except (ValueError, TypeError, RuntimeError, MisconfigurationException) as error:
        said = " ".join(str(error).split())[:300]
        raise TrainError(
            f"accelerator {machine.accelerator}, devices {machine.devices} and nodes {machine.nodes} can't be had here "
            f"({said}): leave the options out to take what there is, or give --accelerator cpu"
        ) from error
    return fabric


def workers_of(machine: Machine, fabric: Fabric) -> int:
    """Processes that decode.

    Raises:
        TrainError: less than none.
    """
    if machine.workers is not None:
        if machine.workers < 0:
            raise TrainError(f"workers is {machine.workers}: give 0 or more")
        return machine.workers
    return 0 if fabric.device.type == "cpu" else min(8, cores())


def _precision(precision: Precision, accelerator: str) -> str:
    """bf16 where it is multiplied in hardware: elsewhere it gains too little (docs/decisions/train.md)."""
    if precision != "auto":
        return precision
    if torch.cuda.is_available() and accelerator in ("auto", "cuda", "gpu"):
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    capable = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
    return "bf16-mixed" if capable else "32-true"


class Silent:
    """The progress of further devices: the first one tells for all."""

    def phase(self, name: str, total: int | None) -> None:
        """See Progress."""

    def advance(self, entries: int) -> None:
        """See Progress."""

    def skipped(self, skipped: Skipped) -> None:
        """See Progress."""
