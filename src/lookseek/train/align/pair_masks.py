"""Which texts are true of which photos, which are not, and which pairs nobody can tell: those teach nothing."""

from __future__ import annotations

from torch import Tensor

__all__ = ["caption_pairs", "title_pairs"]


def caption_pairs(photos: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the true and false pairs of photos and captions, by the values that both have.

    A pair is true where the photo has every value that the caption states, false where it has another value, and
    neither where a value is unknown and no known one differs.

    Args:
        photos: values, int64 (n, fields), -1: unknown.
        texts: values that are stated, int64 (m, fields), -1: not stated. Each states one or more.

    Returns:
        true, false: bool (n, m) each.
    """
    have, state = photos[:, None, :], texts[None, :, :]
    stated = state >= 0
    true = (~stated | (have == state)).all(-1) & stated.any(-1)
    false = (stated & (have >= 0) & (have != state)).any(-1)
    return true, false


def title_pairs(titles: Tensor, designs: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
    """Return the true and false pairs of photos and titles.

    A pair is true where the photo has the title, and false where it is not of the title's design and colour.

    Args:
        titles: number of each photo's title, int64 (n,), -1: none.
        designs: number of its design, int64 (n,), -1: unknown.
        colours: number of its colour, int64 (n,), -1: unknown.

    Returns:
        true, false: bool (n, n) each, photos by the titles of photos; those without a title are in no pair.
    """
    both = (titles[None, :] >= 0).expand(len(titles), -1)
    true = (titles[:, None] == titles[None, :]) & both
    near = (designs[:, None] == designs[None, :]) & (designs[:, None] >= 0) & (colours[:, None] == colours[None, :])
    return true, ~true & ~near & both
