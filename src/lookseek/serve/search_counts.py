"""What was searched for in vain, as counts of words: kept only where who runs the service switches it on."""

from __future__ import annotations

import threading
from collections import Counter

from ..query import Query
from ..results import Results

__all__ = ["EmptySearches"]

_MAX_WORDS = 500
"""Different searches that are counted; of more, those that came once go first."""
_MAX_LENGTH = 100
"""Characters of a search that are kept: longer ones are no names of goods, but texts of somebody."""


class EmptySearches:
    """Counts searches by words that found nothing close. No photo, address, key or time is kept, and nothing on disk.

    Args:
        kept: False counts nothing.
    """

    def __init__(self, *, kept: bool) -> None:
        self.kept = kept
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, query: Query, results: Results) -> None:
        """Count a search, where it is by words alone and found nothing that stands out."""
        words = " ".join(query.text.lower().split())
        in_vain = not results.hits or results.good == 0
        if not self.kept or query.pictured or not in_vain or not 0 < len(words) <= _MAX_LENGTH:
            return
        with self._lock:
            self._counts[words] += 1
            if len(self._counts) > _MAX_WORDS:
                self._counts = Counter(dict(self._counts.most_common(_MAX_WORDS // 2)))

    def most_common(self, count: int) -> list[tuple[str, int]]:
        """Return the most frequent searches with their counts."""
        with self._lock:
            return self._counts.most_common(count)
