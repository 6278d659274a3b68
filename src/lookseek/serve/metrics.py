"""The metrics of a service for Prometheus: requests by route and status, and the seconds of each step of a search."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds."""


class Metrics:
    """The counters of one service, in a registry of their own, so that two services in a process don't mix."""

    def __init__(self, pending: Callable[[], int], items: Callable[[], int]) -> None:
        """Start all counters at zero.

        Args:
            pending: returns how many searches wait or run, called whenever the metrics are read.
            items: returns how many items the index holds.
        """
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "lookseek_requests_total", "Requests answered", ("route", "method", "status"), registry=self._registry
        )
        self.request_seconds = Histogram(
            "lookseek_request_seconds",
            "From the first byte of a request to the last of its answer",
            ("route",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self.step_seconds = Histogram(
            "lookseek_step_seconds",
            "Steps: wait (for a thread), a search's stages (encode, route ..., and compare, all after encode), write",
            ("step",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self.refused = Counter("lookseek_refused_total", "Requests refused", ("why",), registry=self._registry)
        Gauge("lookseek_searches", "Searches waiting or worked on", registry=self._registry).set_function(pending)
        Gauge("lookseek_items", "Items that the index holds", registry=self._registry).set_function(items)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
