"""Single edits that arrive together are made together: one edit of the index, one batch for the encoder.

The first edit that comes starts a task; what comes while it waits for the write lock, or while the edit before is made,
is the next group. Each edit gets an outcome or an error of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ...errors import LookseekError
from ...index.upsert import Outcome
from ...types import Item
from ..engine import Engine
from .bodies import RequestRefused
from .writer import Writer

__all__ = ["EditGroups"]

_MOST = 64
"""Edits of a group at most: what was encoded is written 64 at a time."""


@dataclass(eq=False, slots=True)
class _Edit:
    """An edit that waits: of which item, what makes the item, or None where it is to be deleted; and its outcome."""

    id: str
    to_item: Callable[[], Item] | None
    outcome: Outcome | BaseException | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class EditGroups:
    """The single edits of a service. All methods belong to one event loop.

    Args:
        engine: of the service.
        writer: makes the edits.
    """

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine, self._writer = engine, writer
        self._waiting: list[_Edit] = []
        self._task: asyncio.Task[None] | None = None

    async def put(self, id: str, to_item: Callable[[], Item]) -> Outcome:
        """Put an item; when this returns, it is lasting and searches see it.

        Args:
            id: of the item.
            to_item: makes it, in the writing thread.

        Raises:
            Busy: another write has held the lock for too long.
            LookseekError, RequestRefused: what ``to_item`` raised, or what the edit met.
        """
        return await self._make(_Edit(id, to_item))

    async def delete(self, id: str) -> Outcome:
        """Delete an item. Raises as ``put`` does."""
        return await self._make(_Edit(id, None))

    async def _make(self, edit: _Edit) -> Outcome:
        self._waiting.append(edit)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._make_all())
        try:
            await edit.done.wait()
        finally:
            if edit in self._waiting:  # who asked has gone before it began
                self._waiting.remove(edit)
        if isinstance(edit.outcome, Outcome):
            return edit.outcome
        raise edit.outcome or asyncio.CancelledError

    async def _make_all(self) -> None:
        """Make all edits that wait, group after group."""
        while self._waiting:
            group: list[_Edit] = []
            try:
                async with self._engine.writing() as write:
                    group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                    if group:
                        await write(partial(self._edit, group))
            except BaseException as error:
                if not group:  # the lock was not to be had
                    group, self._waiting = self._waiting, []
                for edit in group:
                    edit.outcome = edit.outcome if isinstance(edit.outcome, BaseException) else error
                if not isinstance(error, Exception):
                    raise
            finally:
                for edit in group:
                    edit.done.set()

    def _edit(self, group: Sequence[_Edit]) -> None:
        """Make the edits of a group in one edit of the index. Runs in the writing thread."""
        with self._writer.edit() as editor:
            for part in _parts(group):
                if part[0].to_item is None:
                    outcomes = editor.delete([edit.id for edit in part])
                    made = part
                else:
                    items = {edit: item for edit in part if (item := _item(edit)) is not None}
                    outcomes = editor.put(list(items.values())) if items else []
                    made = list(items)
                for edit, outcome in zip(made, outcomes, strict=True):
                    edit.outcome = outcome


def _parts(group: Sequence[_Edit]) -> Iterator[list[_Edit]]:
    """Yield runs of edits that can be made at once: of one kind, each item once."""
    part: list[_Edit] = []
    for edit in group:
        if part and ((edit.to_item is None) != (part[0].to_item is None) or edit.id in {one.id for one in part}):
            yield part
            part = []
        part.append(edit)
    if part:
        yield part


def _item(edit: _Edit) -> Item | None:
    """Return the item of an edit; None where it can't be made, which is its outcome then."""
    try:
        return edit.to_item() if edit.to_item is not None else None
    except (LookseekError, RequestRefused) as error:
        edit.outcome = error
        return None
