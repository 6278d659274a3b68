"""The memory that hostile pictures take: the figure of SECURITY.md's first promise.

    python -m benchmarks.service.hostile_pictures

Decodes every picture of ``tests/helpers/hostile.py``, those that are refused and those that are odd, as given and with
Pillow alone, in a process that has decoded small ones before. Prints what each kind takes beyond its file and, where it
is decoded, beyond 20 bytes a pixel; the largest is the figure. Linux alone: it reads /proc.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lookseek import images
from lookseek.errors import ItemError
from lookseek.images import decoder
from lookseek.images.limits import WORKING_BYTES
from tests.helpers.hostile import HARMLESS, KINDS, REFUSED, chunks_of, png_chunk, riff, saved

PROMISED = 50e6
"""Bytes beyond the file and the decoded size."""
_SHOWN = 5


def resident(name: str) -> int:
    """Bytes of this process now (VmRSS) or at the most since ``forget`` (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def forget() -> None:
    """Begin to measure the peak anew."""
    Path("/proc/self/clear_refs").write_text("5")


def beyond(path: Path) -> float:
    """Bytes by which decoding a picture raises the peak, without its file and its decoded size."""
    forget()
    before, decoded = resident("VmRSS"), 0
    try:
        pixels = images.decode(path)
        decoded = pixels.shape[0] * pixels.shape[1] * WORKING_BYTES
    except ItemError:
        pass
    return max(0.0, resident("VmHWM") - before - path.stat().st_size - decoded)


def loaded() -> dict[str, bytes]:
    """Small pictures in files of up to 200 MB, of which nearly all is metadata."""
    profile = bytes(200_000_000)
    head = (b"VP8X", b"\x20\0\0\0" + bytes((39, 0, 0, 23, 0, 0)))  # of 40 x 24, with a profile
    return {
        "webp with a profile of 200 MB": riff(head, (b"ICCP", profile), *chunks_of(saved("WEBP"))),
        "png with a profile of 200 MB": saved("PNG")[:33] + png_chunk(b"iCCP", b"p\0\0" + profile) + saved("PNG")[33:],
        "avif with metadata of 200 MB": saved("AVIF")[:32] + (200_000_008).to_bytes(4) + b"free" + profile,
    }


def main() -> int:
    """Measure, print, and return 1 if the promise is broken."""
    import tempfile

    pictures = {**{name: refused.data for name, refused in REFUSED.items()}, **HARMLESS, **loaded()}
    taken: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        fast = decoder.simplejpeg
        for way in ("as it comes", "by Pillow alone"):
            decoder.simplejpeg = fast if way == "as it comes" else None
            for kind in KINDS:  # the libraries, and the allocator's first blocks
                images.decode(saved(kind))
            for name, data in pictures.items():
                path.write_bytes(data)
                taken[f"{name}, {way}"] = beyond(path)
    worst = sorted(taken, key=taken.__getitem__, reverse=True)
    for name in worst[:_SHOWN]:
        print(f"{taken[name] / 1e6:6.1f} MB  {name}")
    print(f"{len(pictures)} pictures, each decoded in two ways: at the most {taken[worst[0]] / 1e6:.1f} MB beyond file")
    print(f"and decoded size; promised: {PROMISED / 1e6:.0f} MB")
    return int(taken[worst[0]] > PROMISED)


if __name__ == "__main__":
    sys.exit(main())
