"""Errors of the service in the reader's language: a message is recognised by its English template."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from string import Formatter

from .language import Language, load_texts

__all__ = ["load_templates", "translate"]

_FILE = Path(__file__).with_name("texts") / "errors.toml"
_MAX_MESSAGE = 1_000
"""Characters of a message that are compared: templates with several placeholders take longer for long ones."""
_COUNT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")


def translate(message: str, language: Language) -> tuple[str, Language]:
    """Return an error's message in a language, and the language that it is in: English where nothing else is known.

    >>> translate("there is nothing at this address", "vi")
    ('Không có gì ở địa chỉ này.', 'vi')
    """
    if language == "en" or len(message) > _MAX_MESSAGE:
        return _sentence(message), "en"
    texts = load_texts(language)
    for pattern, translations in _patterns():
        if match := pattern.fullmatch(message):
            values = {
                name: _COUNT.sub(lambda count: texts.number(int(count[0].replace(",", ""))), value)
                for name, value in match.groupdict().items()
            }
            return translations[language].format_map(values), language
    return _sentence(message), "en"


def _sentence(message: str) -> str:
    """Return a message as a sentence, without "the picture:", which goes without saying here."""
    message = message.removeprefix("the picture: ")
    return message[:1].upper() + message[1:]


@cache
def load_templates() -> dict[str, dict[Language, str]]:
    """Return the templates by key, each in all languages."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[Language, str]]]:
    """Return the English templates as patterns; those with more words of their own come first."""
    templates = sorted(load_templates().values(), key=lambda one: -len(_literals(one["en"])))
    return [(re.compile(_pattern(one["en"]), re.DOTALL), one) for one in templates]


def _pattern(template: str) -> str:
    parts = Formatter().parse(template)
    return "".join(re.escape(text) + (f"(?P<{name}>.*?)" if name else "") for text, name, _, _ in parts)


def _literals(template: str) -> str:
    return "".join(text for text, _, _, _ in Formatter().parse(template))
