"""Commands that query an index or a model: search, tag."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ..atomic import write_text
from ..errors import QueryError
from ..query import Query
from ..results import Results
from ..types import Metric, Photo, RerankMethod, RouteMode, RouterType
from .app import app
from .arguments import PHOTO_SUFFIXES, is_web_address, parse_box, parse_classes, parse_photos, parse_term
from .console import err, escape, out, print_line
from .garments import ALL, list_garments, print_each_garment
from .output import (
    attributes_to_json,
    print_results,
    print_routing,
    results_to_json,
    tags_to_json,
)
from .usage import UsageError

if TYPE_CHECKING:  # modules that are slow to import are imported by the command that needs them
    from ..encode import Model
    from ..search import Searcher


@app.command
def search(
    index: str,
    /,
    *words: str,
    image: Annotated[list[str] | None, Parameter(negative=())] = None,
    item: str = "",
    text: str = "",
    plus: Annotated[list[str] | None, Parameter(negative=())] = None,
    minus: Annotated[list[str] | None, Parameter(negative=())] = None,
    like: Annotated[list[str] | None, Parameter(negative=())] = None,
    unlike: Annotated[list[str] | None, Parameter(negative=())] = None,
    composer: str = "",
    k: Annotated[int, Parameter(name="-k")] = 10,
    metric: Metric = "cosine",
    filter: str = "",
    box: str | None = None,
    garment: str = "",
    colour_weight: float | None = None,
    response_colour_weight: float | None = None,
    exact: Annotated[bool, Parameter(negative=())] = False,
    hide_duplicates: Annotated[bool, Parameter(negative=())] = False,
    group_by: Literal["product", "photo"] = "product",
    route: Literal["none"] | RouterType = "none",
    route_mode: RouteMode = "soft",
    rerank: Literal["none"] | RerankMethod = "none",
    literal: Annotated[bool, Parameter(negative=())] = False,
    copied: int | None = None,
    explain: Annotated[bool, Parameter(negative=())] = False,
    complete: str = "",
    truth: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    strip: Path | None = None,
) -> int:
    """Find the items of an index that look like a photo, match words, or look like a photo with a change.

    Several photos, --plus and --minus are added up, each with its weight.

    Args:
        index: the folder or address of the index.
        words: what is looked for, as after --text: lookseek search shop red dress.
        image: a photo, with a weight if need be: a.jpg:0.7; may be repeated.
        item: the id of an item to search with, in place of a photo.
        text: words that say what is looked for or, beside a photo, how it should differ.
        plus: what is added: words or a photo's path, with a weight if need be: "long sleeves:0.5"; may be repeated.
        minus: what is taken away, likewise; may be repeated.
        like: the id of an item that the results should be like; may be repeated. Alone it is all that is asked by,
            beside a photo or words it moves them.
        unlike: the id of an item that they should not be like; may be repeated.
        composer: what joins a photo with --text: sum, slerp, slerp:WEIGHT (the words' share) or the model's own.
        k: how many results.
        metric: cosine, or euclidean for an index that was built with it.
        filter: only items that meet it, e.g. "category = dress and colour in (red, pink) and price < 50".
        box: the part of the first photo that is meant, as x,y,width,height in pixels.
        garment: the garment in the photo that is meant: a kind such as dress, its number in the list of those found,
            largest, or all for results of each; without it the whole photo is searched with, and the garments are
            listed where the photo shows several.
        colour_weight: share of the colour in the score, 0 (shape and cut alone) to 1 (colour alone); for a photo alone.
        response_colour_weight: share of the colour where the model responds most, likewise; of an index that was made
            with --response-colour.
        exact: compare with every item even where the index has a graph.
        hide_duplicates: show one of several near-identical photos; two products stay two results.
        group_by: product makes photos of one product one result, the best photo first; photo shows each by itself.
        route: search only the items whose key a router finds likely; lookseek route makes routers.
        route_mode: soft searches keys until the router is as sure as it must be, hard the likeliest key alone.
        rerank: score the first candidates a second time, by their own neighbours, which on a shop's photos lost more
            than it won, or cell by cell (pairs, for a photo alone, of an index that was made with --pairs): measure it
            on yours, lookseek evaluate --rerank.
        literal: take words as they are typed; else words that the model was never taught are read as ones that it was.
        copied: find copies of the design in the photo of which at most so many of five regions were changed, 0 to 4:
            the 60 nearest photos are compared by collar, chest, waist and sleeves, and results say which differ.
        explain: also print what gave each result its score: by vector, by part of the query, and where in its photo;
            --json holds all of it, for at most 20 results.
        complete: the id of an item to complete the look of: prints what goes with it, -k items of each part of a look.
        truth: frames results that agree green, e.g. category=dress, or category for the query's own; never searched on.
        json: print JSON.
        strip: also draw the query and its results as a picture, into this PNG.
    """
    from ..search import Searcher

    text = _joined_words(words, text)
    if complete:
        if image or item or text or plus or minus or like or unlike or filter:
            raise UsageError("--complete ID takes no query beside it: leave out photos, words and filters")
        from .completing import print_look

        print_look(index, complete, k, json=json)
        return 0
    photos = parse_photos(image or ())
    query = Query(
        image=photos.first,
        item=item,
        image_weight=photos.weight,
        box=None if box is None else parse_box(box),
        text=text,
        plus=(*photos.others, *map(parse_term, plus or ())),
        minus=tuple(map(parse_term, minus or ())),
        like=tuple(like or ()),
        unlike=tuple(unlike or ()),
        garment="" if garment == ALL else garment,
        composer=composer,
        filter=filter,
        k=k,
        metric=metric,
        exact=exact,
        colour_weight=colour_weight,
        response_colour_weight=response_colour_weight,
        hide_duplicates=hide_duplicates,
        group_by=group_by,
        route=route,
        route_mode=route_mode,
        rerank=rerank,
        literal=literal,
        explain=explain,
        copied=copied,
    )
    with Searcher(index, single=True) as searcher:
        if searcher.index.note:
            err.print(f"[yellow]note:[/] {escape(searcher.index.note)}")
        if garment == ALL:
            if strip is not None or truth is not None:
                raise UsageError("--garment all gives results of each garment: leave --strip and --truth out")
            return print_each_garment(searcher, query, json)
        list_garments(searcher, query)
        results = searcher.search(query)
        if results.routed is not None:
            print_routing(results.routed)
        for line in results.readings:
            err.print(f"[yellow]note:[/] {escape(line)} (--literal: as typed)")
        expected = _truth(truth, searcher, query.image)
        if json:
            out.print_json(results_to_json(results))
        else:
            print_results(results, expected)
        if strip is not None:
            _draw(searcher, results, expected, strip)
            err.print(f"wrote {strip}")
    return 0


def _joined_words(words: tuple[str, ...], text: str) -> str:
    """Return the words of a search, which stand bare or after ``--text``."""
    if words and text:
        raise UsageError(f"words stand bare or after --text, not both: {' '.join(words)!r} and {text!r}")
    if len(words) == 1 and is_web_address(words[0]):
        raise QueryError(f"{words[0]} is a web address, and nothing is fetched: download the photo, give it by --image")
    if len(words) == 1 and words[0].lower().endswith(PHOTO_SUFFIXES):
        raise UsageError(f"{words[0]!r} is a photo's name: search with it by --image {words[0]}")
    return text or " ".join(words)


@app.command
def tag(
    index_or_model: str,
    /,
    *,
    image: Path | None = None,
    classes: str = "",
    k: Annotated[int, Parameter(name="-k")] = 5,
    words: int = 0,
    write: Path | None = None,
    model: str = "",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Name the classes or attributes of a photo, or write the attributes of all items of an index.

    Args:
        index_or_model: an index, whose model is asked, a model folder, a shipped model's name, or
            hf:OWNER/NAME@REVISION.
        image: the photo.
        classes: words to choose among, e.g. "dress,shirt,đầm", for a model that reads words; their shares sum to 1 over
            these words alone. Without it the classes that the model was trained on.
        k: how many classes, the likeliest first.
        words: how many attributes, the likeliest first, in place of classes: of a model that lookseek train tags made.
        write: a CSV file of id, attribute, value, confidence for all items of the index, where the value reaches its
            threshold, in place of one photo's.
        model: the model folder that names the attributes of an index, where the index was made with the same model
            without them.
        json: print JSON.
    """
    from ..search.tagging import model_of, tag_by_words
    from ..search.tagging import tag as name_classes

    if (image is None) == (write is None):
        raise UsageError("tag takes a photo (--image), or an index and a file for all its items (--write): give one")
    asked = model_of(model or index_or_model)
    if write is not None:
        return _write_attributes(index_or_model, asked, write)
    assert image is not None  # for mypy
    if words:
        return _print_attributes(asked, image, words, json)
    tags = tag_by_words(asked, image, parse_classes(classes), k) if classes else name_classes(asked, image, k)
    if json:
        out.print_json(tags_to_json(tags, image, asked.name))
    else:
        for tag_ in tags:
            out.print(f"{tag_.probability:6.1%}  {escape(tag_.name)}", soft_wrap=True)
    return 0


def _print_attributes(model: Model, image: Path, words: int, json: bool) -> int:
    from ..search.attribute_tags import tag_attributes

    found = tag_attributes(model, image, words)
    if json:
        out.print_json(attributes_to_json(found, image, model.name))
    else:
        for each in found:
            sure = "" if each.sure else "  (below its threshold)"
            out.print(f"{each.probability:6.1%}  {escape(each.attribute)}: {escape(each.value)}{sure}", soft_wrap=True)
    return 0


def _write_attributes(index: str, model: Model, path: Path) -> int:
    from ..search.attribute_tags import tag_index
    from .progress_bars import ProgressBars

    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("id", "attribute", "value", "confidence"))
    items, rows = set(), 0
    with ProgressBars(err) as bars:
        for id, found in tag_index(index, model, bars):
            table.writerow((id, found.attribute, found.value, f"{found.probability:.4f}"))
            items.add(id)
            rows += 1
    write_text(path, text.getvalue())
    print_line(f"{path}: {rows:,} attributes of {len(items):,} items")
    return 0


def _draw(searcher: Searcher, results: Results, truth: tuple[str, Any] | None, path: Path) -> None:
    from .. import images
    from ..render import strip

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.to_png(strip.draw_results(results, truth, photos=searcher.index.place.photos)))


def _truth(text: str | None, searcher: Searcher, image: Photo | None) -> tuple[str, Any] | None:
    """Parse ``--truth``: an attribute's name and value; a name alone takes the value of the query's own item."""
    if text is None:
        return None
    name, equals, value = text.partition("=")
    name = name.strip()
    fields = searcher.index.manifest.fields
    if name not in fields:
        raise QueryError(f"--truth names {name!r}, which no item has: the index knows {', '.join(fields)}")
    if equals:
        return name, value.strip()
    if image is None:
        raise QueryError(f"--truth {name} means that of the photo, and there is none: say it, --truth {name}=VALUE")
    item = searcher.known(image)
    if item is None or name not in item.attributes:
        raise QueryError(f"the index doesn't hold {image!s} with a {name}: say the value, --truth {name}=VALUE")
    return name, item.attributes[name]
