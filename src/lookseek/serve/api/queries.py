"""Builds queries from the bodies of searches."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

from ...errors import QueryError
from ...query import Query, Term
from ...types import Box
from ..problems import problem
from ..settings import MAX_PHOTOS, MAX_WORDS
from ..uploads import check_pixel_limit
from .bodies import RequestRefused
from .request_schemas import SearchBody, TermBody

__all__ = ["check_words", "decode_image", "to_query"]

_DATA_URL = re.compile(r"\s*data:[^,]{0,100};base64,", re.IGNORECASE)
"""What stands before the bytes in a data URL (RFC 2397)."""
_URL_ALPHABET = str.maketrans("-_", "+/")
"""RFC 4648, section 5."""


def to_query(body: SearchBody, uploaded: bytes | None, fetched: bytes | None = None) -> Query:
    """Build the query of a body.

    Args:
        body: parsed.
        uploaded: the photo of a form.
        fetched: the photo behind ``image_url``.

    Raises:
        RequestRefused: invalid base64.
        QueryError: several main photos, too many photos, or as ``Query`` raises it.
        ImageError: a photo that has too many pixels, or is no picture.
    """
    encoded = None if body.image is None else decode_image(body.image)
    main_photos = [photo for photo in (uploaded, fetched, encoded) if photo is not None]
    plus, minus = _terms(body.plus), _terms(body.minus)
    photos = [*main_photos, *(term.photo for term in (*plus, *minus) if isinstance(term.photo, bytes))]
    if len(photos) > MAX_PHOTOS:
        raise QueryError(f"the query has {len(photos)} photos, {MAX_PHOTOS} are taken: keep those that matter")
    check_pixel_limit(*photos)
    check_words(body.text, *(term.text for term in (*plus, *minus)))
    if len(main_photos) > 1:
        raise QueryError("the query has several photos: give one as image, others as plus")
    return Query(
        image=main_photos[0] if main_photos else None,
        item=body.item,
        box=None if body.box is None else Box(*body.box),
        garment=body.garment,
        text=body.text,
        plus=plus,
        minus=minus,
        image_weight=body.image_weight,
        like=tuple(body.like),
        unlike=tuple(body.unlike),
        composer=body.composer,
        filter=body.filter,
        k=body.k,
        metric=body.metric,
        exact=body.exact,
        colour_weight=body.colour_weight,
        response_colour_weight=body.response_colour_weight,
        hide_duplicates=body.hide_duplicates,
        group_by=body.group_by,
        route=body.route,
        route_mode=body.route_mode,
        rerank=body.rerank,
        explain=body.explain,
        copied=body.copied,
    )


def check_words(*texts: str) -> None:
    """Refuse words whose reading would take long, before it begins.

    Raises:
        QueryError: they are more than ``MAX_WORDS``.
    """
    count = sum(_weight(character) for text in texts for character in text)
    if count > MAX_WORDS:
        raise QueryError(
            f"the words of the query count {count:,}, {MAX_WORDS:,} are taken (a letter beyond ASCII counts 2, one of "
            "Chinese, Japanese or Korean 4): use fewer words"
        )


def _weight(character: str) -> int:
    if character.isascii():
        return 1
    return 4 if unicodedata.east_asian_width(character) in "WF" else 2


def decode_image(text: str) -> bytes:
    """Return the bytes of a photo in base64: as it is, as a data URL, over several lines, or in the URL's alphabet.

    Raises:
        RequestRefused: invalid base64.
    """
    if text[:8].lower().startswith(("http://", "https://")):
        detail = "image holds a web address: send the file's bytes in base64, or the address as image_url, which a "
        detail += "service that runs with --image-urls takes"
        raise RequestRefused(problem(422, "The picture can't be read", detail))
    encoded = "".join(_DATA_URL.sub("", text, count=1).split()).translate(_URL_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        detail = f"image is no base64 ({error}): send the file's bytes in base64, or as a field of a form"
        raise RequestRefused(problem(422, "The picture can't be read", detail)) from None


def _terms(terms: list[str | TermBody]) -> tuple[Term, ...]:
    bodies = (TermBody(text=term) if isinstance(term, str) else term for term in terms)
    return tuple(
        Term(body.text, photo=None if body.image is None else decode_image(body.image), weight=body.weight)
        for body in bodies
    )
