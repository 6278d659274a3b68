"""What the page says, in the languages that it speaks."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from ...types import Value

__all__ = ["LANGUAGES", "Language", "Texts", "chosen_language", "texts_of"]

Language: TypeAlias = Literal["en", "vi"]
LANGUAGES: tuple[Language, ...] = ("en", "vi")

_FOLDER = Path(__file__).with_name("texts")


class Texts:
    """The texts of one language."""

    def __init__(self, language: Language, texts: dict[str, str]) -> None:
        self.language: Language = language
        self.texts = texts

    def say(self, key: str, **values: object) -> str:
        """A text with its values in place; numbers are written as the language writes them.

        Where ``n`` is 1 and the text has a form of its own for one thing, that form.
        """
        text = self.texts.get(f"{key}.one", "") if values.get("n") == 1 else ""
        shown = {name: self.number(one) if isinstance(one, int) else one for name, one in values.items()}
        return (text or self.texts[key]).format_map(shown)

    def known(self, group: str, name: str) -> str:
        """The text of a name that catalogues use often, as a field's; the name itself where there is none."""
        return self.texts.get(f"{group}.{name.lower()}") or name

    def number(self, value: float, digits: int | None = None) -> str:
        """A number with the signs of the language.

        >>> texts_of("vi").number(1234.5, 2), texts_of("en").number(-1234)
        ('1.234,50', '−1,234')
        """
        if digits is None:
            digits = 0 if float(value).is_integer() else min(6, len(repr(float(value)).partition(".")[2]))
        written = f"{value:,.{digits}f}".replace("-", "−")
        return written.translate(str.maketrans(",.", ".,")) if self.language == "vi" else written

    def value(self, value: Value) -> str:
        """An attribute's value for people."""
        if isinstance(value, bool):
            return self.texts["yes" if value else "no"]
        return value if isinstance(value, str) else self.number(value)


@cache
def texts_of(language: Language) -> Texts:
    """The texts of a language."""
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        groups = tomllib.load(file)
    texts: dict[str, str] = {}
    for group, said in groups.items():
        texts |= {group: said} if isinstance(said, str) else {f"{group}.{key}": text for key, text in said.items()}
    return Texts(language, texts)


def chosen_language(*wishes: str, accepted: str = "") -> Language:
    """The first wish that is spoken here, else the one that the browser likes best.

    Args:
        wishes: codes, "" for none.
        accepted: the header Accept-Language.

    >>> chosen_language("", accepted="fr, vi;q=0.8, en;q=0.5")
    'vi'
    """
    liked = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if weight > 0:
            liked.append((-weight, place, tag.strip().lower().partition("-")[0]))
    for wish in (*wishes, *(code for _, _, code in sorted(liked))):
        for language in LANGUAGES:
            if wish == language:
                return language
    return "en"
