"""The API's routes for who runs the service, behind a key that may write: how the index is, and reading it again."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import PurePath

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ...errors import IndexDamaged, LookseekError
from ...index.place import SKIPPED, Place
from ...search import Searcher
from ..engine import Engine
from ..problems import strip_paths
from .response_schemas import PROBLEMS

__all__ = ["router"]

router = APIRouter(tags=["owner"])

_MAX_ROWS = 100
_MAX_SEARCHES = 50


class SkippedRow(BaseModel):
    """One thing that the last job left out."""

    where: str
    kind: str
    reason: str


class EmptySearch(BaseModel):
    """Words that were searched for and found nothing close, and how often."""

    words: str
    count: int


class Status(BaseModel):
    """How the index is."""

    name: str
    items: int
    model: str
    generation: str
    updated: str
    healthy: bool
    trouble: str = Field("", description="What is wrong with it, or what the last job left undone; empty if nothing.")
    sources: list[str] = Field(description="Names of what it was made from, without their folders.")
    skipped: int = Field(description="How many things the last job left out.")
    skipped_rows: list[SkippedRow] = Field(description="The first hundred of them.")
    searches_kept: bool = Field(description="Whether searches that find nothing are counted.")
    empty_searches: list[EmptySearch] = Field(description="The most frequent ones, since the service started.")


@router.get("/v1/status", responses=PROBLEMS)
async def status(request: Request) -> Status:
    """Say how the index is, what the last job left out, and what was searched for in vain."""
    engine: Engine = request.app.state.engine
    return await engine.run_search(lambda: _status(engine))


@router.post("/v1/reload", responses=PROBLEMS)
async def reload(request: Request) -> Status:
    """Read the file of keys again, and open what is published now."""
    engine: Engine = request.app.state.engine
    request.app.state.keys.reload()
    return await engine.run_search(lambda: _status(engine))


def _status(engine: Engine) -> Status:
    trouble = _trouble(engine.searcher)
    index = engine.searcher.index
    rows: list[SkippedRow] = []
    try:
        rows = _skipped(index.place)
    except LookseekError as error:
        trouble = trouble or strip_paths(str(error))
    return Status(
        name=index.place.name,
        items=index.manifest.items,
        model=engine.searcher.model.name,
        generation=index.manifest.generation,
        updated=index.manifest.updated,
        healthy=not trouble,
        trouble=trouble or strip_paths(index.note),
        sources=[PurePath(source).name or source for source in index.manifest.sources],
        skipped=len(rows),
        skipped_rows=rows[:_MAX_ROWS],
        searches_kept=engine.empty_searches.kept,
        empty_searches=[
            EmptySearch(words=words, count=count) for words, count in engine.empty_searches.most_common(_MAX_SEARCHES)
        ],
    )


def _trouble(searcher: Searcher) -> str:
    try:
        searcher.current()
    except LookseekError as error:
        return strip_paths(str(error))
    return ""


def _skipped(place: Place) -> list[SkippedRow]:
    """Return what the last job skipped.

    Raises:
        IndexDamaged: its report can't be read.
    """
    try:
        return [
            SkippedRow(where=row["where"], kind=row["kind"], reason=strip_paths(row["reason"] or ""))
            for row in csv.DictReader(StringIO(place.read_report(SKIPPED)))
        ]
    except (KeyError, csv.Error) as error:
        raise IndexDamaged(f"{SKIPPED} is no report of a job ({error}): the next index job writes it anew") from error
