"""``tokenizer.json`` of a model folder: a Hugging Face tokenizer, which is data and runs no code."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError

__all__ = ["open_tokenizer"]


def open_tokenizer(content: bytes, where: str, length: int) -> Any:
    """Open a tokenizer that truncates texts.

    Args:
        content: of tokenizer.json.
        where: the folder, for messages.
        length: tokens of a text, its own around it among them; what is beyond is in ``overflowing``.

    Raises:
        ModelError: the package is not installed, this is no tokenizer, or its own tokens leave no room for a text.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelError(
            f"{where} reads words with a tokenizer, and the package for it is not installed: "
            "pip install 'lookseek[hub]'"
        ) from error
    try:
        tokenizer = Tokenizer.from_str(content.decode("utf-8"))
        added = tokenizer.num_special_tokens_to_add(False)
    except Exception as error:  # the package raises bare ones
        said = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ModelError(f"tokenizer.json of {where} is no tokenizer ({said}): export it again") from error
    if added >= length:
        raise ModelError(
            f"tokenizer.json of {where} puts {added} tokens of its own around a text, and config.json allows "
            f"{length} in all: correct length in its text"
        )
    tokenizer.enable_truncation(length)
    return tokenizer
