"""The page's route that explains a result: two photos side by side with what matches lit, and plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ...render.agreement import LEVELS, centre_of, levels_of
from ...results import CellMap, Contributions, Hit, RegionVerdict
from ..engine import Engine
from ..path_prefix import address
from ..settings import MAX_ID
from ..uploads import Upload
from .cards import image_url, to_cards, upload_url
from .language import Texts, load_texts
from .parameters import parse_state
from .rendering import base_context, reader_language
from .state import State, to_query
from .templating import render_template

__all__ = ["LitPhoto", "lit_photo", "router", "sentences", "why_url"]

router = APIRouter(include_in_schema=False)

_DARKEST = 0.72
"""How dark a cell is that adds nothing to the score."""


@dataclass(frozen=True, slots=True)
class LitPhoto:
    """A photo and how dark each of its cells is shown.

    Args:
        url: of the picture.
        width: of the photo, in the scale of the cells.
        height: of the photo.
        side: the smaller side of a cell.
        cells: x, y, width, height and darkness, 0 to 1, of each.
    """

    url: str
    width: float
    height: float
    side: float
    cells: tuple[tuple[float, float, float, float, float], ...]


def why_url(id_: str, state: State) -> str:
    """Return the URL of the page that explains why an item matched a state's query."""
    return address(f"/why?{urlencode([('item', id_), *state.parameters()])}")


@router.api_route("/why", methods=["GET", "HEAD"])
async def why(request: Request, item: str = Query(max_length=MAX_ID)) -> Response:
    """Show why an item matched: as a part of the page that is open, or as a page of its own."""
    engine: Engine = request.app.state.engine
    state = parse_state([pair for pair in request.query_params.multi_items() if pair[0] != "item"])
    upload: Upload | None = request.app.state.uploads.get(state.upload) if state.upload else None
    if not state.has_query or (state.upload and upload is None):
        raise HTTPException(404)
    query = to_query(state, upload.data if upload else None, "", method="none")
    hit = await engine.run_search(lambda: engine.searcher.explain(query, item), encodes=True)
    texts = load_texts(reader_language(request, state))
    (card,) = to_cards([hit], state, texts, engine.searcher.index.manifest.roles)
    own = image_url(state.item) if state.item else upload_url(state.upload)
    made = hit.contributions or Contributions({}, {})
    part = "hx-request" in request.headers
    context = base_context(request, state, texts) | {
        "card": card,
        "sentences": sentences(made, hit.verdicts, texts),
        "asked": None if made.query is None else lit_photo(own, made.query),
        "found": None if made.photo is None else lit_photo(card.image, made.photo),
        "sums": [] if not state.scores else _sums(hit, made, texts),
        "heading": "h2" if part else "h1",
        "part": "why.html",
    }
    html = await engine.run_charged(lambda: render_template(context, "why.html" if part else "view.html"))
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie, HX-Request",
        "Content-Language": texts.language,
    }
    return Response(html, 200, headers, media_type="text/html")


def lit_photo(url: str, found: CellMap) -> LitPhoto:
    """Return a photo whose cells are the darker, the less they add to the score.

    Args:
        url: of its picture, without a size.
        found: its cells.
    """
    width, height = found.size
    box = (0.0, 0.0, width, height) if found.box is None else _numbers(found)
    left, top, right, bottom = found.window
    rows, columns = len(found.cells), len(found.cells[0])
    across, down = (right - left) * box[2] / columns, (bottom - top) * box[3] / rows
    most = max(max(row) for row in found.cells)
    cells = []
    for row, line in enumerate(found.cells):
        for column, cell in enumerate(line):
            lit = max(cell, 0.0) / most if most > 0 else 0.0
            x, y = box[0] + left * box[2] + column * across, box[1] + top * box[3] + row * down
            before, above = across * (column == 0), down * (row == 0)  # at the edges wider, since blurring thins them
            width_, height_ = across * (1 + (column in (0, columns - 1))), down * (1 + (row in (0, rows - 1)))
            place = (round(x - before, 1), round(y - above, 1), round(width_, 1), round(height_, 1))
            cells.append((*place, round(_DARKEST * (1 - lit), 3)))
    return LitPhoto(f"{url}?size=640", width, height, min(across, down), tuple(cells))


def sentences(made: Contributions, verdicts: Sequence[RegionVerdict], texts: Texts) -> list[str]:
    """Return what agrees and where it lies, in plain words."""
    levels, said = levels_of(made), list[str]()
    for level in LEVELS:
        said += _sentence(level, [texts.format(f"why.{name}") for name, each in levels.items() if each == level], texts)
    for told, differs in (("agrees", False), ("differs", True), ("unsure", None)):
        regions = [texts.label("region", each.region) for each in verdicts if each.differs is differs]
        said += _sentence(told, regions, texts)
    centre = None if made.photo is None else centre_of(made.photo)
    if centre is not None:
        said.append(texts.format(f"why.{'_'.join(centre)}"))
    return said


def _sentence(level: str, names: Sequence[str], texts: Texts) -> list[str]:
    """Return the sentence that some things agree, differ or are not sure; none of no thing."""
    if not names:
        return []
    *first, last = names
    words = f"{', '.join(first)} {texts.format('why.and')} {last}" if first else last
    return [texts.format(f"why.{level}", n=len(names), aspects=words[:1].upper() + words[1:])]


def _sums(hit: Hit, made: Contributions, texts: Texts) -> list[tuple[str, str]]:
    """Return the score and what it is made of, for readers who have scores shown."""
    rows = [(texts.format("hit.score", score=texts.number(hit.score, 2)), "")]
    for names in (made.vectors, made.parts if len(made.parts) > 1 else {}, made.regions):
        rows += [(name, texts.number(value, 3)) for name, value in names.items()]
    return rows


def _numbers(found: CellMap) -> tuple[float, float, float, float]:
    assert found.box is not None
    return found.box.x, found.box.y, found.box.width, found.box.height
