"""The journal of an index folder: edits that were made since a generation was published, in one file beside it.

A record is the length of its content (8 bytes, big end first), a SHA-256 of the record before and the content (32
bytes), and the content: what the index is after the change, as JSON, and the change as the numpy store writes it. A
record lasts when ``append`` returns. The chain of checksums begins with those of the generation's files, so that no
journal is read over other points; a manifest names its end, so that nothing of it can be missing unseen.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..atomic import sync_file, sync_folder
from ..errors import IndexDamaged
from ..store import Layout
from ..store.changes import Change, dump_change, read_change
from .manifest import JournalEnd, Manifest

__all__ = [
    "MOST_EDITS",
    "JournalWriter",
    "Record",
    "beginning",
    "changes_between",
    "create_journal",
    "is_full",
    "journal_damage",
    "journal_name",
    "tail_of",
]

MOST_EDITS = 4_096
"""Changed items that a journal takes: all are compared one by one, and read whenever the index is opened."""
MOST_BYTES = 64 * 2**20
"""Bytes from which a journal takes no more; items with many vectors reach them first."""
_LENGTH, _DIGEST = 8, 32
_META_LENGTH = 4


class Record(NamedTuple):
    """One record: where the journal ends after it, what the index is then, and the change, not decoded yet."""

    end: JournalEnd
    items: int
    runtime: str
    change: bytes


def journal_name(generation: str) -> str:
    """Return the name of a generation's journal."""
    return f"{generation}.journal"


def beginning(manifest: Manifest) -> JournalEnd:
    """Return the end of the empty journal of a generation."""
    files = json.dumps(sorted((name, *known) for name, known in manifest.files.items()), ensure_ascii=True)
    return JournalEnd(0, 0, hashlib.sha256(f"{manifest.generation} {files}".encode()).hexdigest())


def is_full(end: JournalEnd) -> bool:
    """Return whether a journal takes no more edits: the next one makes a generation."""
    return end.edits >= MOST_EDITS or end.size >= MOST_BYTES


def create_journal(file: Path) -> None:
    """Make an empty journal, in the place of whatever lies there."""
    with file.open("wb"):
        pass
    sync_file(file)
    sync_folder(file.parent)


def changes_between(file: Path, begin: JournalEnd, end: JournalEnd, layout: Layout) -> list[Change]:
    """Return the changes between two places of a journal.

    Raises:
        IndexDamaged: it is not what was written.
    """
    if begin.size == end.size:
        return []
    try:
        records = list(_records(file, begin, end))
    except OSError as error:
        raise IndexDamaged(_damaged(file, f"can't be read ({error.strerror or error})")) from error
    except ValueError as error:
        raise IndexDamaged(_damaged(file, str(error))) from error
    return [read_change(io.BytesIO(record.change), layout) for record in records]


def journal_damage(file: Path, begin: JournalEnd, end: JournalEnd, *, contents: bool) -> str:
    """Return what is wrong with a journal up to a place, as the end of a sentence; "" if nothing is.

    Args:
        file: the journal.
        begin: its beginning.
        end: the place.
        contents: whether checksums are compared, or the size alone.
    """
    try:
        size = file.stat().st_size if file.is_file() else None
        if size is None:
            return "is missing"
        if size < end.size:
            return f"has {size:,} bytes, not {end.size:,}"
        if contents and end.size > begin.size:
            for _ in _records(file, begin, end):
                pass
    except OSError as error:
        return f"can't be read ({error.strerror or error})"
    except ValueError as error:
        return str(error)
    return ""


def tail_of(file: Path, begin: JournalEnd) -> Record | None:
    """Return the last whole record behind a place of a journal; None where there is none.

    A record that a death cut short was never acknowledged, and is passed over.

    Raises:
        IndexDamaged: a record that is not the last one is damaged.
    """
    last = None
    try:
        for record in _records(file, begin, None):
            last = record
    except ValueError as error:
        raise IndexDamaged(_damaged(file, str(error))) from error
    return last


class JournalWriter:
    """Appends records to a journal, for the holder of the right to write.

    Args:
        file: the journal.
        end: where it ends; what a killed writer left behind that is cut off.
        layout: the vectors of its points.
    """

    def __init__(self, file: Path, end: JournalEnd, layout: Layout) -> None:
        self.end = end
        self._layout = layout
        self._file = file.open("r+b", buffering=0)
        try:
            self._file.truncate(end.size)
            self._file.seek(end.size)
        except BaseException:
            self._file.close()
            raise

    def append(self, change: Change, items: int, runtime: str) -> None:
        """Write a change; when this returns, it survives the death of the process and of the machine's power.

        Args:
            change: what was added and removed.
            items: how many the index holds then.
            runtime: what made its vectors.

        Raises:
            OSError: it can't be written, e.g. there is no room; the journal is as it was.
        """
        content = io.BytesIO()
        edits = self.end.edits + len(change.fresh) + len(change.gone)
        meta = json.dumps({"edits": edits, "items": items, "runtime": runtime}).encode()
        content.write(len(meta).to_bytes(_META_LENGTH) + meta)
        dump_change(content, self._layout, change)
        data = content.getvalue()
        digest = _chained(self.end.digest, data)
        record = memoryview(len(data).to_bytes(_LENGTH) + digest + data)
        try:
            while record:
                record = record[self._file.write(record) :]
            os.fsync(self._file.fileno())
        except BaseException:
            with suppress(OSError):
                self._file.truncate(self.end.size)
                self._file.seek(self.end.size)
            raise
        self.end = JournalEnd(self.end.size + _LENGTH + _DIGEST + len(data), edits, digest.hex())

    def close(self) -> None:
        """Release the file."""
        self._file.close()


@dataclass(slots=True)
class _Wrong(ValueError):
    """What is wrong with a journal, as the end of a sentence."""

    what: str

    def __str__(self) -> str:
        return self.what


def _records(file: Path, begin: JournalEnd, end: JournalEnd | None) -> Iterator[Record]:
    """Yield the records between two places; those that are whole up to the end of the file where there is no ``end``.

    Raises:
        ValueError: a record is not what was written, or the journal does not end there.
    """
    at = begin
    with file.open("rb") as opened:
        opened.seek(begin.size)
        while end is None or at.size < end.size:
            head = opened.read(_LENGTH + _DIGEST)
            length = int.from_bytes(head[:_LENGTH])
            left = os.fstat(opened.fileno()).st_size - opened.tell()
            data = opened.read(length) if length <= left else b""
            if len(head) < _LENGTH + _DIGEST or length > left or head[_LENGTH:] != _chained(at.digest, data):
                if end is None and length >= left:
                    return
                raise _Wrong("is not what was written")
            meta_length = int.from_bytes(data[:_META_LENGTH])
            meta = json.loads(data[_META_LENGTH : _META_LENGTH + meta_length])
            change = data[_META_LENGTH + meta_length :]
            at = JournalEnd(at.size + len(head) + length, meta["edits"], head[_LENGTH:].hex())
            yield Record(at, meta["items"], meta["runtime"], change)
    if end is not None and (at.size, at.digest) != (end.size, end.digest):
        raise _Wrong("is not what was written")


def _chained(before: str, data: bytes) -> bytes:
    return hashlib.sha256(bytes.fromhex(before) + data).digest()


def _damaged(file: Path, wrong: str) -> str:
    return (
        f"{file} {wrong}: bring it back from a copy, or delete the index and index the catalogue again; lookseek check "
        "says what else is damaged"
    )
