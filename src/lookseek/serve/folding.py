"""Folds the edits of a service into a new generation in a thread beside its searches and edits, once they are many."""

from __future__ import annotations

import json
import logging
import threading

from ..errors import LookseekError
from ..search import Searcher

__all__ = ["Folding"]

_FROM = 1_024
"""Edits from which they are folded: those of a journal are compared one by one, .5 ms for so many."""

logger = logging.getLogger("lookseek.serve")


class Folding:
    """The folding of one index.

    Args:
        searcher: of the service, which opens what was folded.
    """

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._from = _FROM

    def begin_if_many(self) -> None:
        """Begin where there are many edits, and return at once."""
        journal = self._searcher.index.manifest.journal
        if journal is None or journal.edits < self._from or (self._thread is not None and self._thread.is_alive()):
            return
        self._from = journal.edits + _FROM  # where it fails, the next attempt comes after as many more
        self._thread = threading.Thread(target=self._run, name="lookseek-folding", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give up what is under way, and wait for its end."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            if self._searcher.index.place.fold(self._stopped.is_set):
                self._from = _FROM
                self._searcher.current()  # opens it, so that no search waits for it
        except (LookseekError, OSError) as error:
            logger.warning('{"warning": "edits could not be folded", "reason": %s}', json.dumps(str(error)))
