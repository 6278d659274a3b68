"""Small drawn replicas of DeepFashion's benchmarks, in exactly the official layout.

Photos are drawn garments of 64 pixels; boxes and landmarks are theirs, rounded outwards to whole pixels and padded with
zeros as the official files have them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from lookseek import images
from lookseek.catalogue.deepfashion.places import POINTS
from lookseek.catalogue.drawn import DrawnItem, draw, drawn_specs

SIZE = 64

FOLDERS = {"dress": "WOMEN/Dresses", "shirt": "WOMEN/Blouses_Shirts", "toptee": "MEN/Tees_Tanks"}
BODIES = {"dress": "full", "shirt": "upper", "toptee": "upper"}
CODES = {"upper": "1", "lower": "2", "full": "3"}
POSES = ("1_front", "2_side", "3_back", "7_additional")

CATEGORIES = (("Button-Down", "1"), ("Tee", "1"), ("Skirt", "2"), ("Dress", "3"))
"""Skirt never occurs."""
CATEGORY_OF = {"shirt": "Button-Down", "toptee": "Tee", "dress": "Dress"}


def write_list(path: Path, header: str, rows: Sequence[str], count: int | None = None) -> Path:
    """A list in the official form; ``count`` to write a wrong one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = [str(len(rows) if count is None else count), *([header] if header else [])]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return path


def write_photos(base: Path, photos: dict[str, DrawnItem]) -> None:
    for name, spec in photos.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(images.to_jpeg(draw(spec, SIZE), quality=90))


def corners(spec: DrawnItem) -> tuple[int, int, int, int]:
    """The box as the official files have it: whole pixels inside the photo."""
    box = spec.scaled_to(SIZE).box
    return (
        math.floor(box.x),
        math.floor(box.y),
        min(SIZE, math.ceil(box.x + box.width)),
        min(SIZE, math.ceil(box.y + box.height)),
    )


def points_of(spec: DrawnItem) -> dict[str, tuple[int, int, int]]:
    """Name to visibility, x and y; a point that the garment does not have is cut off."""
    there = spec.scaled_to(SIZE).landmarks
    found = {}
    for point in POINTS[BODIES[spec.attributes["category"]]]:
        x, y = there.get(point, (-1.0, -1.0))
        inside = 0 <= x < SIZE and 0 <= y < SIZE
        found[point] = (0, int(x), int(y)) if inside else (2, 0, 0)
    return found


def write_inshop(root: Path, items: int = 9, views: int = 4, photos: str = "img") -> dict[str, DrawnItem]:
    """In-shop: a third of the items train; of the others two views ask, the rest is searched; of the last none asks.

    Args:
        root: where to.
        items: designs.
        views: photos of each.
        photos: where the photos go, ``img`` or ``Img/img``.

    Returns:
        Name of each photo to what it shows.
    """
    specs = drawn_specs(items, views)
    named, partition = {}, []
    for row, spec in enumerate(specs):
        number, view = divmod(row, views)
        item = f"id_{number + 1:08d}"
        name = f"img/{FOLDERS[spec.attributes['category']]}/{item}/{view // 4 + 1:02d}_{POSES[view % 4]}.jpg"
        named[name] = spec
        status = "train" if number < items // 3 else "query" if view < 2 and number < items - 1 else "gallery"
        partition.append(f"{name:<70}{item} {status}")
    write_photos((root / photos).parent, named)
    write_list(root / "Eval/list_eval_partition.txt", "image_name item_id evaluation_status", partition)
    write_list(root / "Anno/list_item_inshop.txt", "", [f"id_{number + 1:08d}" for number in range(items)])
    _write_places(root / "Anno", "inshop", named, "clothes_type pose_type", lambda name: name.rsplit("/", 1)[1][3])
    return named


