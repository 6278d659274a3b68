"""Wrong usage: what was meant is shown by an example that works."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import LookseekError

__all__ = ["UsageError", "example_of"]

_EXAMPLES = {
    "index": "lookseek index my-photos shop   (a folder or table of photos, then the folder or address of the index)",
    "search": "lookseek search shop red dress   or   lookseek search shop --image photo.jpg",
    "tag": "lookseek tag shop --image photo.jpg",
    "check": "lookseek check shop",
    "route": "lookseek route shop --kind kmeans",
    "serve": "lookseek serve shop",
    "evaluate": "lookseek evaluate myntra-class DATA",
    "export-vectors": "lookseek export-vectors shop vectors",
    "copy": "lookseek copy shop 'postgresql://db/catalogue#shop'   or   lookseek copy shop shop.parquet",
    "train": "lookseek train classifier items.csv run",
    "models": "lookseek models   or   lookseek models marqo-fashionsiglip",
    "demo": "lookseek demo",
}


class UsageError(LookseekError):
    """A command was called in a way that it can't be."""


def example_of(arguments: Sequence[str]) -> str:
    """Return a line with an example of the command that was called; "" for an unknown one."""
    example = _EXAMPLES.get(arguments[0], "") if arguments else ""
    return f"for example: {example}" if example else ""
