"""Keeping what torch frees: on Linux a step would otherwise give hundreds of megabytes back and fault them in again."""

from __future__ import annotations

import ctypes
import platform

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of mallopt. Source: glibc, malloc/malloc.h."""

_PAD = 256 << 20
"""Bytes that the heap grows by at a time."""


def keep_freed_memory() -> bool:
    """Make the C library keep freed memory for the next step; return whether it does.

    glibc serves every array above 32 MB by a mapping of its own and unmaps it when it is freed; each page is zeroed by
    the kernel when it is touched again. Training touches several gigabytes a step: it takes 1.4 times as long on 2
    cores (docs/benchmarks/train.md).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(
        libc.mallopt(_MMAP_MAX, 0) and libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1) and libc.mallopt(_TOP_PAD, _PAD)
    )
