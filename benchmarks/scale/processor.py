"""The processor time of processes with all that they started: work in an engine's or a server's process counts."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(*roots: int) -> float:
    """Return the seconds of processes, of those that descend from them, and of those that ended and were waited for.

    Args:
        roots: process ids, e.g. ``os.getpid()``, which is read exactly; all others are counted in hundredths.
    """
    found: dict[int, tuple[int, int, int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parts = [int(part) for part in status.read_text().rpartition(")")[2].split()[1:15]]
            found[int(status.parent.name)] = parts[0], parts[10] + parts[11], parts[12] + parts[13]
    total = 0.0
    for pid, (_, own, ended) in found.items():
        above = pid
        while above in found and above not in roots:
            above = found[above][0]
        if above in roots:
            total += time.process_time() + ended / TICKS if pid == os.getpid() else (own + ended) / TICKS
    return total
