"""How many requests a client may make: so many in any stretch of so many seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

__all__ = ["MAX_CLIENTS", "Rate"]

MAX_CLIENTS = 1000
"""Clients that are counted at the same time. The storage looks through all of them up to a hundred times a second, in
2 ms for this many; who was not seen for longest is forgotten first."""


class Rate:
    """Counts requests by client in a moving window. Safe to use from many threads.

    The storage of the library never forgets a client on its own: those whose window is over are dropped here, and
    those above ``most_clients``. At most ``amount`` times are held for each.

    Args:
        amount: requests in a window.
        seconds: the window.
        most_clients: that are counted at the same time.
    """

    def __init__(self, amount: int, seconds: int = 60, most_clients: int = MAX_CLIENTS) -> None:
        self._window = RateLimitItemPerSecond(amount, seconds)
        self._most = most_clients
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Clients that are known now."""
        return len(self._seen)

    def take(self, client: str) -> float:
        """Counts a request: 0 if it may go on, else the seconds after which the next one may (not counted).

        Args:
            client: a key's name or what ``addresses.client_of`` says.
        """
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            self._seen[client] = now
            self._seen.move_to_end(client)
            if self._limiter.hit(self._window, client):
                return 0.0
            free_at = self._limiter.get_window_stats(self._window, client).reset_time
        return max(0.01, free_at - time.time())

    def _forget(self, now: float) -> None:
        while self._seen:
            client, seen = next(iter(self._seen.items()))
            if len(self._seen) < self._most and now - seen <= self._window.get_expiry():
                return
            del self._seen[client]
            key = self._window.key_for(client)
            with self._storage.locks[key]:  # its own thread may be looking through the same client
                self._storage.clear(key)
