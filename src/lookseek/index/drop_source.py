"""Takes a source out of an index: the items that it alone named."""

from __future__ import annotations

from ..catalogue.id_hashes import id_hash
from ..catalogue.opening import origin_of
from ..errors import IndexMissing, QueryError
from .address import Address, place_of
from .next_generation import NextGeneration
from .place import latest
from .source_members import holds

__all__ = ["drop_source"]

_REMOVE = 64
"""Items removed at a time."""


def drop_source(index: Address, source: str) -> int:
    """Remove the items that a source named and no other source does; the source need not be there any more.

    Args:
        index: its folder or address.
        source: as ``lookseek index --list-sources`` prints it, or a path that leads there.

    Returns:
        How many items were removed.

    Raises:
        IndexMissing: there is no index.
        QueryError: the index has no such source, or was made before it noted what each names.
    """
    place = place_of(index)
    if place.published() is None:
        raise IndexMissing(f"{place.address} holds no index, so it has no sources")
    with place.writing() as writer:
        found = latest(writer.place)
        assert found is not None
        origin = next((one for one in (source, _absolute(source)) if one in found.sources), "")
        if not origin:
            raise QueryError(f"{place.address} has no source {source}. It has: {', '.join(found.sources) or 'none'}")
        draft = NextGeneration(writer, found.spec, found.runtime, origin)
        try:
            members = draft.members()
            if members.own is None or draft.store is None:
                raise QueryError(
                    f"what {origin} named was not noted, since an earlier lookseek indexed it: index the sources that "
                    "should stay once more, the last one with --prune"
                )
            if members.unnoted:
                raise QueryError(
                    f"what {members.unnoted[0]} named was not noted, so nobody can tell whether it shares items of "
                    f"{origin}: index it once more first"
                )
            others = members.named_by_others(()).values()
            marks = ((point.id, id_hash(point.id)) for point in draft.store.scan())
            gone = [id for id, mark in marks if holds(members.own, mark) and not any(holds(o, mark) for o in others)]
            for at in range(0, len(gone), _REMOVE):
                draft.writable().delete(gone[at : at + _REMOVE])
            draft.forget_source(origin)
            draft.publish(found.fields, encoded=False)
            if draft.store is not None:
                writer.remove_photos(None, (point.source for point in draft.store.scan()))
            return len(gone)
        finally:
            draft.close()


def _absolute(source: str) -> str:
    try:
        return origin_of(source)
    except (OSError, ValueError):
        return source