def write_consumer2shop(root: Path, items: int = 9, views: int = 5, photos: str = "img") -> dict[str, DrawnItem]:
    """Consumer-to-shop: a third of the items each train, val and test; two views of each are the shop's."""
    specs = drawn_specs(items, views)
    named: dict[str, DrawnItem] = {}
    pairs = []
    for number in range(items):
        design = specs[number * views : (number + 1) * views]
        item, status = f"id_{number + 1:08d}", ("train", "val", "test")[number * 3 // items]
        folder = f"img/CLOTHING/{CATEGORY_OF[design[0].attributes['category']]}/{item}"
        shop = [f"{folder}/shop_{place + 1:02d}.jpg" for place in range(2)]
        consumer = [f"{folder}/comsumer_{place + 1:02d}.jpg" for place in range(views - 2)]  # so spelt officially
        named |= dict(zip([*shop, *consumer], design, strict=True))
        pairs += [f"{asks}    {answers}    {item} {status}" for asks in consumer for answers in shop]
    write_photos((root / photos).parent, named)
    header = "image_pair_name_1 image_pair_name_2 item_id evaluation_status"
    write_list(root / "Eval/list_eval_partition.txt", header, pairs)
    write_list(root / "Anno/list_item_consumer2shop.txt", "", [f"id_{number + 1:08d}" for number in range(items)])
    kinds = "clothes_type source_type"
    _write_places(root / "Anno", "consumer2shop", named, kinds, lambda name: "1" if "/shop_" in name else "2")
    return named


def attributes_of(spec: DrawnItem) -> dict[str, str]:
    """Attribute to its code of kind; names have blanks in them, as official ones do."""
    words = spec.attributes
    return {
        f"{words['pattern']} print": "1",
        f"{words['colour']} cloth": "2",
        f"{words['length']} length": "3",
        f"{words['sleeve']} sleeve": "4",
        f"{words['neckline']}": "4",
    }


def write_category(
    root: Path, items: int = 30, views: int = 2, photos: str = "Img/img", folder: str = "Anno_coarse"
) -> dict[str, DrawnItem]:
    """Category and Attribute Prediction: designs go to train, train, val, test in turn; "boho style" is nobody's."""
    specs = drawn_specs(items, views)
    named: dict[str, DrawnItem] = {}
    partition, labels = [], []
    order = [name for name, _ in CATEGORIES]
    for row, spec in enumerate(specs):
        words = spec.attributes
        name = f"img/{words['colour'].title()}_{words['pattern'].title()}/img_{row + 1:08d}.jpg"
        named[name] = spec
        partition.append(f"{name:<70}{('train', 'train', 'val', 'test')[row // views % 4]}")
        labels.append(f"{name:<70}{order.index(CATEGORY_OF[words['category']]) + 1}")
    write_photos((root / photos).parent, named)
    write_list(root / "Eval/list_eval_partition.txt", "image_name  evaluation_status", partition)
    kinds = {name: kind for spec in specs for name, kind in attributes_of(spec).items()} | {"boho style": "5"}
    names = sorted(kinds, key=lambda name: (kinds[name], name))
    write_list(
        root / folder / "list_category_cloth.txt",
        "category_name  category_type",
        [f"{name:<15}{kind}" for name, kind in CATEGORIES],
    )
    write_list(root / folder / "list_category_img.txt", "image_name  category_label", labels)
    write_list(
        root / folder / "list_attr_cloth.txt",
        "attribute_name  attribute_type",
        [f"{name:<25}{kinds[name]}" for name in names],
    )
    marks = [
        f"{name:<70}{'  '.join(_label_sign(attribute, spec) for attribute in names)}" for name, spec in named.items()
    ]
    write_list(root / folder / "list_attr_img.txt", "image_name  attribute_labels", marks)
    _write_places(root / folder, "", named, "", lambda name: "")
    return named


def _label_sign(attribute: str, spec: DrawnItem) -> str:
    """1 or -1; 0, unknown, for all necklines of shirts."""
    if attribute in attributes_of(spec):
        return "1"
    neckline = attribute in ("round", "v-neck", "boat", "collar")
    return "0" if neckline and spec.attributes["category"] == "shirt" else "-1"


def _write_places(folder: Path, suffix: str, named: dict[str, DrawnItem], columns: str, code: object) -> None:
    """Boxes and landmarks."""
    assert callable(code)
    end = f"_{suffix}.txt" if suffix else ".txt"
    boxes, landmarks = [], []
    for name, spec in named.items():
        body = CODES[BODIES[spec.attributes["category"]]]
        kinds = f"{body} {code(name) if code(name) != '7' else '5'} " if columns else ""
        boxes.append(f"{name:<70}{kinds}{_padded(corners(spec))}")
        points = "  ".join(f"{state} {_padded((x, y))}" for state, x, y in points_of(spec).values())
        landmarks.append(f"{name:<70}{body}  {'1  ' if columns else ''}{points}")
    write_list(folder / f"list_bbox{end}", " ".join(f"image_name {columns} x_1 y_1 x_2 y_2".split()), boxes)
    numbers = range(1, 9)
    asked = " ".join(f"landmark_visibility_{n} landmark_location_x_{n} landmark_location_y_{n}" for n in numbers)
    variation = "variation_type " if columns else ""
    write_list(folder / f"list_landmarks{end}", f"image_name clothes_type {variation}{asked}", landmarks)


def _padded(numbers: Iterable[int]) -> str:
    return " ".join(f"{number:03d}" for number in numbers)
