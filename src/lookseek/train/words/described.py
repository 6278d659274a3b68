"""Captions of an item from all that is known of it, each with the facts that it states.

    facts, sentences ──describe / quote──> Caption(text, language, states, whole)

A training that compares photos with captions must know of which other photos a caption is true. What ``states`` holds
is true of every photo that has all of these facts and false of one that lacks any (``fact_table.py``). A sentence of a
shop's description says more than is known as facts; then ``whole`` is False, and of a photo that has them all nobody
knows whether the sentence is true of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from ...catalogue.facts import OTHER, Facts, facts_of
from .captions import NAMING_RATES, NOUNS, worded
from .lexicon import Language, Lexicon, strip_diacritics
from .mentions import Fact, Mentions

__all__ = ["WRITTEN", "Caption", "Describer", "Written"]

Written: TypeAlias = Literal["en", "vi", "vi-plain"]
WRITTEN: tuple[Written, ...] = ("en", "vi", "vi-plain")

FINER = 0.6
"""How often an item with a kind of its own ("sneakers") is called by that and not by its type ("casual shoes")."""

QUOTED = 2
"""Sentences of a description in one caption, at the most."""

LONGEST = 300
"""Characters of a quotation: beyond it a text tower's vector is of everything and nothing."""

_LOOSE = frozenset([*NOUNS, "gender", "usage", "season", "sport", "size"])
"""Fields that a noun may touch upon without saying so: "summer dress" of any dress, "running shoes" of sports shoes."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A text about an item.

    Args:
        text: lower case where we made it, as the shop wrote it where we quote; Unicode NFC.
        language: of its words.
        states: what it says of the item.
        whole: whether it says no more than that.
    """

    text: str
    language: Written
    states: frozenset[Fact]
    whole: bool = True


class Describer:
    """Makes captions.

    Args:
        lexicon: the words; nothing is said in held ones.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon, self._mentions = lexicon, Mentions(lexicon)

    def describe(self, facts: Facts, written: Written, random: Random) -> Caption | None:
        """Return a caption of some of the facts; None where the lexicon has no word for any.

        Args:
            facts: field to values that the item has.
            written: language, and whether with diacritics.
            random: chooses what is said and how; the same state gives the same.

        >>> from .lexicon import read_lexicon
        >>> facts = {"garment": frozenset({"dress"}), "neckline": frozenset({"v-neck"}), "colour": frozenset({"red"})}
        >>> made = Describer(read_lexicon()).describe(facts, "en", Random(5))
        >>> made.text, sorted(made.states)
        ('a v-neck scarlet red dress', [('colour', 'red'), ('garment', 'dress'), ('neckline', 'v-neck')])
        """
        language: Language = "en" if written == "en" else "vi"
        values = self._chosen(facts, language, random)
        if not values:
            return None

        def fitting(noun: str) -> bool:
            """Return whether the facts include all that a noun states; a value's plainest noun states no more."""
            if any(
                noun == self._lexicon.words(field, values[field], language)[0] for field in NOUNS if field in values
            ):
                return True
            said = self._mentions.within(noun, language, whole=False)
            return all(
                any(field in _LOOSE or value in facts.get(field, ()) for field, value in meant) for meant in said
            )

        text, named = worded(values, language, random, self._lexicon, fitting)
        states = {(field, values[field]) for field in named}
        if "articleType" in named:  # photos of other catalogues have no type, but a garment
            states |= {("garment", value) for value in facts_of(values["articleType"], {}).get("garment", ())}
        return Caption(strip_diacritics(text) if written == "vi-plain" else text, written, frozenset(states))

    def quote(self, facts: Facts, sentences: Sequence[str], random: Random) -> Caption | None:
        """Return one or two sentences of a shop's description; None where there are none that may be read.

        Args:
            facts: field to values that the item has.
            sentences: English, as ``catalogue.descriptions.sentences`` gives them.
            random: chooses.
        """
        able = [some for some in sentences if not self._lexicon.held_in(some) and len(some) <= LONGEST]
        if not able:
            return None
        first = random.randrange(len(able))
        text = able[first]
        if random.random() < 0.5 and first + 1 < len(able) and len(text) + len(able[first + 1]) <= LONGEST:
            text = ". ".join(able[first : first + QUOTED])
        states = {
            (field, value)
            for meant in self._mentions.within(text, "en")
            for field, value in meant
            if value in facts.get(field, ())
        }
        return Caption(text, "en", frozenset(states), whole=False)

    def captions(self, facts: Facts, sentences: Sequence[str], seed: str, ways: int = 2) -> tuple[Caption, ...]:
        """Return an item's captions: ``ways`` in each language and ``ways`` quotations, each text once.

        Args:
            facts: field to values that the item has.
            sentences: of its description.
            seed: the same gives the same captions.
            ways: of each.
        """
        random = Random(f"{seed} {sorted((field, sorted(values)) for field, values in facts.items())}")  # noqa: S311
        made = [self.describe(facts, written, random) for written in WRITTEN for _ in range(ways)]
        made += [self.quote(facts, sentences, random) for _ in range(ways)]
        return tuple({caption.text: caption for caption in made if caption is not None}.values())

    def _chosen(self, facts: Facts, language: Language, random: Random) -> dict[str, str]:
        """Choose a value of each field that has words, and as noun the kind or the type at random."""
        values: dict[str, str] = {}
        for field, some in facts.items():
            able = [
                v
                for v in sorted(some)
                if v != OTHER and field in NAMING_RATES and self._lexicon.words(field, v, language)
            ]
            if able:
                values[field] = random.choice(able)
        nouns = [field for field in NOUNS if field in values]
        if len(nouns) > 1 and random.random() < FINER and "garment" in nouns:
            nouns = ["garment", *(field for field in nouns if field != "garment")]
        for field in nouns[1:]:
            del values[field]
        return values
