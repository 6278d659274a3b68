"""The garments of a search's photo, printed, and the search of each of them."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import QueryError
from ..query import Query
from ..render.as_json import results_to_dict
from ..types import Region
from .console import err, escape, out, print_line
from .output import print_results

if TYPE_CHECKING:
    from ..search import Searcher

__all__ = ["ALL", "list_garments", "print_each_garment"]

ALL = "all"

_SEVERAL = 2


def list_garments(searcher: Searcher, query: Query) -> None:
    """Print the garments of a query's photo where it shows several and the query means one, or none of its own."""
    if query.image is None or query.box is not None:
        return
    garments = searcher.garments(query.image)
    if len(garments) < _SEVERAL:
        return
    for line in _lines(garments):
        err.print(escape(line), soft_wrap=True)
    if not query.garment:
        err.print(f"--garment {garments[0].label} searches with one of them, --garment all with each", soft_wrap=True)


def print_each_garment(searcher: Searcher, query: Query, json: bool) -> int:
    """Print the results of each garment of a query's photo, the largest first.

    Args:
        searcher: of the index.
        query: with a photo.
        json: print a JSON list of results, in the order of the garments.

    Raises:
        QueryError: the query has no photo, or it shows no garment.
    """
    if query.image is None:
        raise QueryError("--garment all means the garments of a photo, and there is none: give --image")
    garments = searcher.garments(query.image)
    if not garments:
        raise QueryError("no garment was found in the photo: leave --garment out, or give a box")
    answers = [searcher.search(replace(query, garment=str(number))) for number in range(1, len(garments) + 1)]
    if json:
        out.print_json(json_text.dumps([results_to_dict(each) for each in answers], ensure_ascii=False, default=str))
        return 0
    for line, results in zip(_lines(garments), answers, strict=True):
        print_line(line)
        print_results(results, None)
    return 0


def _lines(garments: Sequence[Region]) -> list[str]:
    """Return a line for each garment: its number, kind, confidence and box."""
    return [
        f"garment {number}: {each.label} ({each.score:.0%}) at "
        f"{each.box.x:.0f},{each.box.y:.0f},{each.box.width:.0f},{each.box.height:.0f}"
        for number, each in enumerate(garments, 1)
    ]
