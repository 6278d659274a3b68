"""The texts of the page in its languages, and the choice of a reader's language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from ...types import Value

__all__ = ["LANGUAGES", "Language", "Texts", "choose_language", "load_texts"]

Language: TypeAlias = Literal["en", "vi"]
LANGUAGES: tuple[Language, ...] = ("en", "vi")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FOLDER = Path(__file__).with_name("texts")


class Texts:
    """The texts of one language.

    Args:
        language: its code.
        texts: ``group.key`` to template.
    """

    def __init__(self, language: Language, texts: dict[str, str]) -> None:
        self.language: Language = language
        self.texts = texts

    def format(self, key: str, **values: object) -> str:
        """Return a text with its values filled in; numbers are formatted for the language.

        Where ``n`` is 1 and the text has a singular form, ``key.one``, that form is used.
        """
        text = self.texts.get(f"{key}.one", "") if values.get("n") == 1 else ""
        formatted = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return (text or self.texts[key]).format_map(formatted)

    def label(self, group: str, name: str) -> str:
        """Return the label of a name that catalogues use often, e.g. of a field; without one the name in plain words.

        >>> load_texts("en").label("field", "articleType"), load_texts("vi").label("field", "colour")
        ('Article type', 'Màu')
        """
        return self.texts.get(f"{group}.{name.lower()}") or _plain(name)

    def number(self, value: float, digits: int | None = None) -> str:
        """Return a number with the language's separators.

        >>> load_texts("vi").number(1234.5, 2), load_texts("en").number(-1234)
        ('1.234,50', '−1,234')
        """
        if digits is None:
            digits = 0 if float(value).is_integer() else min(6, len(repr(float(value)).partition(".")[2]))
        text = f"{value:,.{digits}f}".replace("-", "−")
        return text.translate(str.maketrans(",.", ".,")) if self.language == "vi" else text

    def value(self, value: Value) -> str:
        """Return an attribute's value, formatted."""
        if isinstance(value, bool):
            return self.texts["yes" if value else "no"]
        return value if isinstance(value, str) else self.number(value)


def _plain(name: str) -> str:
    """Return a name of snake or camel case in words."""
    words = _CAMEL.sub(" ", name.replace("_", " ").replace("-", " ")).split()
    text = " ".join(word if word.isupper() else word.lower() for word in words)
    return text[:1].upper() + text[1:] or name


@cache
def load_texts(language: Language) -> Texts:
    """Load the texts of a language."""
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        groups = tomllib.load(file)
    texts: dict[str, str] = {}
    for group, value in groups.items():
        texts |= {group: value} if isinstance(value, str) else {f"{group}.{key}": text for key, text in value.items()}
    return Texts(language, texts)


def choose_language(*preferences: str, accept_language: str = "") -> Language:
    """Return the first preference that the page has, else the best of the browser's, else English.

    Args:
        preferences: codes, "" for none.
        accept_language: the header Accept-Language.

    >>> choose_language("", accept_language="fr, vi;q=0.8, en;q=0.5")
    'vi'
    """
    accepted = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if weight > 0:
            accepted.append((-weight, position, tag.strip().lower().partition("-")[0]))
    for code in (*preferences, *(code for _, _, code in sorted(accepted))):
        for language in LANGUAGES:
            if code == language:
                return language
    return "en"
