"""The settings of a service."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from ..encode.runtime import cores
from ..errors import QueryError
from ..index.editing import MAX_FIELDS
from ..query_checks import MAX_DISTINCT
from .origins import check_origin
from .path_prefix import check_prefix

__all__ = [
    "CPU_BURST_SECONDS",
    "CPU_SECONDS_PER_SECOND",
    "HALF_OF_CORES",
    "MAX_ANSWER_TEXT",
    "MAX_BODY_SECONDS",
    "MAX_COUNTED",
    "MAX_ID",
    "MAX_ITEM_FIELDS",
    "MAX_ITEM_TEXT",
    "MAX_K",
    "MAX_MARKS",
    "MAX_PAGE_BYTES",
    "MAX_PHOTOS",
    "MAX_PIXELS",
    "MAX_SCANNED",
    "MAX_TERMS",
    "MAX_TEXT",
    "MAX_TOKENS",
    "MAX_WORDS",
    "MIN_COMPARISONS",
    "Limit",
    "Settings",
    "limits",
]

MAX_PIXELS = 50_000_000
"""Pixels of all photos of one request: more than the usual photo of any phone."""
MAX_PHOTOS = 8
"""Photos of one query: decoding each takes as long as a query."""
MAX_K = 10_000
"""Hits of one response: 10,000 are some 3 MB."""
MAX_TEXT = 2_000
"""Characters of one text of a query; text towers read far fewer."""
MAX_WORDS = 2_000
"""Characters of all texts of a query, a letter beyond ASCII as two, one of Chinese, Japanese or Korean as four: more
are refused before anything is read of them."""
MAX_MARKS = 20_000
"""Commas, colons and opening brackets of a JSON body: a photo in base64 has none, the texts of an item one in 30 of its
200,000 characters. Parsing holds Python's lock, so that a body of a million values would delay all other requests."""
MAX_TOKENS = 320
"""Tokens of all texts of a query, about ten around each text's own: some 1,000 letters of plain words, or 30 terms of
two words; .6 seconds of the text tower on one core."""
MAX_TERMS = 32
"""Terms that a query adds, and that it takes away."""
MAX_ID = 1_000
"""Characters of an item's id: enough for paths."""
MAX_ITEM_FIELDS = 200
"""Attributes of an item."""
MAX_ITEM_TEXT = 200_000
"""Characters of all attributes of an item, names among them."""
MAX_ANSWER_TEXT = 20_000_000
"""Characters of ids and attributes of one answer: 10,000 items with 2,000 each."""
MAX_COUNTED = 300_000
"""Items times fields whose values one request may count: about a second."""
MAX_SCANNED = 60_000
"""Comparisons of an item that no index helps with which one filter may need: about a second."""
MIN_COMPARISONS = 3
"""Such comparisons that a filter may have however many items there are."""
MAX_PAGE_BYTES = 1_500_000
"""Bytes of a page, about: with a long address it shows fewer results, since each has links with the whole address."""
MAX_BODY_SECONDS = 300.0
"""Seconds in which a body must have arrived, unless it is a batch."""
HALF_OF_CORES = max(1, cores() // 2)
"""Searches at once of clients that are heavy while others ask, and of those that compute in Python alone."""
CPU_SECONDS_PER_SECOND = max(0.25, cores() / 4)
"""Seconds of work that a client gets a second while others want theirs: a quarter of the cores."""
CPU_BURST_SECONDS = 5.0
"""Seconds of work that a client may have at once while others want theirs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service runs.

    Args:
        index: the index's folder or address.
        host: the address to listen at; the default is reached from this machine alone.
        port: the port to listen at; 0 for any that is free.
        keys: a file of API keys; None: reads are open and writes are off.
        hosts: further names in the header Host that are answered; "*" for any, e.g. behind a proxy that checks them.
        image_urls: whether queries may name photos by URL, which the service then fetches.
        rate: requests a minute that one client may send; 0 for no limit.
        max_photo_bytes: the largest photo; the body of a request that holds one may be as large in base64.
        max_batch_bytes: the largest body of a batch of items.
        max_body_bytes: all bodies together that are held at a time, but for batches.
        threads: searches that run at once; one more than cores, so that a photo is decoded while others are encoded.
            More would be no faster: they wait for Python's lock, and delay the event loop.
        queue_limit: searches that may wait for a thread; beyond it clients get 503.
        queue_seconds: seconds that a search may have waited and still be run: its client will have gone by then.
        shutdown_seconds: seconds that running requests get when the service stops.
        trusted_proxies: addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed;
            of any other client these headers are ignored.
        path_prefix: the path below which a proxy puts the service, e.g. "/search"; all links have it.
        allow_origins: origins whose pages may search, show what was found, and show the page in a frame.
        keep_searches: whether words that found nothing close are counted, in memory, for the owner's page.
    """

    index: str | Path
    host: str = "127.0.0.1"
    port: int = 8000
    keys: Path | None = None
    hosts: tuple[str, ...] = ()
    image_urls: bool = False
    rate: int = 0
    max_photo_bytes: int = 32 * 2**20
    max_batch_bytes: int = 4 * 2**30
    max_body_bytes: int = 256 * 2**20
    threads: int = cores() + 1
    queue_limit: int = 64
    queue_seconds: float = 1.5
    shutdown_seconds: float = 10.0
    trusted_proxies: tuple[str, ...] = ()
    path_prefix: str = ""
    allow_origins: tuple[str, ...] = ()
    keep_searches: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "path_prefix", check_prefix(self.path_prefix))
        object.__setattr__(self, "allow_origins", tuple(map(check_origin, self.allow_origins)))
        if not 0 <= self.port <= 65_535:
            raise QueryError(f"port is {self.port}: give one from 1 to 65,535, or 0 for any that is free")
        if self.rate < 0:
            raise QueryError(f"rate is {self.rate}: give so many requests a minute, or 0 for no limit")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise QueryError(
                    f"{proxy!r} is no address of a proxy ({error}): give an address such as 127.0.0.1, or a network "
                    "such as 10.0.0.0/8"
                ) from None


