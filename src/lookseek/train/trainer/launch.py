"""Starting the devices of a training: accelerator, nodes, precision, and processes that decode."""

from __future__ import annotations

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException

from ...encode.runtime import cores
from ...errors import TrainError
from ...types import Skipped
from .devices import Devices
from .precision import Precision

__all__ = ["SilentProgress", "launch", "worker_count"]


def launch(devices: Devices, precision: Precision) -> Fabric:
    """Start what a training runs on, its further processes too.

    Raises:
        TrainError: devices that are not there.
    """
    try:
        fabric = Fabric(
            accelerator=devices.accelerator,
            devices=int(devices.devices) if devices.devices.isdecimal() else devices.devices,
            num_nodes=devices.nodes,
            precision=_precision(precision, devices.accelerator),  # type: ignore[arg-type]
        )
        fabric.launch()
    except (ValueError, TypeError, RuntimeError, MisconfigurationException) as error:
        reason = " ".join(str(error).split())[:300]
        raise TrainError(
            f"accelerator {devices.accelerator}, devices {devices.devices} and nodes {devices.nodes} can't be had here "
            f"({reason}): leave the options out to take what there is, or give --accelerator cpu"
        ) from error
    return fabric


def worker_count(devices: Devices, fabric: Fabric) -> int:
    """Return how many processes decode.

    Raises:
        TrainError: a negative number was given.
    """
    if devices.workers is not None:
        if devices.workers < 0:
            raise TrainError(f"workers is {devices.workers}: give 0 or more")
        return devices.workers
    return 0 if fabric.device.type == "cpu" else min(8, cores())


def _precision(precision: Precision, accelerator: str) -> str:
    """bf16 where it is multiplied in hardware: elsewhere it gains too little (docs/decisions/train.md)."""
    if precision != "auto":
        return precision
    if torch.cuda.is_available() and accelerator in ("auto", "cuda", "gpu"):
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    capable = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
    return "bf16-mixed" if capable else "32-true"


class SilentProgress:
    """Implements ``lookseek.progress.Progress`` for further devices: the first one reports for all."""

    def phase(self, name: str, total: int | None) -> None:
        """See Progress."""

    def advance(self, entries: int) -> None:
        """See Progress."""

    def skipped(self, skipped: Skipped) -> None:
        """See Progress."""
