"""Limits how many requests a client may send in any window of so many seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

__all__ = ["MAX_CLIENTS", "RateLimiter", "client_key"]

MAX_CLIENTS = 1000
"""Clients that are counted at the same time; the one whose last request is oldest is forgotten first."""


def client_key(host: str | None) -> str:
    """Return the key under which a client is counted: its address, of IPv6 the /64 network of one customer.

    >>> client_key("2001:4860:1:2:3:4:5:6"), client_key("::ffff:9.9.9.9"), client_key(None)
    ('2001:4860:1:2::/64', '9.9.9.9', 'unknown')
    """
    try:
        address = ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


class RateLimiter:
    """Counts accepted requests by client in a moving window. May be used from several threads.

    It holds at most ``limit`` times for each of at most ``max_clients`` clients, and forgets a client whose last
    request is older than the window.

    Args:
        limit: requests in a window.
        seconds: the length of the window.
        max_clients: clients that are counted at the same time.
        clock: returns seconds that never go back; another one is for tests.
    """

    def __init__(
        self,
        limit: int,
        seconds: float = 60.0,
        max_clients: int = MAX_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._seconds, self._max_clients, self._clock = limit, seconds, max_clients, clock
        self._accepted: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many clients are counted now."""
        return len(self._accepted)

    def acquire(self, client: str) -> float:
        """Count a request unless the client has used up its limit.

        Args:
            client: an API key's name, or what ``client_key`` returns.

        Returns:
            0 where the request is accepted; else the seconds, > 0, after which the next one will be.
        """
        with self._lock:
            now = self._clock()
            times = self._accepted.pop(client, None) or deque()
            while times and times[0] <= now - self._seconds:
                times.popleft()
            self._evict(now)
            self._accepted[client] = times
            if len(times) < self._limit:
                times.append(now)
                return 0.0
            return times[0] + self._seconds - now

    def _evict(self, now: float) -> None:
        """Forget clients whose window is over, and the oldest ones where there is no room for one more."""
        while self._accepted:
            client, times = next(iter(self._accepted.items()))
            if len(self._accepted) < self._max_clients and times and times[-1] > now - self._seconds:
                return
            del self._accepted[client]
