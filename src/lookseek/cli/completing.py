"""What ``lookseek search --complete`` prints."""

from __future__ import annotations

import json as json_module

from ..index.open_index import open_index
from ..search.outfits import CompletedLook, complete_look, look_to_dict
from .console import out, print_line

__all__ = ["print_look"]


def print_look(index: str, id: str, k: int, *, json: bool) -> None:
    """Print items that go with one.

    Args:
        index: that is searched.
        id: of the item.
        k: items of each part.
        json: True prints JSON.
    """
    opened = open_index(index)
    try:
        look = complete_look(opened, id, k)
    finally:
        opened.store.close()
    if json:
        out.print_json(json_module.dumps(look_to_dict(look), ensure_ascii=False))
    else:
        _print_table(look)


def _print_table(look: CompletedLook) -> None:
    print_line(f"{look.id} is of the part: {look.part}")
    for part in look.parts:
        print_line(f"{part.part} (worn with it in {part.share:.0%} of outfits)")
        for place, item in enumerate(part.items, 1):
            print_line(f"  {place}  {item.score:+.3f}  {item.id}")
    if not look.parts:
        print_line("no item of the catalogue is another part of an outfit")
