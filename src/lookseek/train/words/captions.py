"""Captions of an item from its attributes, in varied wording and order: "women's red dress", "đầm màu đỏ cho nữ".

The words are the lexicon's, of use ``train``. English puts what describes before the noun and what starts with a
preposition behind it; Vietnamese puts all behind the noun, and what starts with one last. Usage and season are seldom
said: a photo seldom shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias

from ...errors import TrainError
from .lexicon import Language, Lexicon

__all__ = ["LATE", "NAMING_RATES", "NOUNS", "TRIES", "Fitting", "article", "caption", "choose", "worded"]

Fitting: TypeAlias = Callable[[str], bool]
"""Whether a noun says nothing of an item that is not known of it."""

NOUNS = ("articleType", "garment", "label", "category")
COLOURS = ("baseColour", "colour")

NAMING_RATES: Mapping[str, float] = {
    "articleType": 0.92, "garment": 0.92, "label": 0.92, "category": 0.92, "baseColour": 0.75, "colour": 0.75,
    "pattern": 0.5, "sleeve": 0.4, "neckline": 0.3, "length": 0.35, "gender": 0.4, "usage": 0.12, "season": 0.08,
    "sleeve style": 0.35, "fit": 0.25, "material": 0.35, "style": 0.4, "detail": 0.4, "rise": 0.25, "ankle height":
    0.35, "fastening": 0.35, "toe": 0.35, "heel": 0.35, "heel height": 0.25, "sock length": 0.5, "display": 0.35,
    "dial": 0.35, "strap": 0.35, "frame": 0.25, "rim": 0.25, "lens": 0.35, "sport": 0.35, "transparency": 0.3,
    "hem": 0.2, "distress": 0.4, "fade": 0.3, "waist": 0.2, "padding": 0.3, "wiring": 0.3, "finish": 0.3, "size":
    0.25, "weave": 0.2, "bottom": 0.35, "dupatta": 0.35,
}  # fmt: skip
"""Field to how often a caption names it."""

MOST = 4
"""Fields that a caption names beside noun, colour and gender: more is no longer how people speak."""

PLAINEST = 0.4
"""How often a value is said by its first word."""

BARE = 0.25
"""How often a caption has colour and noun alone, as people search."""

LATE = frozenset([
    "for", "with", "without", "of", "to", "just", "in", "made", "above", "tied", "gathered", "longer", "like",
    "wearable", "covered", "easy", "on", "cho", "dành", "đi", "kèm",
])  # fmt: skip
"""First words of what stands behind all else."""

LITTLE = LATE | {"a", "có", "màu"}
"""Words that two may share without the one repeating the other."""

WHAT: Mapping[Language, tuple[str, ...]] = {"en": ("something", "anything", "clothes"), "vi": ("đồ", "món đồ")}
"""What stands where the noun is not said."""

OPENINGS: Mapping[Language, tuple[str, ...]] = {
    "en": ("a photo of", "looking for", "i want", "picture of"),
    "vi": ("ảnh chụp", "tìm", "cần mua", "hình"),
}
OPENED = 0.08

MEN = frozenset(["men's", "mens", "gents'", "nam", "sịp"])
WOMEN = frozenset(["women's", "womens", "ladies'", "ladies", "knickers", "panties", "panty", "nữ", "chíp"])
OTHERS: Mapping[str, frozenset[str]] = {"Men": WOMEN, "Boys": WOMEN, "Women": MEN, "Girls": MEN, "Unisex": MEN | WOMEN}
"""Gender to the signs of another that a noun may bear: "women's top", "áo lót nam"."""

MASS = ("wear", "jewellery", "luggage", "perfume", "mascara", "eyeliner", "polish", "lacquer", "spray", "cream", "care")
"""Endings of nouns that take no article."""

TRIES = 8


def caption(values: Mapping[str, str], language: Language, random: Random, lexicon: Lexicon) -> str:
    """Return one caption, lower case, Unicode NFC, that names some of the values and never a held word.

    Args:
        values: field to value, as the lexicon names them; what it does not know is left out.
        language: of the caption.
        random: chooses what is said and how; the same state gives the same caption.
        lexicon: the words.

    Raises:
        TrainError: the lexicon knows none of the values.

    >>> from .lexicon import read_lexicon
    >>> dress = {"articleType": "Dresses", "baseColour": "Red", "gender": "Women"}
    >>> [caption(dress, "en", Random(seed), read_lexicon()) for seed in (3, 12, 13)]
    ['cherry red frock', "women's red dress", 'red dress']
    >>> [caption(dress, "vi", Random(seed), read_lexicon()) for seed in (6, 12, 13)]
    ['đầm đỏ anh đào cho chị em', 'đầm nữ màu đỏ', 'đầm đỏ']
    """
    return worded(values, language, random, lexicon)[0]


def worded(
    values: Mapping[str, str], language: Language, random: Random, lexicon: Lexicon, fitting: Fitting | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return a caption as ``caption`` does, and the fields whose values it names.

    Args:
        values: as ``caption`` takes them.
        language: of the caption.
        random: chooses what is said and how.
        lexicon: the words.
        fitting: says of a noun whether it may stand for the item; None takes any. "round neck t-shirt" says more than
            that it is one.

    Raises:
        TrainError: the lexicon knows none of the values.
    """
    known = {
        field: value
        for field, value in values.items()
        if field in NAMING_RATES and lexicon.words(field, value, language)
    }
    if not known:
        raise TrainError(
            f"the lexicon has no word for any of {dict(values)}: add it to lexicon.csv, or leave the item out"
        )
    for alike in (NOUNS, COLOURS):  # one noun, one colour
        for field in [field for field in alike if field in known][1:]:
            del known[field]
    for _ in range(TRIES):
        said, fields = _phrase(known, language, random, lexicon, fitting)
        if not lexicon.held_in(said):  # two words side by side may be a third
            return said, fields
    field, value = next(iter(known.items()))
    return lexicon.words(field, value, language)[0], (field,)


