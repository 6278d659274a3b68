"""The head of an index folder's journal: ``journal.json``, which says how much of the journal readers see.

It is replaced by one rename after each edit, and not brought to the disk: where a power cut takes it, the whole records
of the journal say the same. So an edit waits for the disk once, for its record.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..errors import IndexDamaged
from .manifest import JournalEnd, Manifest, checksum_of

__all__ = ["HEAD", "JournalHead", "head_version", "read_head", "write_head"]

HEAD = "journal.json"


@dataclass(frozen=True, slots=True)
class JournalHead:
    """What an index is with the edits that readers see.

    Args:
        generation: that the journal belongs to.
        end: where the edits end.
        items: how many the index holds.
        runtime: what made its vectors.
        updated: when the last edit was published, ISO 8601 UTC.
    """

    generation: str
    end: JournalEnd
    items: int
    runtime: str
    updated: str

    def applied(self, manifest: Manifest) -> Manifest:
        """Return the manifest of the generation as it is with the edits; its routers keyed other items."""
        return replace(
            manifest,
            items=self.items,
            runtime=self.runtime,
            updated=self.updated,
            routers=manifest.outdated_routers(),
            journal=self.end,
        )


def write_head(folder: Path, head: JournalHead) -> None:
    """Put a head in the place of the one that an index folder has."""
    stored = asdict(head)
    beside = folder / f"{HEAD}.part"
    beside.write_text(json.dumps({**stored, "checksum": checksum_of(stored)}, ensure_ascii=False), "utf-8")
    beside.replace(folder / HEAD)


def read_head(folder: Path) -> JournalHead | None:
    """Return the head of an index folder; None where there is none, or an empty one, as a power cut leaves it.

    Raises:
        IndexDamaged: it is not what was written.
    """
    file = folder / HEAD
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IndexDamaged(f"{file} can't be read ({error}): delete it, the edits are in the journal too") from error
    if not data.strip(b"\0"):
        return None
    try:
        stored = json.loads(data)
        if stored.pop("checksum") != checksum_of(stored):
            raise ValueError("its checksum is another")
        return JournalHead(end=JournalEnd(**stored.pop("end")), **stored)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(
            f"{file} is not what was written ({error}): delete it, the edits are in the journal too"
        ) from error


def head_version(folder: Path) -> str:
    """Return a text that is another one whenever the head is; "" without one."""
    try:
        return hashlib.blake2b((folder / HEAD).read_bytes(), digest_size=8).hexdigest()
    except OSError:
        return ""
