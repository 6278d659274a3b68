"""How people ask for a change of one attribute: "is blue instead of red", "giống vậy nhưng màu đỏ".

Words of the lexicon, of use ``train``, in many wordings. English shares those of the drawn catalogue, which know
besides when "shorter" and "longer" are clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from ...catalogue.drawn.words import phrases
from ...errors import TrainError
from .captions import LATE, TRIES, choose
from .lexicon import Language, Lexicon

__all__ = ["CHANGED", "change"]

COLOURS = ("baseColour", "colour")
CHANGED = (*COLOURS, "pattern", "sleeve", "neckline", "length")
"""Fields whose change can be asked for."""

COLOUR: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "is {new} instead of {old}", "the same in {new}", "make it {new}", "in {new}", "but {new}", "but in {new}",
        "in {new} instead of {old}", "{new}, not {old}", "change the colour to {new}", "i want it in {new}",
        "same one in {new}", "{new} rather than {old}", "{new}",
    ),
    "vi": (
        "màu {new} thay vì {old}", "giống vậy nhưng màu {new}", "đổi sang màu {new}", "màu {new}", "nhưng màu {new}",
        "mẫu này màu {new}", "cái này màu {new}", "cùng kiểu nhưng màu {new}", "y chang nhưng màu {new}",
        "màu {new} chứ không phải {old}", "lấy màu {new}", "chuyển thành màu {new}", "không lấy {old}, lấy màu {new}",
    ),
}  # fmt: skip

OTHER: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "is {new} instead of {old}", "make it {new}", "{new} instead of {old}", "the same but {new}", "but {new}",
        "{new}, not {old}", "i want it {new}", "same one but {new}", "{new} rather than {old}",
    ),
    "vi": (
        "{new} thay vì {old}", "giống vậy nhưng {new}", "đổi sang {new}", "nhưng {new}", "mẫu này nhưng {new}",
        "cùng kiểu nhưng {new}", "y chang nhưng {new}", "{new} chứ không phải {old}", "loại {new}",
    ),
}  # fmt: skip

BEHIND = ("{new}", "the same {new}", "the same but {new}", "but {new}", "i want it {new}", "same one {new}")
"""English for what starts with a preposition: "the same with stripes"."""

DRAWN = 0.4
"""How often a change of the drawn catalogue is asked for in that catalogue's own English."""


def change(
    field: str, old: str, new: str, language: Language, random: Random, lexicon: Lexicon, category: str = ""
) -> str:
    """Return one way to ask for a change, lower case, Unicode NFC: it names the new value and never a held word.

    Args:
        field: what changes, one of ``CHANGED``.
        old: its value now.
        new: the value that is asked for, another one.
        language: of the wording.
        random: chooses the wording; the same state gives the same.
        lexicon: the words.
        category: of a garment of the drawn catalogue, whose own wordings come in then; "" for any other.

    Raises:
        TrainError: the field or a value is unknown, or both values are the same.

    >>> from .lexicon import read_lexicon
    >>> [change("colour", "red", "blue", "en", Random(seed), read_lexicon()) for seed in (2, 4)]
    ['but in blue', 'in blue instead of red']
    >>> [change("sleeve", "short", "long", "vi", Random(seed), read_lexicon()) for seed in (0, 1)]
    ['loại dài tay', 'mẫu này nhưng tay dài']
    """
    olds, news = (lexicon.words(field, value, language) for value in (old, new))
    if field not in CHANGED or not (olds and news):
        raise TrainError(
            f"a change of {field} from {old!r} to {new!r} has no words: give a value of the lexicon for one of "
            f"{', '.join(CHANGED)}"
        )
    if old == new:
        raise TrainError(f"a change of {field} from {old!r} to {new!r} is none: give two values")
    for _ in range(TRIES):
        if language == "en" and category and field not in COLOURS and random.random() < DRAWN:
            asked = random.choice(phrases(field, category, old, new))
        else:
            asked = _asked(field, choose(olds, random), choose(news, random), language, random)
        if not lexicon.held_in(asked):
            return asked
    return news[0]


def _asked(field: str, old: str, new: str, language: Language, random: Random) -> str:
    if field in COLOURS:
        old, new = (word.removeprefix("màu ").removeprefix("in ") for word in (old, new))
        return random.choice(COLOUR[language]).format(old=old, new=new)
    if language == "vi":
        return random.choice(OTHER["vi"]).format(old=old, new=new)
    if new.split()[0] in LATE:
        return random.choice(BEHIND).format(new=new)
    some = [way for way in OTHER["en"] if old.split()[0] not in LATE or "{old}" not in way]
    return random.choice(some).format(old=old, new=new)