def choose(words: Sequence[str], random: Random) -> str:
    """Return the first word with a probability of ``PLAINEST``, else one of the others."""
    if len(words) == 1 or random.random() < PLAINEST:
        return words[0]
    return random.choice(words[1:])


def _phrase(
    known: Mapping[str, str], language: Language, random: Random, lexicon: Lexicon, fitting: Fitting | None
) -> tuple[str, tuple[str, ...]]:
    fields = _chosen(tuple(known), random)
    said: dict[str, str] = {}
    for field in sorted(fields, key=lambda field: field not in NOUNS):  # the noun first: others must not repeat it
        words = lexicon.words(field, known[field], language)
        if field in NOUNS:
            words = tuple(w for w in words if not OTHERS.get(known.get("gender", ""), frozenset()) & set(w.split()))
            words = words if fitting is None else tuple(w for w in words if fitting(w))
        word = choose(words or lexicon.words(field, known[field], language), random)
        if not _parts(word) & {part for other in said.values() for part in _parts(other)}:
            said[field] = word
    named = tuple(said)
    noun = next((said.pop(field) for field in NOUNS if field in said), "")
    if set(noun.split()) & (MEN | WOMEN):
        said.pop("gender", None)  # "women's top" says it
    text = (_english if language == "en" else _vietnamese)(noun, said, random)
    return f"{random.choice(OPENINGS[language])} {text}" if random.random() < OPENED else text, named


def _chosen(known: Sequence[str], random: Random) -> list[str]:
    """Choose the fields that a caption names: at least one; every few captions colour and noun alone."""
    if random.random() < BARE and (plain := [field for field in known if field in NOUNS + COLOURS]):
        return plain
    fields = [field for field in known if random.random() < NAMING_RATES[field]] or [random.choice(known)]
    finer = [field for field in fields if field not in NOUNS + COLOURS + ("gender",)]
    left = set(random.sample(finer, len(finer) - MOST)) if len(finer) > MOST else ()
    return [field for field in fields if field not in left]


def _parts(word: str) -> frozenset[str]:
    """Return the words by which one phrase repeats another: "sports" of "sports shoes"."""
    return frozenset(part.removesuffix("'s").removesuffix("'") for part in word.replace("-", " ").split()) - LITTLE


def _english(noun: str, said: Mapping[str, str], random: Random) -> str:
    colour = next((word for field, word in said.items() if field in COLOURS), "")
    rest = [word for field, word in said.items() if field not in COLOURS]
    random.shuffle(rest)
    before, behind = [w for w in rest if not _late(w)], [w for w in rest if _late(w)]
    if colour and (_late(colour) or (noun and random.random() < 0.12)):
        behind.insert(0, colour if _late(colour) else f"in {colour}")
    elif colour:
        before.insert(random.choice((0, len(before), len(before))), colour)
    if not noun and said.get("gender") in before:
        noun = "item"  # "a blue men's item": nothing is "something men's"
    if not noun:
        return " ".join([random.choice(WHAT["en"][: 2 if before else None]), *before, *behind])
    article = _article([*before, noun]) if random.random() < 0.4 and _single(noun) else ""
    return " ".join(filter(None, [article, *before, noun, *_joined(behind)]))


def _joined(behind: Sequence[str]) -> list[str]:
    """Return the words behind the noun; a second "with" becomes "and": "with a v-neck and long sleeves"."""
    joined: list[str] = []
    for word in behind:
        again = word.startswith("with ") and joined and joined[-1].startswith(("with ", "and "))
        joined.append("and " + word.removeprefix("with ") if again else word)
    return joined


def article(noun: str) -> str:
    """Return an English noun with its article, if it takes one.

    >>> article("skirt"), article("overall"), article("shorts")
    ('a skirt', 'an overall', 'shorts')
    """
    return f"{_article([noun])} {noun}" if _single(noun.replace("pair of ", "pair with ")) else noun


def _single(noun: str) -> bool:
    """Return whether a noun takes "a": not "jeans", "footwear", but "dress"."""
    head = noun.split(" with ")[0]
    return (not head.endswith("s") or head.endswith("ss")) and not head.endswith(MASS)


def _article(words: Sequence[str]) -> str:
    sound = words[0].replace("unisex", "you")
    return "an" if sound[0] in "aeiou" and not sound.startswith(("one", "euro")) else "a"


def _vietnamese(noun: str, said: Mapping[str, str], random: Random) -> str:
    rest = [word for field, word in said.items() if field not in COLOURS]
    random.shuffle(rest)
    for colour in (word for field, word in said.items() if field in COLOURS):
        named = colour if colour.startswith("màu ") or (noun and random.random() < 0.6) else f"màu {colour}"
        rest.insert(random.choice((0, 0, len(rest))), named)
    rest.sort(key=_late)
    return " ".join([noun or random.choice(WHAT["vi"]), *rest]).replace("màu màu ", "màu ")  # "một màu" + "màu da"


def _late(word: str) -> bool:
    return word.split()[0] in LATE
