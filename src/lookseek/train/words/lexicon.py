"""The words that people use for the values of a catalogue, in English and Vietnamese: ``lexicon.csv``.

A word is of use ``train`` or ``held``. Training draws from the first kind alone, so that a benchmark of the second
kind (``myntra-words``) asks for what was never taught. docs/decisions/lexicon.md says how the words were chosen.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

from ...errors import TrainError

__all__ = ["LEXICON", "Language", "Lexicon", "Use", "Word", "read_lexicon", "strip_diacritics"]

Language: TypeAlias = Literal["en", "vi"]
Use: TypeAlias = Literal["train", "held"]

LEXICON = Path(__file__).with_name("lexicon.csv")
COLUMNS = ("field", "value", "language", "word", "use")


@dataclass(frozen=True, slots=True)
class Word:
    """One way to say a value.

    Args:
        field: what the value is of, e.g. "articleType".
        value: as the data has it, e.g. "Tshirts".
        language: en or vi.
        word: one word or a few, lower case, Unicode NFC; Vietnamese with its diacritics.
        use: whether training may see it.
    """

    field: str
    value: str
    language: Language
    word: str
    use: Use


@dataclass(frozen=True)
class Lexicon:
    """All words, in the order of the file: the first of a value is its plainest.

    Args:
        entries: the words.
    """

    entries: tuple[Word, ...]

    @cached_property
    def _words(self) -> Mapping[tuple[str, str, str, str], tuple[str, ...]]:
        found: dict[tuple[str, str, str, str], list[str]] = {}
        for entry in self.entries:
            found.setdefault((entry.field, entry.value, entry.language, entry.use), []).append(entry.word)
        return {key: tuple(words) for key, words in found.items()}

    def words(self, field: str, value: str, language: Language, use: Use = "train") -> tuple[str, ...]:
        """Return the words for a value, the plainest first; none where the lexicon does not know the value.

        >>> read_lexicon().words("baseColour", "Silver", "vi", "held")
        ('bạch kim',)
        """
        return self._words.get((field, value, language, use), ())

    def values(self, field: str) -> tuple[str, ...]:
        """Return the values of a field in the order of the file, each once.

        >>> read_lexicon().values("sleeve")
        ('sleeveless', 'short', 'long', 'three-quarter')
        """
        return tuple(dict.fromkeys(entry.value for entry in self.entries if entry.field == field))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields in the order of the file."""
        return tuple(dict.fromkeys(entry.field for entry in self.entries))

    @cached_property
    def _held(self) -> re.Pattern[str]:
        words = {entry.word.removeprefix("màu ") for entry in self.entries if entry.use == "held"}
        longest = sorted(words, key=lambda word: (-len(word), word))
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})s?(?!\w)") if words else re.compile(r"(?!)")

    def held_in(self, text: str) -> tuple[str, ...]:
        """Return the held words of a text, as it has them: texts of other sources that have any must not be trained on.

        >>> read_lexicon().held_in("Nike Women Grey Pullover"), read_lexicon().held_in("steel blue t-shirt")
        (('pullover',), ())
        """
        return tuple(self._held.findall(unicodedata.normalize("NFC", text.lower())))


def read_lexicon(path: Path = LEXICON) -> Lexicon:
    """Read a lexicon.

    Args:
        path: a CSV file in UTF-8 with the columns field, value, language, word, use.

    Raises:
        TrainError: the file can't be read, lacks a column, has an empty place, a language or a use that is unknown,
            a word that is not lower case and NFC, or the same word for a value twice.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file, strict=True)
            lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            rows = [] if lacking else list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainError(f"{path} can't be read ({error}): give a lexicon as CSV in UTF-8") from error
    if lacking:
        raise TrainError(f"{path} has no column {', '.join(lacking)}: it needs {', '.join(COLUMNS)}")
    entries = tuple(_word(row, f"{path} row {number}") for number, row in enumerate(rows, 1))
    _unique(entries, path)
    return Lexicon(entries)


def _word(row: Mapping[str, str | None], where: str) -> Word:
    field, value, language, word, use = ((row[name] or "").strip() for name in COLUMNS)
    if not (field and value and word):
        raise TrainError(f"{where} lacks its field, value or word: fill it or remove the row")
    if language not in get_args(Language) or use not in get_args(Use):
        raise TrainError(f"{where} is of language {language!r} and use {use!r}: en or vi, and train or held")
    if word != unicodedata.normalize("NFC", word.lower()):
        raise TrainError(f"{where} has the word {word!r}: write it in lower case and Unicode NFC")
    return Word(field, value, cast(Language, language), word, cast(Use, use))


def _unique(entries: Iterable[Word], path: Path) -> None:
    counts = Counter((entry.field, entry.value, entry.language, entry.word) for entry in entries)
    if twice := [key for key, count in counts.items() if count > 1]:
        raise TrainError(f"{path} has {' / '.join(twice[0])} twice: a word stands once, for training or held")


def strip_diacritics(text: str) -> str:
    """Return a text without diacritics, as many type Vietnamese: marks fall off, đ becomes d.

    >>> strip_diacritics("đầm đỏ dự tiệc")
    'dam do du tiec'
    """
    marked = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(sign for sign in marked if not unicodedata.combining(sign)))
