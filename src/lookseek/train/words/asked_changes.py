"""How people ask for a change of one fact, in many ways: "with a v-neck instead", "tay dài hơn", "as a skirt".

Beside the wordings of ``changes.py``, which are those of benchmarks that are there already, these take every field of
the lexicon, compare ("longer"), and turn one garment into another. Each wording tells which values it would accept:
"longer" is any longer length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from ...errors import TrainError
from .captions import LATE, TRIES, article, choose
from .lexicon import Language, Lexicon

__all__ = ["ORDERED", "AskedChange", "ask_change"]

ORDERED: Mapping[str, tuple[str, ...]] = {
    "sleeve": ("sleeveless", "short", "three-quarter", "long"),
    "length": ("crop", "mini", "regular", "knee", "calf", "long"),
    "fit": ("tight", "skinny", "slim", "regular", "loose"),
    "rise": ("low", "mid", "high"),
    "ankle height": ("low", "mid", "high"),
    "heel height": ("low", "mid", "high"),
    "sock length": ("no-show", "ankle", "crew", "knee"),
    "size": ("small", "large"),
}
"""Fields whose values can be compared, from little to much."""

MORE: Mapping[Language, Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "en": {
        "sleeve": (
            ("with shorter sleeves", "shorter sleeves", "make the sleeves shorter"),
            ("with longer sleeves", "longer sleeves", "make the sleeves longer"),
        ),
        "length": (
            ("shorter", "make it shorter", "a shorter one", "a bit shorter", "the same but shorter"),
            ("longer", "make it longer", "a longer one", "a bit longer", "the same but longer"),
        ),
        "fit": (
            ("tighter", "slimmer", "a closer fit", "more fitted", "the same but tighter"),
            ("looser", "baggier", "a looser fit", "less tight", "the same but looser", "roomier"),
        ),
        "rise": (
            ("with a lower waist", "lower at the waist", "a lower rise"),
            ("with a higher waist", "higher at the waist", "a higher rise"),
        ),
        "ankle height": (
            ("lower at the ankle", "with a lower ankle", "lower cut"),
            ("higher at the ankle", "with a higher ankle", "higher cut"),
        ),
        "heel height": (
            ("with lower heels", "lower heels", "a lower heel", "less high"),
            ("with higher heels", "higher heels", "a higher heel"),
        ),
        "sock length": (("shorter", "shorter ones", "lower cut"), ("longer", "longer ones", "higher up the leg")),
        "size": (("smaller", "a smaller one", "less big"), ("bigger", "a bigger one", "larger", "roomier")),
    },
    "vi": {
        "sleeve": (
            ("tay ngắn hơn", "ngắn tay hơn", "tay áo ngắn hơn"),
            ("tay dài hơn", "dài tay hơn", "tay áo dài hơn"),
        ),
        "length": (
            ("ngắn hơn", "ngắn hơn một chút", "giống vậy nhưng ngắn hơn", "mẫu này ngắn hơn"),
            ("dài hơn", "dài hơn một chút", "giống vậy nhưng dài hơn", "mẫu này dài hơn"),
        ),
        "fit": (
            ("ôm hơn", "bó hơn", "ôm dáng hơn", "giống vậy nhưng ôm hơn"),
            ("rộng hơn", "thoải mái hơn", "form rộng hơn", "giống vậy nhưng rộng hơn"),
        ),
        "rise": (("cạp thấp hơn", "lưng thấp hơn"), ("cạp cao hơn", "lưng cao hơn")),
        "ankle height": (("cổ thấp hơn", "thấp cổ hơn"), ("cổ cao hơn", "cao cổ hơn")),
        "heel height": (("gót thấp hơn", "thấp hơn", "đế thấp hơn"), ("gót cao hơn", "cao hơn", "đế cao hơn")),
        "sock length": (("cổ ngắn hơn", "ngắn hơn"), ("cổ cao hơn", "dài hơn")),
        "size": (("nhỏ hơn", "cỡ nhỏ hơn", "bé hơn"), ("to hơn", "cỡ lớn hơn", "lớn hơn")),
    },
}
"""Field to how less and more of it is asked for."""

COMPARED = 0.15
"""How often a change that can be asked for by comparing is."""

PLAIN: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "{new}", "make it {new}", "the same but {new}", "but {new}", "{new} instead of {old}",
        "{new}, not {old}", "i'd like it {new}", "do you have it {new}", "this one but {new}", "same style, {new}",
        "{new} rather than {old}", "is {new} instead of {old}", "change it to {new}", "not {old} but {new}",
        "a {new} version", "{new} please", "like this but {new}", "similar but {new}", "{new} this time",
    ),
    "vi": (
        "{new}", "nhưng {new}", "giống vậy nhưng {new}", "mẫu này nhưng {new}", "kiểu này mà {new}",
        "{new} thay vì {old}", "đổi sang {new}", "{new} chứ không phải {old}", "có mẫu {new} không", "mình muốn {new}",
        "y như vậy nhưng {new}", "cùng kiểu mà {new}", "loại {new}", "thay bằng {new}", "không {old}, lấy {new}",
        "cho mình mẫu {new}", "tương tự nhưng {new}", "chuyển từ {old} sang {new}", "giống cái này, {new}",
    ),
}  # fmt: skip

BEHIND = (
    "{new}", "the same {new}", "the same but {new}", "but {new}", "this one {new}", "i'd like it {new}",
    "do you have it {new}", "same style, {new}", "like this but {new}", "similar, {new}", "make it one {new}",
    "{new} please",
)  # fmt: skip
"""English for what starts with a preposition."""

INSTEAD = ("{new} instead of {old}", "{new}, not {old}", "{new} and not {old}", "the same {new} instead of {old}")
"""English for two things that start with one preposition, said once: "with a v-neck instead of a hood"."""

AS: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "as {new}", "the same as {new}", "make it {new}", "{new} like this", "{new} in this style", "but {new}",
        "this but as {new}", "{new} instead of {old}", "turn it into {new}", "{new} in the same look", "{new} to match",
    ),
    "vi": (
        "nhưng là {new}", "dạng {new}", "đổi thành {new}", "{new} kiểu này", "{new} cùng kiểu", "{new} thay vì {old}",
        "mẫu này dạng {new}", "chuyển sang {new}", "{new} giống vậy", "{new} cùng tông",
    ),
}  # fmt: skip
"""For garments."""

NOUNS = ("garment", "articleType", "label", "category")
COLOURS = ("baseColour", "colour")


@dataclass(frozen=True, slots=True)
class AskedChange:
    """A change in words.

    Args:
        text: lower case, Unicode NFC.
        values: of the field, those that would do.
    """

    text: str
    values: frozenset[str]


def ask_change(field: str, old: str, new: str, language: Language, random: Random, lexicon: Lexicon) -> AskedChange:
    """Return one way to ask for a change; it never has a held word.

    Args:
        field: what changes, any of the lexicon's but colours, for which ``changes.change`` has the words.
        old: its value now.
        new: the value that is asked for, another one.
        language: of the wording.
        random: chooses the wording; the same state gives the same.
        lexicon: the words.

    Raises:
        TrainError: the field or a value has no words, or both values are the same.

    >>> from .lexicon import read_lexicon
    >>> [ask_change("neckline", "round", "v-neck", "en", Random(seed), read_lexicon()).text for seed in (1, 4)]
    ['this one but v-neck', 'change it to v-neck']
    >>> ask_change("garment", "dress", "skirt", "vi", Random(3), read_lexicon()).text
    'chân váy cùng tông'
    """
    olds, news = (lexicon.words(field, value, language) for value in (old, new))
    if field in COLOURS or not (olds and news) or old == new:
        raise TrainError(
            f"a change of {field} from {old!r} to {new!r} has no words: give two values of the lexicon, and colours to "
            "changes.change"
        )
    for _ in range(TRIES):
        asked = _asked(field, old, new, language, random, lexicon)
        if not lexicon.held_in(asked.text):
            return asked
    return AskedChange(news[0], frozenset([new]))


def _asked(field: str, old: str, new: str, language: Language, random: Random, lexicon: Lexicon) -> AskedChange:
    order = ORDERED.get(field, ())
    if old in order and new in order and random.random() < COMPARED:
        here, there = order.index(old), order.index(new)
        less, more = MORE[language][field]
        rest = order[here + 1 :] if there > here else order[:here]
        return AskedChange(random.choice(more if there > here else less), frozenset(rest))
    then = choose(lexicon.words(field, new, language), random)
    now = choose(lexicon.words(field, old, language), random)
    return AskedChange(_said(field, now, then, language, random), frozenset([new]))


def _said(field: str, old: str, new: str, language: Language, random: Random) -> str:
    if field in NOUNS:
        some = (article(old), article(new)) if language == "en" else (old, new)
        return random.choice(AS[language]).format(old=some[0], new=some[1])
    if language == "vi":
        return random.choice(PLAIN["vi"]).format(old=old, new=new)
    late, before = (word.split()[0] in LATE for word in (new, old))
    if not late:
        some_ways = [way for way in PLAIN["en"] if "{old}" not in way or not before]
        return random.choice(some_ways).format(old=old, new=new)
    if before and new.split()[0] == old.split()[0] and random.random() < len(INSTEAD) / (len(INSTEAD) + len(BEHIND)):
        return random.choice(INSTEAD).format(new=new, old=old.partition(" ")[2])
    return random.choice(BEHIND).format(new=new)
