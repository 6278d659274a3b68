"""A run folder has one writer."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from ...errors import TrainError
from .run_folder import LOCK, RUN, SKIPPED

__all__ = ["RunLock"]


class RunLock:
    """The folder's one writer; several devices of one training are one.

    Args:
        out: the run folder, made where it does not exist.
        fabric: launch.

    Raises:
        TrainError: the folder holds other things, or, on entry, another process trains in it.
    """

    def __init__(self, out: Path, fabric: Fabric) -> None:
        if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not _ours(out))):
            raise TrainError(f"{out} holds other things than a training run: give a new or empty folder")
        out.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(out / LOCK) if fabric.is_global_zero else None
        self._out = out

    def __enter__(self) -> None:
        if self._lock is not None:
            try:
                self._lock.acquire(timeout=2)
            except Timeout:
                raise TrainError(f"another process trains in {self._out}: wait for it, or stop it") from None

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.release()


def _ours(out: Path) -> bool:
    index = (out / "lookseek.json").exists() or (out / "building.json").exists()
    return not index and any((out / name).exists() for name in (RUN, LOCK, SKIPPED))
