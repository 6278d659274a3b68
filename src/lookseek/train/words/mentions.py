"""Which values of the lexicon a text mentions: "a red v-neck dress" has Red, v-neck and Dresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ...encode.phrases import longest_matches, pieces
from .lexicon import Language, Lexicon

__all__ = ["Fact", "Mentions"]

Fact: TypeAlias = tuple[str, str]
"""A field and one of its values, as the lexicon names them."""


class Mentions:
    """Finds the lexicon's words of training in texts, the longest first, so that "round neck t-shirt" is one word.

    Args:
        lexicon: the words.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        words: dict[Language, dict[tuple[str, ...], set[Fact]]] = {"en": defaultdict(set), "vi": defaultdict(set)}
        for entry in lexicon.entries:
            if entry.use == "train":
                words[entry.language][pieces(entry.word)].add((entry.field, entry.value))
        self._words: Mapping[Language, Mapping[tuple[str, ...], frozenset[Fact]]] = {
            language: {word: frozenset(facts) for word, facts in some.items()} for language, some in words.items()
        }
        self._longest = {language: max(map(len, some), default=0) for language, some in self._words.items()}

    def within(self, text: str, language: Language, *, whole: bool = True) -> Iterator[frozenset[Fact]]:
        """Yield, for each word of the lexicon in a text, what it may mean: one fact or more.

        Args:
            text: any.
            language: of its words.
            whole: whether the text may be such a word itself; False looks at its parts alone.

        >>> from .lexicon import read_lexicon
        >>> [sorted(meant)[0] for meant in Mentions(read_lexicon()).within("Navy puff-sleeved top", "en")]
        [('baseColour', 'Navy Blue'), ('sleeve style', 'puff'), ('articleType', 'Tops')]
        """
        words = pieces(text)
        longest = self._longest[language] if whole else min(self._longest[language], len(words) - 1)
        for _, _, meant in longest_matches(words, self._words[language], longest):
            yield meant
