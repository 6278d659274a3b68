"""Which files of a folder are photos, by their names and first bytes, and which accompany them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path, PurePath

__all__ = [
    "INDEX_FILES",
    "OTHER_FOLDERS",
    "PHOTO_SUFFIXES",
    "accompanies_photos",
    "is_excluded",
    "is_hidden",
    "starts_like_a_photo",
]

PHOTO_SUFFIXES = frozenset(
    [".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"]
)
"""Suffixes of pictures, whether or not lookseek decodes them."""

OTHER_SUFFIXES = frozenset(
    [
        ".csv",
        ".tsv",
        ".json",
        ".jsonl",
        ".ndjson",
        ".parquet",
        ".arrow",
        ".npy",
        ".npz",
        ".h5",
        ".db",
        ".txt",
        ".md",
        ".rst",
        ".rtf",
        ".pdf",
        ".doc",
        ".docx",
        ".xls",
        ".xlsx",
        ".log",
        ".sqlite",
        ".lock",
        ".htm",
        ".html",
        ".css",
        ".js",
        ".svg",
        ".xml",
        ".xmp",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".py",
        ".ipynb",
        ".sh",
        ".sql",
        ".zip",
        ".tar",
        ".gz",
        ".tgz",
        ".sha256",
        ".url",
    ]
)
"""Suffixes of files that accompany photos: ignored unless their content is a photo's."""

OTHER_NAMES = frozenset(
    ["desktop.ini", "licence", "license", "makefile", "notice", "picasa.ini", "readme", "sha256sums", "thumbs.db"]
)
INDEX_FILES = ("lookseek.json", "building.json")
"""Files that mark a lookseek index, whose files are no photos."""
OTHER_FOLDERS = frozenset(
    (
        *("__macosx", "__pycache__", "@eadir", "node_modules", "#recycle", "@recycle", "@recently-snapshot"),
        *("#snapshot", "$recycle.bin", "system volume information", "lost+found", "recycler"),
    )
)
"""Copies, thumbnails and deleted files that macOS, Python, npm, Windows, and NAS of Synology and QNAP leave behind."""


_PICTURE_BRANDS = frozenset(b"avif avis heic heix heim heis hevc hevx mif1 msf1".split())


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is hidden by its name."""
    return name.startswith(".")


def accompanies_photos(path: Path) -> bool:
    """Return whether a file is no photo by its name."""
    return path.suffix.lower() in OTHER_SUFFIXES or path.name.lower() in OTHER_NAMES


def starts_like_a_photo(start: bytes) -> bool:
    """Return whether the first 16 bytes or more are those of a JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF or BMP.

    Source: the signatures of the formats' own specifications.
    """
    if start.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")):
        return True
    riff = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    bmp = start[:2] == b"BM" and start[6:10] == bytes(4)
    return riff or bmp or (start[4:8] == b"ftyp" and start[8:12] in _PICTURE_BRANDS)


def is_excluded(path: PurePath, patterns: Iterable[str]) -> bool:
    """Return whether a file or folder is left out by its name or path.

    Args:
        path: from the source's folder on.
        patterns: as ``fnmatch`` reads them; of a folder with or without "/" at the end.

    >>> is_excluded(PurePath("old/a.png"), ["old/*"]), is_excluded(PurePath("old"), ["old/"])
    (True, True)
    """
    return any(fnmatch(name, pattern.rstrip("/")) for name in (path.name, path.as_posix()) for pattern in patterns)
