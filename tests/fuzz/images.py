"""Fuzzes ``images.decode`` and ``images.size``: nothing but a LookseekError may escape.

    pip install atheris
    python tests/fuzz/images.py -max_total_time=60 [a folder to keep what it finds]

Flags are libFuzzer's. Each input is decoded with simplejpeg, where it is installed, and with Pillow alone.
The seeds are the pictures of ``hostile.py``. Pillow and its libraries aren't built for it, so only the
branches of lookseek and of Pillow's Python part guide the search.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

try:
    import atheris
except ImportError:  # pytest looks for doctests here too
    atheris = None

with atheris.instrument_imports(include=["lookseek", "PIL"]) if atheris else nullcontext():
    from PIL import AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    from lookseek import images
    from lookseek.errors import LookseekError
    from lookseek.images import decoder, limits

from helpers.hostile import HARMLESS, KINDS, REFUSED, saved

PLUGINS = AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # loaded, thus seen
LARGEST_SEED = 4096
SIMPLEJPEG = decoder.simplejpeg


def one_input(data: bytes) -> None:
    """Both ways, at full size and smaller: a right array or a LookseekError."""
    shapes = set()
    for decoder.simplejpeg in (SIMPLEJPEG, None):
        for min_side in (0, 8):
            try:
                pixels = images.decode(data, min_side)
            except LookseekError:
                continue
            if pixels.ndim != 3 or pixels.shape[2] != 3 or str(pixels.dtype) != "uint8":
                raise AssertionError(f"decoded to {pixels.shape} of {pixels.dtype}")
            shapes.add((min_side, pixels.shape))
            if not min_side and images.size(data) != (pixels.shape[1], pixels.shape[0]):
                raise AssertionError(f"size says {images.size(data)}, decoded to {pixels.shape}")
    if len(shapes) != len({min_side for min_side, _ in shapes}):
        raise AssertionError(f"two ways, two shapes: {shapes}")


def main() -> None:
    """Hands over to libFuzzer, with the seeds as a further corpus."""
    if atheris is None:
        sys.exit("atheris is not installed: pip install atheris")
    limits.MAX_PIXELS = limits.MIN_PIXELS = 200_000  # what declares more is refused at once and tells nothing
    with tempfile.TemporaryDirectory() as folder:
        seeds = [*map(saved, KINDS), *HARMLESS.values(), *(data for data, _ in REFUSED.values())]
        for number, data in enumerate(seed for seed in seeds if len(seed) <= LARGEST_SEED):
            (Path(folder) / f"{number:03}").write_bytes(data)
        with tempfile.TemporaryDirectory() as found:
            named = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
            atheris.Setup([*sys.argv, *([] if named else [found]), folder], one_input)
            atheris.Fuzz()


if __name__ == "__main__":
    main()
