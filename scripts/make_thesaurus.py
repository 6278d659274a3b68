"""Writes src/lookseek/encode/thesaurus.csv: words that training never saw, and a taught word that each is read as.

    python scripts/make_thesaurus.py WORDNET MYNTRA

WORDNET is a folder with WordNet 3.0's data.noun and index.noun, as Debian's package wordnet-base puts them into
/usr/share/wordnet. MYNTRA holds catalogue.parquet and details.parquet: its train split says how common a colour is.
Names of colours with their RGB are those of the xkcd colour survey (CC0), as matplotlib has them.

Clothes and cloths: a word of WordNet that stands under clothing, footwear, bags, jewellery or fabric is read as the
nearest taught word above it: of its own synset first, then of the synsets that it is a kind of. Colours: a name of
the survey is read as the taught colour whose name there is nearest in CIE Lab ("azure" by "sky blue" as Blue), a
colour of WordNet as the one that it is a kind of, which goes first. The reading is the plainest word of its value. A
taught phrase that a word of the list is a part of is listed without a reading, so that it stays as it is. What a
reader's eye took out stands in ``scripts/thesaurus_unfit.txt``.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from lookseek.catalogue.one_change import read_articles
from lookseek.encode.thesaurus import COLUMNS, TABLE, VIETNAMESE
from lookseek.train.words.lexicon import Language, Lexicon, read_lexicon

ROOTS: Mapping[str, tuple[str, ...]] = {
    "clothes": ("03051540", "03380867", "02774152", "02769748", "03597469"),
    "fabric": ("03309808",),
    "colour": ("04956594",),
}
"""What is looked for to the synsets of WordNet 3.0 that it stands under, by their offset in data.noun: clothing,
footwear, handbag, backpack, jewellery; fabric; colour."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "clothes": ("articleType", "garment", "label", "category"),
    "fabric": ("material",),
    "colour": ("baseColour",),
}
"""What is looked for to the fields of the lexicon whose words are its readings."""

DEEPEST: Mapping[str, int] = {"clothes": 2, "fabric": 1, "colour": 2}
"""Steps up from a word to what it is a kind of: farther up everything is a garment."""

SENSES = 4
"""A word counts if its meaning here is one of its first so many, by how often WordNet's texts mean it."""

UNFIT = Path(__file__).with_name("thesaurus_unfit.txt")

LEAST = 0.008
"""Share of train's items that a colour must have to be a reading."""

NAMES = 2
"""Words of a colour's name, at the most."""


class WordNet:
    """Nouns of WordNet: their synsets, what each is a kind of, and the senses of a word in order."""

    def __init__(self, folder: Path) -> None:
        self.words: dict[str, list[str]] = {}
        self.above: dict[str, list[str]] = {}
        self.below: dict[str, list[str]] = defaultdict(list)
        for line in self._lines(folder / "data.noun"):
            parts = line.split(" | ")[0].split()
            offset, count = parts[0], int(parts[3], 16)
            self.words[offset] = [parts[4 + 2 * n].replace("_", " ").lower() for n in range(count)]
            first = 5 + 2 * count
            pointers = [parts[first + 4 * n : first + 4 * n + 3] for n in range(int(parts[first - 1]))]
            self.above[offset] = [target for sign, target, kind in pointers if sign in ("@", "@i") and kind == "n"]
            for target in self.above[offset]:
                self.below[target].append(offset)
        self.senses = {
            parts[0].replace("_", " "): parts[-int(parts[2]) :]
            for parts in map(str.split, self._lines(folder / "index.noun"))
        }

    @staticmethod
    def _lines(path: Path) -> Iterator[str]:
        with path.open(encoding="utf-8") as file:
            yield from (line for line in file if not line.startswith("  "))  # the licence

    def under(self, root: str) -> set[str]:
        """All synsets that are a kind of one, and itself."""
        found, rest = set[str](), [root]
        while rest:
            if (offset := rest.pop()) not in found:
                found.add(offset)
                rest += self.below[offset]
        return found

    def nearest(self, offset: str, known: Mapping[str, str], unfit: set[str], steps: int) -> str:
        """The reading of the nearest word that is known, "" where there is none so near."""
        level = [offset]
        for _ in range(steps + 1):
            for one in level:
                for word in self.words[one] if not unfit & set(self.words[one]) else ():
                    if reading := known.get(word) or known.get(f"{word}s"):
                        return reading
            level = [target for one in level for target in self.above[one]]
        return ""


def taught(lexicon: Lexicon, language: Language) -> set[str]:
    """All words of training."""
    return {entry.word for entry in lexicon.entries if entry.language == language and entry.use == "train"}


