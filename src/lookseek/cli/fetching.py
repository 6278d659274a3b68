"""The photos that ``index --fetch`` fetches: where they are kept, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import print_line

if TYPE_CHECKING:
    from ..catalogue.remote_photos import RemotePhotos

__all__ = ["print_fetched", "remote_photos"]


def remote_photos(*, rehearsal: bool) -> RemotePhotos:
    """Return what fetches photos into lookseek's cache; in a rehearsal it fetches none."""
    from ..catalogue.remote_photos import RemotePhotos
    from ..encode.caches import cache_folder

    return RemotePhotos(cache_folder() / "photos", rehearsal=rehearsal)


def print_fetched(remote: RemotePhotos) -> None:
    """Print how many photos were fetched, were there, and failed."""
    found = remote.fetched
    size = "" if remote.rehearsal else f" ({found.bytes / 1e6:,.1f} MB)"
    verb = "would be fetched" if remote.rehearsal else "fetched"
    print_line(
        f"photos by address: {found.photos:,} {verb}{size}, {found.kept:,} found in {remote.folder}, "
        f"{found.failed:,} failed"
    )
