"""Tokenizers of open_clip as one file of Hugging Face's package, and whether that file cuts texts as they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ...encode.words import normalise
from ...errors import TrainError

__all__ = ["TEXTS", "Tokens", "tokenizer_file"]

WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""How CLIP's tokenizer cuts a text. Source: github.com/openai/CLIP, ``simple_tokenizer.py``."""

REPAIRS = (
    (r"&(?:#0*39|apos);", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&nbsp;", " "),
    ("[\u02bc\u2018-\u201b]", "'"), ("[\u201c-\u201f]", '"'),
)  # fmt: skip
"""What open_clip's cleaning mends in titles of shops: entities of HTML, curly quotes. Source: ``html`` and ftfy."""

TEXTS = (
    "red dress", "Is red and has long sleeves", "a photo of a women’s T-shirt, size M", "đầm hoa đỏ, 50% cotton",
    "ÁO SƠ MI trắng tay dài; cổ đức", "ao so mi trang tay dai", "it's THE same, we'll say; they've 3 buttons (#42)",
    "H&amp;M “basic” socks – pack of 5", "a-b_c/d [x] {y}", "日本の着物 🙂", "naïve café", "x",
    "the same in blue " * 40, "váy maxi hoa nhí màu xanh lá " * 25,
)  # fmt: skip
"""Texts that a tokenizer is judged by: English, Vietnamese with and without marks, signs, and two that are cut."""

REMEDY = "export a model with CLIP's or SigLIP's tokenizer, e.g. RN50, ViT-B-32 or ViT-B-16-SigLIP"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A tokenizer as a model folder has it.

    Args:
        content: of tokenizer.json.
        length: tokens of each text.
        pad: the token that fills up.
    """

    content: bytes
    length: int
    pad: int


def tokenizer_file(theirs: Callable[[Sequence[str]], Tensor], name: str) -> Tokens:
    """Return a tokenizer of open_clip as a file.

    Args:
        theirs: texts to tokens int64 (n, length).
        name: of the model, for messages.

    Raises:
        TrainError: it is of another kind, or the file would cut ``TEXTS`` differently.
    """
    from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

    try:
        import tokenizers
    except ImportError as error:
        raise TrainError("the tokenizer is written with a package that is not there: pip install tokenizers") from error
    if isinstance(theirs, SimpleTokenizer) and theirs.reduction_fn is None:
        made, pad = _clip(theirs, tokenizers), 0
    elif isinstance(theirs, HFTokenizer) and getattr(theirs.tokenizer, "backend_tokenizer", None) is not None:
        made, pad = _of_transformers(theirs), theirs.tokenizer.pad_token_id
    else:
        raise TrainError(f"{name} has a tokenizer that lookseek can't write ({type(theirs).__name__}): {REMEDY}")
    clean = getattr(theirs.clean_fn, "__name__", "").removeprefix("_clean_")
    made.normalizer = _cleaning(clean, made.normalizer, tokenizers)
    tokens = Tokens(made.to_str().encode(), int(theirs.context_length or 77), int(pad or 0))
    _compare(tokens, theirs, name, tokenizers)
    return tokens


def _clip(theirs: Any, tokenizers: Any) -> Any:
    """CLIP's byte-pair encoding."""
    merges = [pair for pair, _ in sorted(theirs.bpe_ranks.items(), key=lambda entry: entry[1])]
    models, pre, processors = tokenizers.models, tokenizers.pre_tokenizers, tokenizers.processors
    made = tokenizers.Tokenizer(models.BPE(vocab=dict(theirs.encoder), merges=merges, end_of_word_suffix="</w>"))
    made.pre_tokenizer = pre.Sequence(
        [
            pre.Split(tokenizers.Regex(WORDS), behavior="removed", invert=True),
            pre.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = tokenizers.decoders.ByteLevel()
    first, last = "<start_of_text>", "<end_of_text>"
    made.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, theirs.sot_token_id), (last, theirs.eot_token_id)]
    )
    return made


def _of_transformers(theirs: Any) -> Any:
    """Return the tokenizer inside one of transformers, with the mark at the end as open_clip has it."""
    settings = json.loads(theirs.tokenizer.backend_tokenizer.to_str())
    if theirs.strip_sep_token:  # open_clip puts 0 in its place
        after, mark = settings["post_processor"], theirs.tokenizer.sep_token
        if "sep" in after:
            after["sep"][1] = 0
        elif mark in after.get("special_tokens", {}):
            after["special_tokens"][mark]["ids"] = [0]
    made = theirs.tokenizer.backend_tokenizer.from_str(json.dumps(settings))
    made.no_truncation()
    made.no_padding()
    return made


def _cleaning(clean: str, own: Any, tokenizers: Any) -> Any:
    """Return the normaliser that does what open_clip does to a text before its tokenizer, then ``own``."""
    steps, regex = tokenizers.normalizers, tokenizers.Regex
    wanted = [*(steps.Replace(regex(old), new) for old, new in REPAIRS), steps.NFC()]
    if clean == "canonicalize":
        wanted += [steps.Replace("_", " "), steps.Replace(regex(r"[!-/:-@\[-`{-~]"), "")]
    if clean in ("canonicalize", "lower"):
        wanted.append(steps.Lowercase())
    wanted += [steps.Replace(regex(r"\s+"), " "), steps.Strip()]
    return steps.Sequence([*wanted, *([own] if own is not None else [])])


def _compare(tokens: Tokens, theirs: Callable[[Sequence[str]], Tensor], name: str, tokenizers: Any) -> None:
    ours = tokenizers.Tokenizer.from_str(tokens.content.decode())
    ours.enable_truncation(tokens.length)
    ours.enable_padding(pad_id=tokens.pad, length=tokens.length)
    for text in TEXTS:
        if ours.encode(normalise(text)).ids != theirs([text])[0].tolist():
            raise TrainError(
                f"the tokenizer of {name} cuts {text[:40]!r} in a way that lookseek can't write into tokenizer.json. "
                f"Nothing was written: {REMEDY}"
            )
