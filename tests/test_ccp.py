"""Street photos: boxes from masks, and the benchmark that asks with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lookseek import images
from lookseek.catalogue.ccp import NO_GARMENTS, StreetPhoto, garment_boxes, read_labels, read_street
from lookseek.errors import CatalogueError
from lookseek.evaluate.registry import benchmark
from lookseek.evaluate.task import Options
from lookseek.evaluate.truth import BARRED
from lookseek.types import Box

LABELS = {0: "null", 1: "dress", 2: "shoes", 3: "skin"}


def write(folder: Path, photos: int = 6, masks: int = 6) -> Path:
    """Photos of 40 x 80 with a dress in the middle and shoes below."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    mask = np.zeros((80, 40, 3), np.uint8)
    mask[20:50, 10:30], mask[70:78, 12:28], mask[5:15, 15:25] = 1, 2, 3
    mask[0, 0] = 1  # a crumb
    lines = ["id,image,mask,labels,split"]
    for number in range(photos):
        picture = np.full((80, 40, 3), 20 * number, np.uint8)
        picture[20:50, 10:30] = (200, 10 * number, 0)
        (folder / "images" / f"{number}.png").write_bytes(images.to_png(picture))
        (folder / "masks" / f"{number}.png").write_bytes(images.to_png(mask))
        lines.append(f"{number},images/{number}.png,{f'masks/{number}.png' if number < masks else ''},,test")
    (folder / "items.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "labels.txt").write_text("".join(f"{n} {name}\n" for n, name in LABELS.items()), encoding="utf-8")
    return folder


def test_a_label_has_the_box_of_its_pixels_without_crumbs(tmp_path: Path) -> None:
    photo = read_street(write(tmp_path), "test")[0]
    assert garment_boxes(photo, LABELS) == {"dress": Box(10, 20, 20, 30), "shoes": Box(12, 70, 16, 8)}
    assert set(garment_boxes(photo, LABELS, least=0.1)) == {"dress"}
    assert garment_boxes(StreetPhoto("x", photo.path, None), LABELS) == {}


def test_boxes_ask_for_their_label_in_other_photos(tmp_path: Path) -> None:
    loaded = benchmark("ccp-types").load(Options(write(tmp_path, 7, 6), "test", "other-photos"))
    dress, whole, *_ = loaded.tasks
    assert (dress.stratum, whole.name, whole.stratum) == ("dress", "whole", "dress")
    assert len(dress.gallery) == 12, "a photo without a mask shows nothing"
    grades = dress.truth.grades(slice(None))
    for query, row in zip(dress.queries, grades, strict=True):
        photo = query.id.split("/")[0]
        wanted = [BARRED if id.startswith(f"{photo}/") else int(id.endswith("dress")) for id in dress.gallery]
        assert row.tolist() == wanted
    assert [query.photo for query in whole.queries] == [str(number) for number in range(6)]
    pixels = images.decode(loaded.photos[dress.queries[3].photo])
    assert pixels.shape == (30, 20, 3) and (pixels == (200, 30, 0)).all()
    assert isinstance(loaded.photos["3"], Path)
    assert "0/dress" in loaded.photos and len(list(loaded.photos)) == len(loaded.photos) >= 18


def test_found_boxes_ask_beside_the_true_ones(tmp_path: Path) -> None:
    loaded = benchmark("ccp-types").load(Options(write(tmp_path, 7, 6), "test", "other-photos"))
    dress, whole, found, *_ = loaded.tasks
    assert (found.name, found.stratum, found.gallery) == ("found", "dress", dress.gallery)
    for query, plain in zip(found.queries, whole.queries, strict=True):
        assert query.photo in (plain.photo, f"{plain.photo}/dress found")
        images.decode(loaded.photos[query.photo])


def test_a_mask_that_is_gone_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / "masks" / "2.png").unlink()
    loaded = benchmark("ccp-types").load(Options(tmp_path, "test", "other-photos"))
    assert loaded.missing == ("2",)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda folder: (folder / "items.csv").unlink(), "can't be read"),
        (lambda folder: (folder / "items.csv").write_text("id,split\n"), "has no column image, mask"),
        (lambda folder: (folder / "labels.txt").write_text("null\n"), "needs a number and a name a line"),
        (lambda folder: (folder / "items.csv").write_text("id,image,mask,split\n1,a,,test\n"), "has a mask"),
        (lambda folder: (folder / "items.csv").write_text("id,image,mask,split\n1,a,,val\n"), "no photo of the split"),
    ],
)
def test_a_broken_folder_is_refused_in_words(break_it: object, said: str, tmp_path: Path) -> None:
    break_it(write(tmp_path))  # type: ignore[operator]
    with pytest.raises(CatalogueError, match=said):
        benchmark("ccp-types").load(Options(tmp_path, "test", "other-photos"))


def test_labels_that_are_too_rare_do_not_ask(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="nothing to find"):
        benchmark("ccp-types").load(Options(write(tmp_path, 3, 3), "test", "other-photos"))


def test_the_real_photos_have_garments_and_no_skin(data: Path) -> None:
    labels = read_labels(data / "ccp")
    found = [garment_boxes(photo, labels) for photo in read_street(data / "ccp", "test")[:20]]
    assert sum(map(len, found)) > 20
    assert not NO_GARMENTS & {label for boxes in found for label in boxes}
