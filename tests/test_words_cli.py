"""Words, changes, sums and examples as a person types them, and classes given in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.worded import PAINTED, paint, write_worded_index
from test_cli import Said

from lookseek import images
from lookseek.cli.arguments import parse_box, parse_classes, parse_photos, parse_term
from lookseek.encode import load_model
from lookseek.errors import QueryError
from lookseek.query import Term
from lookseek.search.tagging import tag_by_words
from lookseek.types import Box


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return write_worded_index(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: Said(capsys, *arguments)


def ids(said: Said) -> list[str]:
    assert said.code == 0, said.err
    return [hit["id"] for hit in json.loads(said.out)["hits"]]


# searching


def test_a_table_of_words(shop: tuple[Path, Path, Path], say: object) -> None:
    said = say("search", shop[2], "--text", "đỏ", "-k", 2, "--truth", "folder=warm")
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()] == [
        ["rank", "score", "id", "folder"],
        ["1", "✓", "1.000", "warm/red.png", "warm"],
        ["2", "✓", "0.816", "warm/pink.png", "warm"],
    ]


def test_json_has_the_fixed_keys_and_of_the_query_what_was_given(shop: tuple[Path, Path, Path], say: object) -> None:
    red, lime = shop[0] / "warm" / "red.png", shop[0] / "cold" / "lime.png"
    plain = json.loads(say("search", shop[2], "--image", red, "--json", "-k", 1).out)
    usual = {"filter", "k", "metric", "exact", "hide_duplicates", "route", "route_mode"}
    assert set(plain["query"]) == {"image", *usual}
    asked = ("--image", f"{red}:0.7", "--image", lime, "--plus", "blue:0.5", "--minus", f"{lime}:2", "--minus", "đỏ")
    said = json.loads(say("search", shop[2], *asked, "--json", "-k", 1).out)
    assert set(said) == set(plain) == {"query", "hits", "took_ms", "index"}
    assert set(said["hits"][0]) == {"id", "score", "rank", "attributes", "shares"}
    assert set(said["query"]) == {"image", "image_weight", "plus", "minus", *usual}
    assert said["query"]["image"] == str(red)
    assert said["query"]["image_weight"] == 0.7
    assert said["query"]["plus"] == [{"photo": str(lime), "weight": 1.0}, {"text": "blue", "weight": 0.5}]
    assert said["query"]["minus"] == [{"photo": str(lime), "weight": 2.0}, {"text": "đỏ", "weight": 1.0}]
    assert list(said["hits"][0]["shares"]) == ["photo", "+lime.png", "+blue", "-lime.png", "-đỏ"]
    words = json.loads(say("search", shop[2], "--text", "red", "--json", "-k", 1).out)
    assert set(words["query"]) == {"text", *usual}
    liked = json.loads(say("search", shop[2], "--like", "warm/red.png", "--json", "-k", 1).out)
    assert liked["query"]["like"] == ["warm/red.png"]


def test_what_is_typed_is_what_is_asked(shop: tuple[Path, Path, Path], say: object) -> None:
    red = shop[0] / "warm" / "red.png"
    search = ("search", shop[2], "--json", "-k", 1)
    assert ids(say(*search, "--image", red, "--text", "green", "--composer", "sum")) == ["warm/yellow.png"]
    assert ids(say(*search, "--image", red, "--text", "green", "--composer", "slerp:0.9")) == ["cold/green.png"]
    assert ids(say(*search, "--image", red, "--plus", "blue")) == ["warm/violet.png"]
    assert ids(say(*search, "--text", "yellow", "--minus", f"{red}:0.6")) == ["cold/green.png"]
    assert ids(say(*search, "--like", "warm/red.png", "--like", "cold/green.png")) == ["warm/yellow.png"]
    away = say(*search, "--like", "warm/red.png", "--unlike", "cold/green.png", "--filter", "folder = cold")
    assert ids(away) == ["cold/blue.png"]


@pytest.mark.parametrize(
    "asked", [("--text", "đầm đỏ"), ("--image", "{red}", "--text", "đầm đỏ"), ("--image", "{red}", "--plus", "{red}")]
)
def test_a_strip_of_words(shop: tuple[Path, Path, Path], tmp_path: Path, say: object, asked: tuple[str, ...]) -> None:
    red, picture = shop[0] / "warm" / "red.png", tmp_path / "out.png"
    said = say("search", shop[2], *(one.format(red=red) for one in asked), "--strip", picture)
    assert said.code == 0, said.err
    assert images.decode(picture).shape[1] > 400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "{words}"), "the query is empty: give a photo, words, or the ids of items"),
        (("search", "{words}", "--text", " "), "is blank"),
        (("search", "{words}", "--text", "?!"), "say what to look for"),
        (("search", "{words}", "--minus", "red"), "says only what it is not"),
        (("search", "{words}", "--unlike", "x"), "says only what it is unlike"),
        (("search", "{words}", "--like", "nobody"), "the index has no item 'nobody'"),
        (("search", "{words}", "--like", "x", "--text", "red"), "no item 'x'"),
        (("search", "{words}", "--text", "red", "--metric", "euclidean"), "by cosine only"),
        (("search", "{words}", "--text", "red", "--colour-weight", "0.5"), "goes with a photo alone"),
        (("search", "{words}", "--text", "red", "--box", "1,2,3,4"), "part of the query's photo"),
        (("search", "{words}", "--text", "red", "--composer", "sum"), "joins a photo with words"),
        (("search", "{words}", "--text", "red", "--truth", "folder"), "--truth folder=VALUE"),
        (("search", "{words}", "--text", "red", "--route", "kmeans"), "lookseek route"),
        (("search", "{words}", "--image", "{red}", "--text", "red", "--composer", "mean"), "no composer 'mean'"),
        (("search", "{words}", "--image", "{red}:0.5", "--text", "red"), "takes none"),
        (("search", "{words}", "--image", "{red}:0"), "the weight of red.png is 0.0: give one above 0"),
        (("search", "{words}", "--image", "nowhere:smile:"), "nowhere:smile:"),
        (("search", "{words}", "--text", "red", "--plus", "blue:-1"), "the weight of 'blue' is -1.0"),
        (("search", "{words}", "--text", "red", "--plus", "nowhere.JPG:2"), "there is no photo nowhere.JPG"),
        (("search", "{words}", "--text", "red", "--plus", ""), "says nothing to add"),
        (("search", "{words}", "--text", "red", "--minus", "red"), "cancel each other (words, -red)"),
        (("search", "{index}", "--text", "red"), "model efficientnet-lite2 reads no words: index again with"),
        (("search", "{index}", "--image", "{red}", "--plus", "red"), "model efficientnet-lite2 reads no words"),
        (("tag", "{words}", "--image", "{red}"), "it reads words, so name the classes to choose among"),
        (("tag", "{words}", "--image", "{red}", "--classes", "red, red,"), "1 different names of classes are given"),
        (("tag", "{words}", "--image", "{red}", "--classes", "red,?"), "say what to look for"),
        (("tag", "{words}", "--image", "{red}", "--classes", "red,blue", "-k", "0"), "k is 0"),
        (("tag", "efficientnet-lite2", "--image", "{red}", "--classes", "red,blue"), "reads no words"),
        (("tag", "efficientnet-lite2", "--image", "{red}"), "names no classes"),
    ],
)
def test_errors_are_one_line_that_helps(
    arguments: tuple[str, ...], said: str, ready: tuple[Path, Path], shop: tuple[Path, Path, Path], say: object
) -> None:
    names = {"words": shop[2], "index": ready[1], "red": shop[0] / "warm" / "red.png"}
    got = say(*(argument.format(**names) for argument in arguments))
    assert got.code == 1
    assert "error:" in got.err.splitlines()[-1]
    assert said in got.err
    assert "Traceback" not in got.err
    assert got.out == ""


# reading what is typed


def test_photos_may_have_weights_and_real_names_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint(Path("a.jpg"), (1, 2, 3))
    first, second = parse_photos(["a.jpg:0.7"]), parse_photos(["b.jpg", "a.jpg:.5", "C:\\x.jpg:3"])
    assert (first.first, first.weight, first.others) == (Path("a.jpg"), 0.7, ())
    assert second.first == Path("b.jpg")
    assert second.others == (Term(photo=Path("a.jpg"), weight=0.5), Term(photo=Path("C:\\x.jpg"), weight=3))
    paint(Path("a.jpg:0.7"), (1, 2, 3))
    assert parse_photos(["a.jpg:0.7"]).first == Path("a.jpg:0.7")
    assert parse_photos([]).first is None


def test_terms_are_words_or_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint(Path("A.PNG"), (1, 2, 3))
    paint(Path("dress"), (1, 2, 3))
    assert parse_term("A.PNG:2") == Term(photo=Path("A.PNG"), weight=2)
    assert parse_term("dress") == Term("dress")  # a file, but not named as a picture is
    assert parse_term(" tay dài :0.5") == Term("tay dài", weight=0.5)
    assert parse_term("neckline: round") == Term("neckline: round")
    assert parse_term("red:") == Term("red:")
    assert parse_term("red:1e3") == Term("red:1e3")
    with pytest.raises(QueryError, match="there is no photo"):
        parse_term("x" * 5000 + ".jpg")
    for nothing in ("", "  ", " :2"):
        with pytest.raises(QueryError, match="says nothing"):
            parse_term(nothing)


def test_boxes_and_classes_are_read() -> None:
    assert parse_box("1, 2,3.5,4") == Box(1, 2, 3.5, 4)
    with pytest.raises(QueryError, match="x,y,width,height"):
        parse_box("1,2,3")
    assert parse_classes(" dress, đầm ,,shirt dress ") == ("dress", "đầm", "shirt dress")


# classes given in words


def test_classes_given_in_words(shop: tuple[Path, Path, Path], say: object) -> None:
    for place in (shop[2], shop[1]):
        said = say("tag", place, "--image", shop[0] / "warm" / "yellow.png", "--classes", "red, blue,yellow", "-k", 2)
        assert said.code == 0
        assert said.out.splitlines()[0] == "100.0%  yellow"
        assert len(said.out.splitlines()) == 2
    told = json.loads(
        say("tag", shop[2], "--image", shop[0] / "warm" / "red.png", "--classes", "blue,đỏ,green", "--json").out
    )
    assert set(told) == {"image", "model", "classes"}
    assert told["classes"][0]["name"] == "đỏ"
    assert sum(each["probability"] for each in told["classes"]) == pytest.approx(1)


def test_equal_words_share_equally_and_order_does_not_matter(shop: tuple[Path, Path, Path], tmp_path: Path) -> None:
    model = load_model(shop[1], single=True)
    red = paint(tmp_path / "red.png", PAINTED["red"])
    tags = tag_by_words(model, red, ["red", "đỏ", "blue", "red"])
    assert [each.probability for each in tags] == pytest.approx([0.5, 0.5, 0], abs=0.01)
    turned = tag_by_words(model, red, ["blue", "đỏ", "red"])
    assert {each.name: each.probability for each in turned} == pytest.approx(
        {each.name: each.probability for each in tags}, abs=1e-9
    )
    with pytest.raises(QueryError, match="needs 2 to 1,000"):
        tag_by_words(model, red, [str(n) for n in range(1001)])
