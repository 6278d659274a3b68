"""A shop's description of an item, cut down to the sentences that say what a photo shows.

Shops write blurbs, washing instructions, sizes of models and praise of the brand around a sentence or two on the
garment's parts. A sentence stays if it names a part or a pattern of a thing and nothing of what is told elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["MOST", "sentences"]

MOST = 400
"""Characters of a sentence that are kept: none that describes one garment is longer."""

_LEAST = 3
"""Words of a sentence that says something."""

_HEADS = re.compile(
    r"^(?:style note|product (?:details?|descriptions?)|details?|description|composition|fabric|fitting|fit|upper|"
    r"mid-?sole|out-?sole|sole|material(?: and care)?|care|size and fit|look|features?|\w+ care)\s*[.:]?\s+",
    re.IGNORECASE,
)
"""Heads of sections, which stand in the running text."""

_TURNS = re.compile(
    r"\s*[.;!?]+\s+|\s+\.|\s+(?=(?:Style Note|Product Details?|Material and [Cc]are|Size and [Ff]it)\b)"
)
"""Where a sentence ends, or a section begins without one having ended."""

_PARTS = (
    "sleeve", "neck", "collar", "pocket", "hem", "hood", "cuff", "button", "placket", "zip", "strap", "lace",
    "print", "strip", "check", "floral", "pattern", "embroider", "pleat", "gather", "ruffle", "frill", "bow",
    "waist", "drawstring", "closure", "buckle", "toe", "heel", "upper", "sole", "outsole", "dial", "bezel", "case",
    "lens", "frame", "handle", "flap", "pendant", "hook", "bead", "stone", "sequin", "fasten", "slit", "border",
    "panel", "appliqu", "stitch", "trim", "lapel", "yoke", "vent", "motif", "graphic", "polka", "denim", "leather",
    "suede", "canvas", "knit", "rib", "mesh", "crop", "flare", "skirt", "thong", "padded", "wired", "visor", "brim",
    "compartment", "clasp", "bracelet", "chain", "fring", "tassel",
)  # fmt: skip
"""Beginnings of words for parts and patterns of things, which a photo shows."""

_ELSEWHERE = frozenset([
    "care", "wash", "bleach", "iron", "dry", "wipe", "cloth", "dust", "soak", "wring", "warranty", "guarantee",
    "model", "height", "wear", "wearing", "final", "product", "vary", "look", "looks", "looking", "your", "you",
    "you'll", "yourself", "perfect", "must", "must-have", "season", "use", "using", "come", "comes", "ease",
    "since", "grip", "traction", "fragrance", "skin", "cm", "mm", "kg", "ml", "litre", "litres", "inch", "inches",
    "ideal", "store", "sunlight", "rub", "remove", "snug", "cool", "chic", "trendy", "areas", "lock", "movement",
    "crafted", "essential", "essentials", "freedom", "playing", "superior", "ultimate", "long-lasting", "days",
    "day", "year", "years", "adhered", "reinforced",
])  # fmt: skip
_ELSEWHERE_BEGIN = (
    "wash", "bleach", "detergent", "tumble", "clean", "team", "wardrobe", "collection", "occasion", "technolog",
    "durab", "breathab", "comfort", "ensur", "provid", "offer", "enhanc", "prevent", "protect", "support",
    "cushion", "aerodynamic", "stylish", "sartorial", "attire", "effortless", "admir", "fashion", "lifestyle",
    "stunning", "design",
)  # fmt: skip
"""Words of care, of sizes, of advice and of praise, whole and by how they begin: what they say is not in the photo."""

_WORD = re.compile(r"[a-z'-]+")

_DASHES = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00a0": " "}
    | dict.fromkeys("\u00ef\u00bb\u00bf\ufeff", "")  # a byte order mark, read in another encoding
)


def sentences(description: str, brand: str = "") -> tuple[str, ...]:
    """Return the sentences that say what a photo shows, in their order, without the brand.

    Args:
        description: as the shop has it, HTML removed.
        brand: of the item; "" where nobody knows.

    >>> sentences(
    ...     "Style Note . Look great this summer. Composition . Blue polo T-shirt by Acme, has short sleeves. "
    ...     "Material and Care . Machine wash cold. The model is wearing a size M",
    ...     "Acme",
    ... )
    ('Blue polo T-shirt, has short sleeves',)
    """
    text = " ".join(unicodedata.normalize("NFC", description).translate(_DASHES).split())
    named = _named(brand)
    kept: dict[str, None] = {}
    for part in _TURNS.split(text):
        said = _HEADS.sub("", _HEADS.sub("", part.strip()))
        said = " ".join((named.sub("", said) if named else said).split()).strip(" .,;:-")
        words = _WORD.findall(said.lower())
        if len(words) < _LEAST or len(said) > MOST or not _ELSEWHERE.isdisjoint(words):
            continue
        if any(word.startswith(_PARTS) for word in words) and not any(w.startswith(_ELSEWHERE_BEGIN) for w in words):
            kept[said] = None
    return tuple(kept)


@lru_cache(maxsize=4096)
def _named(brand: str) -> re.Pattern[str] | None:
    """Return a brand as a text names it, with the word before it: "by Acme"."""
    if not brand.strip():
        return None
    return re.compile(rf"\s*\b(?:(?:from|by|of) )?{re.escape(brand.strip())}(?:'s)?\b(?!-)", re.IGNORECASE)
