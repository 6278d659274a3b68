"""Whether the embedded engine searches in two threads at once, or holds Python's lock while it does.

    python -m benchmarks.service.one_lock [--searches 100]

Over 3,040 drawn items, most of them copies of one: so many searches for 500 of them by one thread, then as many by each
of two at once. A ratio of 1 is two cores used, of 2 one; beyond that the two hinder each other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from lookseek.index.open_index import open_index
from lookseek.store.schema import LOOK
from tests.helpers.catalogues import indexed, write_photos
from tests.helpers.dear_requests import many_copies


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--searches", type=int, default=100, help="of each thread")
    searches = options.parse_args().searches
    sys.setswitchinterval(0.0002)  # as the service has it
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        write_photos(top / "photos", items=20, views=2)
        indexed(top / "photos", top / "index")
        many_copies(top / "index")
        store = open_index(top / "index").store
        query = np.random.default_rng(0).normal(size=store.layout[LOOK].dim).astype(np.float32)

        def search() -> None:
            for _ in range(searches):
                store.search(LOOK, query, 500)

        search()  # does not count
        seconds = {}
        for count in (1, 2):
            threads = [threading.Thread(target=search) for _ in range(count)]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds[count] = time.perf_counter() - began
        store.close()
    print(f"{store.layout[LOOK].dim} numbers: one thread {seconds[1]:.2f} s, two {seconds[2]:.2f} s, times", end=" ")
    print(f"{seconds[2] / seconds[1]:.1f}")


if __name__ == "__main__":
    main()
