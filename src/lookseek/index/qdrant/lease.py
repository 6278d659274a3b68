"""The right to write an index on a Qdrant server: a record that its owner renews, taken over when it no longer does.

Qdrant has no locks. It has writes with a condition, which it makes one after another on the one shard of the records:
"insert if it is not there", "replace if its stamp is still this". A waiting process takes the lease over when it has
seen the same stamp for ``SECONDS`` by its own clock, so clocks need not agree. Source: the lock client for Amazon
DynamoDB, which does the same by record version numbers.

What this does not promise: a write of the owner that is on its way while the owner is cut off for that long may arrive
after another has begun. Writes are of whole points by their ids, so the later one of a point stands.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from qdrant_client import QdrantClient, models

from ...errors import IndexBusy, IndexFolderError, IndexUnreachable
from ...store.qdrant import Server
from .records import of_kind, record_id

__all__ = ["Lease", "is_held"]

SECONDS = 15.0
"""How long a stamp must have stood before another process takes the lease over."""
RENEWED_EVERY = 2.0
"""Seconds between two renewals."""
TRUSTED = 10.0
"""Seconds after the last renewal up to which the owner itself trusts it: less than ``SECONDS``."""
_WAIT, _LOOK = 2.0, 0.1
"""Seconds that a process waits for an owner that lives, and between two looks."""
_KEY = "writer"


class Lease:
    """The right to write, held until it is released, or lost.

    Args:
        server: that keeps the records.
        collection: of the records.
        where: the index's address, for messages.
    """

    def __init__(self, server: Server, collection: str, where: str) -> None:
        self._server, self._collection, self._where = server, collection, where
        self._owner = uuid.uuid4().hex
        self._renewals = 0
        self._trusted_until = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lookseek lease", daemon=True)

    def acquire(self) -> None:
        """Wait for the lease.

        Raises:
            IndexBusy: its owner lives.
        """
        began, lives = time.monotonic(), False
        seen, since = "", began
        while True:
            now = time.monotonic()
            held = read_lease(self._server, self._collection)
            if held is None:
                self._put(now, models.UpdateMode.INSERT_ONLY, None)
            elif held["owner"] == self._owner:
                self._thread.start()
                return
            elif held["stamp"] != seen:
                lives = bool(seen)
                seen, since = held["stamp"], now
            elif now - since >= SECONDS:
                self._put(now, models.UpdateMode.UPDATE_ONLY, _equal("stamp", seen))
                continue
            if lives and now - began > _WAIT:
                raise IndexBusy(
                    f"another process is writing {self._where}: wait until it has ended, or stop it; one that was "
                    f"killed is forgotten after {SECONDS:.0f} seconds"
                )
            if held is not None:
                time.sleep(_LOOK)

    def require(self) -> None:
        """Raise IndexUnreachable where the lease was lost, or could not be renewed for too long."""
        if time.monotonic() > self._trusted_until:
            raise IndexUnreachable(
                f"this process has lost the right to write {self._where}, since the server was not reached for some "
                f"{TRUSTED:.0f} seconds: run the same again, what was acknowledged is kept"
            )

    def release(self) -> None:
        """Give the lease back; one that can't be is forgotten after a while."""
        self._end.set()
        if not self._renewals:  # it was never written
            return
        if self._thread.ident is not None:
            self._thread.join()
        mine = models.FilterSelector(filter=of_kind("lease", _equal("owner", self._owner)))
        try:
            self._server.run(
                lambda client: client.delete(self._collection, mine, wait=True, ordering=models.WriteOrdering.STRONG)
            )
        except IndexFolderError:  # it can't be reached
            return

    def _keep(self) -> None:
        while not self._end.wait(RENEWED_EVERY):
            try:
                self.renew()
            except IndexFolderError:  # the next renewal may reach it; until then ``require`` counts the seconds
                continue

    def renew(self) -> None:
        """Renew the lease where it is still this process's; else it is lost."""
        now = time.monotonic()
        self._put(now, models.UpdateMode.UPDATE_ONLY, _equal("owner", self._owner))

    def _put(self, now: float, mode: models.UpdateMode, condition: models.FieldCondition | None) -> None:
        """Write the lease where a condition allows it, and look whether it was written."""
        self._renewals += 1
        stamp = f"{self._owner}/{self._renewals}"
        values = {"kind": "lease", "key": _KEY, "owner": self._owner, "stamp": stamp, "renewed": time.time()}
        point = models.PointStruct(id=record_id("lease", _KEY), vector={}, payload=values)

        def work(client: QdrantClient) -> None:
            client.upsert(
                self._collection,
                [point],
                wait=True,
                ordering=models.WriteOrdering.STRONG,
                update_mode=mode,
                update_filter=None if condition is None else models.Filter(must=[condition]),
            )

        self._server.run(work)
        held = read_lease(self._server, self._collection)
        owned = held is not None and held["owner"] == self._owner
        self._trusted_until = now + TRUSTED if owned else 0.0


def read_lease(server: Server, collection: str) -> Mapping[str, Any] | None:
    """Return the lease's record, as most replicas have it; None where nobody has it."""
    found = server.run(
        lambda client: client.retrieve(
            collection, [record_id("lease", _KEY)], consistency=models.ReadConsistencyType.MAJORITY
        )
    )
    return found[0].payload if found else None


def is_held(server: Server, collection: str) -> bool:
    """Return whether a process holds the lease, as far as the clocks of both agree."""
    held = read_lease(server, collection)
    return held is not None and abs(time.time() - held["renewed"]) < TRUSTED


def _equal(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
