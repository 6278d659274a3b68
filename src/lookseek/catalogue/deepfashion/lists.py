"""Reads the format that all files of DeepFashion share: the number of rows, the names of the columns, the rows.

Source: every README.txt of the official benchmarks: "First Row: number of images. Second Row: entry names. Rest of the
Rows: ...". Only the lists of items have no names of columns. Cells are separated by one or more blanks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import CatalogueError
from ..lines import read_lines

__all__ = ["PARTITION", "Row", "annotation", "find", "photo_folder", "read_rows"]

PARTITION = "Eval/list_eval_partition.txt"

ANNOTATIONS = ("Anno", "Anno_coarse")
"""Folders of annotations. Source: the README.txt name the first; the Category benchmark is handed out with the second
since it also has ``Anno_fine`` (mmfashion, ``docs/dataset/ATTR_DATASET.md``: "Anno_fine/ Anno_coarse/"), which holds
20,000 of its photos in another form and is not read."""

REMEDY = "mend it, or unpack the official file again"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Args:
        path: the file.
        line: its number, from 1.
        text: without blanks around it.
    """

    path: Path
    line: int
    text: str

    def wrong(self, what: str) -> CatalogueError:
        """Return the error of this row: file, line, what is wrong, the remedy."""
        return CatalogueError(f"{self.path} line {self.line} {what}: {REMEDY}")

    def cells(self, count: int) -> list[str]:
        """Return the row's cells.

        Raises:
            CatalogueError: not ``count`` cells.
        """
        cells = self.text.split()
        if len(cells) != count:
            raise self.wrong(f"has {len(cells)} cells where {count} belong")
        return cells

    def number(self, cell: str, what: str) -> int:
        """Parse a whole number; leading zeros are common in these files, as in 072.

        Raises:
            CatalogueError: anything else.
        """
        if not cell.isascii() or not cell.removeprefix("-").isdigit():
            raise self.wrong(f"has {cell[:80]!r} as {what}, which is no whole number")
        return int(cell)

    def one_of(self, cell: str, known: Mapping[str, str], what: str) -> str:
        """Return the meaning of a code.

        Raises:
            CatalogueError: an unknown code.
        """
        if cell not in known:
            raise self.wrong(f"has the {what} {cell[:80]!r}, which is none of {', '.join(known)}")
        return known[cell]

    def photo(self, cell: str) -> str:
        """Return the name of a photo, which is its id.

        Raises:
            CatalogueError: it does not lie below ``img/``.
        """
        if not cell.startswith("img/") or ".." in cell.split("/") or "\\" in cell:
            raise self.wrong(f"names the photo {cell[:80]!r}, which does not lie below img/")
        return cell


def find(root: Path, *places: str) -> Path:
    """Return the first of several files that exists.

    Raises:
        CatalogueError: none is.
    """
    for place in places:
        if (root / place).is_file():
            return root / place
    names = " or ".join(places)
    raise CatalogueError(f"{root} has no file {names}: give the folder into which a DeepFashion benchmark was unpacked")


def annotation(root: Path, *names: str) -> Path:
    """Return the first of several annotation files that exists, in any folder of annotations. Raises as ``find``."""
    return find(root, *(f"{folder}/{name}" for name in names for folder in ANNOTATIONS))


def photo_folder(root: Path) -> Path:
    """Return the folder that names like ``img/WOMEN/...`` are relative to.

    Args:
        root: of the benchmark; its photos may be missing.

    Source: the official archive is ``Img/img.zip`` and holds ``img/``: some unpack it where it lies, some beside Eval/.
    """
    return root / "Img" if (root / "Img" / "img").is_dir() else root


def read_rows(path: Path, header: Sequence[str]) -> Iterator[Row]:
    """Stream the rows of a file; empty lines are no rows.

    Args:
        path: the file.
        header: the names of its first columns; () if it has no names.

    Raises:
        CatalogueError: the file can't be read, has other columns, or not as many rows as its first line says.
    """
    declared, seen = -1, 0
    try:
        for number, line in enumerate(read_lines(path), start=1):
            row = Row(path, number, line.strip())
            if number == 1:
                declared = row.number(row.text, "the number of rows")
            elif number == 2 and header:
                if row.text.split()[: len(header)] != list(header):
                    raise row.wrong(
                        f"names the columns {row.text[:80]!r} where {' '.join(header)!r} belong; "
                        "this may be the file of another benchmark"
                    )
            elif row.text:
                seen += 1
                yield row
    except OSError as error:
        raise CatalogueError(f"{path} can't be read ({error.strerror or error}): check its rights") from error
    if seen != declared:
        problem = f"says that {declared:,} rows follow, there are {seen:,}" if declared >= 0 else "is missing"
        raise CatalogueError(f"{path} line 1 {problem}: {REMEDY}")