class Limit(NamedTuple):
    """One limit of a service: what it limits, its value with the unit, and what a request beyond it gets."""

    what: str
    value: str
    beyond: str


def limits(settings: Settings) -> list[Limit]:
    """Return all limits of a service."""

    def mb(count: int) -> str:
        return f"{count / 2**20:,.0f} MB"

    rate = f"{settings.rate} requests a minute" if settings.rate else "none"
    return [
        Limit("one photo", mb(settings.max_photo_bytes), "413"),
        Limit("a body that holds one photo", mb(settings.max_photo_bytes * 4 // 3 + 2**16), "413"),
        Limit("a batch of items", mb(settings.max_batch_bytes), "413"),
        Limit("all bodies that are being received", mb(settings.max_body_bytes), "503, Retry-After"),
        Limit("a body's time to arrive", f"{MAX_BODY_SECONDS:g} s", "408"),
        Limit("pixels of a request's photos", f"{MAX_PIXELS:,}", "413"),
        Limit("values of a JSON body", f"{MAX_MARKS:,} commas, colons and opening brackets", "400"),
        Limit("photos of a query", f"{MAX_PHOTOS}", "422"),
        Limit("words of a query", f"{MAX_WORDS:,} characters, beyond ASCII 2 each, CJK 4 each", "422"),
        Limit("tokens of a query's words", f"{MAX_TOKENS}, some 1,000 letters of plain words", "422"),
        Limit("terms added, and taken away", f"{MAX_TERMS} each", "422"),
        Limit("results of a query", f"{MAX_K:,}", "422"),
        Limit("results without duplicates", f"{MAX_DISTINCT}", "422"),
        Limit(
            "items times fields that are counted",
            f"{MAX_COUNTED:,}, one field always",
            "the rest is named in not_counted",
        ),
        Limit(
            "items times comparisons of a filter that no index helps with",
            f"{MAX_SCANNED:,}, {MIN_COMPARISONS} comparisons always",
            "422",
        ),
        Limit("attributes of an item", f"{MAX_ITEM_FIELDS}, {MAX_ITEM_TEXT:,} characters in all", "422"),
        Limit("attributes of an index, by single writes", f"{MAX_FIELDS:,}", "the item fails"),
        Limit("an answer's ids and attributes", f"{MAX_ANSWER_TEXT:,} characters", "422"),
        Limit("an item's id", f"{MAX_ID:,} characters", "422"),
        Limit("a page", f"about {mb(MAX_PAGE_BYTES)}", "fewer results"),
        Limit("a client", rate, "429, Retry-After"),
        Limit(
            "a client's work while others wait",
            f"{CPU_SECONDS_PER_SECOND:g} s a second, {CPU_BURST_SECONDS:g} s at once",
            "429, Retry-After",
        ),
        Limit(
            "searches at once",
            f"{settings.threads}, {HALF_OF_CORES} that encode nothing, and one of a client that has used little",
            f"{settings.queue_limit} wait, then 503, Retry-After",
        ),
        Limit("a search's wait", f"{settings.queue_seconds:g} s", "503, Retry-After"),
    ]