def readings(lexicon: Lexicon, fields: tuple[str, ...]) -> dict[str, str]:
    """Each English word of some fields to the plainest of its value."""
    found: dict[str, str] = {}
    for field in fields:
        for value in lexicon.values(field):
            words = lexicon.words(field, value, "en")
            for word in words:
                found.setdefault(word, words[0])
    return found


def of_wordnet(
    net: WordNet, lexicon: Lexicon, what: str, vague: set[str], unfit: set[str]
) -> Iterator[tuple[str, str]]:
    """Words of clothes, cloths or colours with their readings."""
    known = taught(lexicon, "en")
    able = {word: reading for word, reading in readings(lexicon, FIELDS[what]).items() if word not in vague}
    for offset in sorted(set[str]().union(*map(net.under, ROOTS[what]))):
        for word in net.words[offset]:
            senses = net.senses.get(word, [])[:SENSES]
            reading = net.nearest(offset, able, unfit, DEEPEST[what]) if offset in senses else ""
            if reading and not {word, f"{word}s"} & known and word not in unfit:
                yield word, reading


def lab(rgb: str) -> np.ndarray:
    """CIE Lab of "#rrggbb" under D65. Source: IEC 61966-2-1 and CIE 15."""
    channels = np.array([int(rgb[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(channels > 0.04045, ((channels + 0.055) / 1.055) ** 2.4, channels / 12.92)
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    x, y, z = np.array(matrix) @ linear / (0.95047, 1.0, 1.08883)
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def of_survey(lexicon: Lexicon, common: set[str], unfit: set[str]) -> Iterator[tuple[str, str]]:
    """Names of colours with the taught colour that is nearest; those that name a taught colour have no need."""
    from matplotlib._color_data import XKCD_COLORS

    named = {name.removeprefix("xkcd:"): rgb for name, rgb in XKCD_COLORS.items()}
    said = readings(lexicon, ("baseColour",))
    whole = {part for word in said for part in word.split()}
    able = {lexicon.words("baseColour", value, "en")[0] for value in common}
    anchors = {word: lab(named[word]) for word, reading in said.items() if word in named and reading in able}
    for name, rgb in named.items():
        words = name.replace("/", " ").split()
        if name in said or name in unfit or len(words) > NAMES or whole & set(words) or "/" in name:
            continue
        here = lab(rgb)
        yield name, said[min(anchors, key=lambda anchor: float(((here - anchors[anchor]) ** 2).sum()))]


def kept(entries: Mapping[str, str], words: set[str]) -> Iterator[str]:
    """Taught phrases that a word of the list is a part of."""
    listed = set(entries)
    for phrase in sorted(words - listed):
        parts = phrase.split()
        inner = {
            " ".join(parts[a:b]) for a in range(len(parts)) for b in range(a + 1, len(parts) + 1) if b - a < len(parts)
        }
        if inner & listed:
            yield phrase


def main() -> None:
    """Write the table and say what it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wordnet", type=Path)
    parser.add_argument("myntra", type=Path)
    chosen = parser.parse_args()
    lexicon = read_lexicon()
    sections: dict[str, set[str]] = defaultdict(set)
    for line in UNFIT.read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition(": ")
        sections[name] |= {word.strip() for word in words.split(",")}
    counts = Counter(article.colour for article in read_articles(chosen.myntra, "train"))
    common = {colour for colour, count in counts.items() if count >= LEAST * sum(counts.values())}
    rows: dict[str, tuple[str, str]] = {}
    net = WordNet(chosen.wordnet)
    for what in ("colour", "clothes", "fabric"):
        for word, reading in of_wordnet(net, lexicon, what, sections["vague"], sections["unfit"]):
            rows.setdefault(word, (reading, "wordnet"))
            if what == "clothes" and not word.endswith("s"):
                rows.setdefault(f"{word}es" if word.endswith(("ch", "sh", "x", "z")) else f"{word}s", rows[word])
    for word, reading in of_survey(lexicon, common, sections["unfit"]):
        rows.setdefault(word, (reading, "xkcd"))
    english = taught(lexicon, "en")
    rows = {word: row for word, row in rows.items() if word not in english}
    with VIETNAMESE.open(newline="", encoding="utf-8") as file:
        own = {row["word"]: row["reading"] for row in csv.DictReader(file)}
    table = [("en", word, *row) for word, row in sorted(rows.items())]
    table += [("en", phrase, "", "lexicon") for phrase in kept({w: r for w, (r, _) in rows.items()}, english)]
    table += [("vi", phrase, "", "lexicon") for phrase in kept(own, taught(lexicon, "vi"))]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *table])
    print(f"{TABLE}: {dict(Counter((row[0], row[3]) for row in table))}, Vietnamese of our own {len(own):,}")


if __name__ == "__main__":
    main()
