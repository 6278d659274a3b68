"""Limits on the size of pictures: of the file, and of the pixels, which depends on the free memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ..errors import ImageTooLarge

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "MIN_PIXELS",
    "WORKING_BYTES",
    "check_file_size",
    "check_pixel_count",
    "free_memory",
    "pixel_limit",
]

MAX_FILE_BYTES = 256 * 1024**2
"""Bytes of a file at most. A 100-megapixel photo is about 50 MB as JPEG, at most 200 MB as PNG in practice."""

MAX_PIXELS = 120_000_000
"""Pixels at most, however much memory is free: photos of 108-megapixel phones (12,000 x 9,000) pass;
a file of some kilobytes can't take more than 2.4 GB and a second or two."""

MIN_PIXELS = 1_000_000
"""Pixels that are always accepted: with less free memory the process can do nothing anyway."""

WORKING_BYTES = 20
"""Bytes a pixel at the peak, of the most expensive format, with a margin. Measured (Pillow 13.0, simplejpeg 1.9,
20 megapixels, peak RSS): JPEG 3 through simplejpeg, 7 through Pillow, progressive up to 10; PNG 8; GIF 4;
AVIF 12; WebP 16.5, since its decoder holds two canvases."""

LIMIT_CACHE_SECONDS = 5.0
"""Seconds for which a measurement of the free memory is reused."""

ASSUMED_FREE_BYTES = 2 * 1024**3
"""Free bytes assumed where the system reports none (Windows): what a small laptop has left."""

# Files of a control group (limit, use) and the field of reclaimable cache, for version 2 and version 1.
# Source: kernel.org, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
_CGROUP_FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def pixel_limit() -> int:
    """Return the pixels that a picture may declare: half of the free memory, at most ``MAX_PIXELS``."""
    return _limit_in(int(time.monotonic() / LIMIT_CACHE_SECONDS))


def check_file_size(size: int, name: str) -> None:
    """Raise ``ImageTooLarge`` for a file of more than ``MAX_FILE_BYTES`` bytes."""
    if size > MAX_FILE_BYTES:
        raise ImageTooLarge(
            f"{name}: {size / 1e6:.0f} MB is more than the limit of {MAX_FILE_BYTES / 1e6:.0f} MB: save it smaller"
        )


def check_pixel_count(width: int, height: int) -> None:
    """Raise ``ImageTooLarge`` for a picture that declares more pixels than ``pixel_limit()``."""
    limit = pixel_limit()
    if width * height > limit:
        more = "" if limit == MAX_PIXELS else ", or free some memory"
        raise ImageTooLarge(
            f"it declares {width:,} x {height:,} = {width * height / 1e6:,.1f} million pixels, more than "
            f"the limit of {limit / 1e6:,.1f} million: save it smaller{more}"
        )


def free_memory(root: Path = Path("/")) -> int:
    """Return the bytes that can be used without swapping, within the limits of the container if it has any.

    Args:
        root: the folder that holds ``proc`` and ``sys``; another one is for tests.
    """
    free = [*_machine_memory(root), *_cgroups_memory(root)]
    return max(0, min(free)) if free else ASSUMED_FREE_BYTES


def _machine_memory(root: Path) -> Iterator[int]:
    available = _field(root / "proc" / "meminfo", "MemAvailable:")
    if available is not None:
        yield available * 1024  # the file counts in KiB
    elif root == Path("/") and hasattr(os, "sysconf"):
        try:  # macOS reports the total memory, not the free one: a quarter is a careful guess
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
        except (OSError, ValueError):
            return


def _cgroups_memory(root: Path) -> Iterator[int]:
    """Yield the bytes that each control group above this process still allows; the smallest one counts."""
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if number == "0" and not controllers:
            version, top = 2, root / "sys" / "fs" / "cgroup"
        elif "memory" in controllers.split(","):
            version, top = 1, root / "sys" / "fs" / "cgroup" / "memory"
        else:
            continue
        parts = [part for part in place.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            yield from _cgroup_memory(top.joinpath(*parts[:depth]), version)


def _cgroup_memory(folder: Path, version: int) -> Iterator[int]:
    limit_file, use_file, cache_field = _CGROUP_FILES[version]
    limit, used = _text(folder / limit_file).strip(), _text(folder / use_file).strip()
    if limit.isdigit() and used.isdigit():  # "max" is no limit
        yield int(limit) - int(used) + (_field(folder / "memory.stat", cache_field) or 0)


def _field(path: Path, name: str) -> int | None:
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


@lru_cache(maxsize=1)
def _limit_in(period: int) -> int:
    return min(MAX_PIXELS, max(MIN_PIXELS, free_memory() // 2 // WORKING_BYTES))
