"""The command that moves an index: copy."""

from __future__ import annotations

from .app import app
from .console import err, print_line
from .progress_bars import ProgressBars


@app.command
def copy(source: str, target: str, /) -> int:
    """Copy an index to another place without encoding anything: between folders, databases and exports.

    Stop it with Ctrl-C whenever you like; the same command goes on from there. The copy is published once its count and
    samples of its items agree with the source.

    Args:
        source: the folder or address of an index, or an export: a folder whose name ends in .parquet.
        target: likewise; it must be new, or left by a copy that was stopped. Routers are not copied.
    """
    from ..index.copying import copy_index

    with ProgressBars(err) as progress:
        done = copy_index(source, target, progress)
    print_line(f"{target}: {done.items:,} items ({done.copied:,} copied now), {done.compared:,} compared with {source}")
    if done.routers:
        err.print(
            f"[yellow]note:[/] routers are not copied ({', '.join(done.routers)}): fit them again with lookseek route",
            soft_wrap=True,
        )
    return 0
