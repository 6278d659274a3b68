"""The command line as a person uses it: what it prints, what it returns, what it says when it can't."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookseek import images
from lookseek.cli import main


class Said:
    """What a command printed and returned."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        argv, sys.argv = sys.argv, ["lookseek", *map(str, arguments)]
        try:
            with pytest.raises(SystemExit) as end:
                main()
        finally:
            sys.argv = argv
        self.code = end.value.code
        self.out, self.err = capsys.readouterr()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: Said(capsys, *arguments)


def photo_of(ready: tuple[Path, Path]) -> Path:
    return sorted(ready[0].rglob("*.jpg"))[0]


def test_index_says_what_it_did(photos: Path, tmp_path: Path, say: object) -> None:
    (photos / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    said = say("index", photos, tmp_path / "index")
    assert said.code == 3
    assert re.search(r"12 items \(12 added, 0 changed, 0 unchanged, 0 removed\) in [\d.]+ s, [\d,]+ photos/s", said.out)
    assert "skipped, " in said.out
    assert "bad.jpg" in said.err
    again = say("index", photos, tmp_path / "index")
    assert "(0 added, 0 changed, 12 unchanged, 0 removed)" in again.out


def test_search_prints_a_table(ready: tuple[Path, Path], say: object) -> None:
    said = say("search", ready[1], "--image", photo_of(ready), "-k", 3)
    assert said.code == 0
    head, *rows = said.out.strip().splitlines()
    assert head.split() == ["rank", "score", "id", "folder"]
    assert len(rows) == 3
    rank, score, id_, folder = rows[0].split()
    assert (rank, id_) == ("1", photo_of(ready).relative_to(ready[0]).as_posix())
    assert float(score) == pytest.approx(1, abs=0.005)
    assert folder == photo_of(ready).parent.name
    assert re.fullmatch(r"\d+ ms\n", said.err)


def test_search_prints_json_with_the_fixed_keys(ready: tuple[Path, Path], say: object) -> None:
    said = say("search", ready[1], "--image", photo_of(ready), "-k", 2, "--json", "--filter", "folder != nothing")
    answer = json.loads(said.out)
    assert set(answer) == {"query", "hits", "took_ms", "index"}
    assert set(answer["hits"][0]) == {"id", "score", "rank", "attributes", "shares"}
    assert answer["query"]["filter"] == "folder != nothing"
    assert answer["query"]["image"] == str(photo_of(ready))
    assert answer["index"] == str(ready[1])
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2]


def test_a_strip_is_drawn(ready: tuple[Path, Path], tmp_path: Path, say: object) -> None:
    picture = tmp_path / "out" / "strip.png"
    said = say("search", ready[1], "--image", photo_of(ready), "--strip", picture, "--truth", "folder=dress")
    assert said.code == 0
    assert str(picture) in said.err
    pixels = images.decode(picture)
    assert pixels.shape[1] > 400
    marks = re.findall(r"[✓✗]", said.out)
    assert len(marks) == 10
    by_query = say("search", ready[1], "--image", photo_of(ready), "--truth", "folder")
    assert "1 ✓" in by_query.out


def test_a_truth_is_never_searched_on(ready: tuple[Path, Path], say: object) -> None:
    plain = json.loads(say("search", ready[1], "--image", photo_of(ready), "--json").out)
    told = json.loads(say("search", ready[1], "--image", photo_of(ready), "--json", "--truth", "folder=shirt").out)
    assert plain["hits"] == told["hits"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "{index}", "--image", "nowhere.jpg"), "nowhere.jpg"),
        (("search", "{index}", "--image", "{photo}", "-k", "0"), "k is 0"),
        (("search", "{index}", "--image", "{photo}", "--filter", "colour = "), "expected"),
        (("search", "{index}", "--image", "{photo}", "--filter", "folde = x"), "folder"),
        (("search", "{index}", "--image", "{photo}", "--box", "1,2,3"), "x,y,width,height"),
        (("search", "{index}", "--image", "{photo}", "--truth", "price=3"), "price"),
        (("search", "nothing-here", "--image", "{photo}"), "lookseek index SOURCE"),
        (("index", "nothing-here", "{tmp}/new"), "not there"),
        (("index", "{photos}", "{photos}"), "other things"),
        (("index", "{photos}", "{tmp}/new", "--model", "vgg"), "no model"),
        (("check", "nothing-here"), "there is no index"),
        (("export-vectors", "nothing-here", "{tmp}/out"), "there is no index"),
        (("export-vectors", "{index}", "{index}"), "is an index"),
        (("export-vectors", "{index}", "{tmp}/out", "--label", "price"), "the index knows folder"),
        (("demo", "--source", "{base}", "--folder", "{tmp}/demo"), "holds features"),
        (("index", "{base}", "{tmp}/new"), "--model"),
        (("index", "{base}", "{tmp}/new", "--model", "efficientnet-lite2"), "5 numbers a row"),
        (("demo", "--download", "shoes", "--no-serve", "--folder", "{tmp}/demo"), "no data set 'shoes'"),
        (("demo", "--download", "clothing", "--source", "x", "--folder", "{tmp}/demo"), "not both"),
    ],
)
def test_errors_are_one_line_that_helps(
    arguments: tuple[str, ...], said: str, ready: tuple[Path, Path], tmp_path: Path, say: object
) -> None:
    names = {
        "index": ready[1],
        "photo": photo_of(ready),
        "photos": ready[0],
        "tmp": tmp_path,
        "base": tmp_path / "base",
    }
    (tmp_path / "base").mkdir()
    np.save(tmp_path / "base" / "all_features.npy", np.ones((4, 5)))
    got = say(*(argument.format(**names) for argument in arguments))
    assert got.code == 1
    assert got.err.splitlines()[-1] and "error:" in got.err
    assert said in got.err
    assert "Traceback" not in got.err
    assert "\ufffd" not in got.err  # nothing of it is unprintable, the line that shows the place in a filter either
    assert got.out == ""


def test_wrong_use_is_told_from_an_error(say: object) -> None:
    said = say("tag", "index")
    assert said.code == 2
    assert "image" in (said.out + said.err).lower()


def test_terminal_codes_in_a_catalogue_are_not_printed(photos: Path, tmp_path: Path, say: object) -> None:
    table = tmp_path / "items.csv"
    photo = sorted(photos.rglob("*.jpg"))[0]
    table.write_text(f"id,image,title\n1,{photo},\x1b[31mred [bold]x[/bold]\n")
    say("index", table, tmp_path / "index")
    said = say("search", tmp_path / "index", "--image", photo)
    assert "\x1b" not in said.out
    assert "[bold]x[/bold]" in said.out


def test_features_go_out_and_in(ready: tuple[Path, Path], tmp_path: Path, say: object) -> None:
    out = say("export-vectors", ready[1], tmp_path / "base", "--label", "folder")
    assert out.code == 0
    size = sum(path.stat().st_size for path in (tmp_path / "base").iterdir() if path.name != "all_features.json")
    assert f"36 items, 7 files, {size:,} bytes" in out.out
    assert "float32, 36 x 1,280, of efficientnet-lite2, as the model gave them" in out.out
    assert "labels: folder, 0 = dress, 1 = shirt, 2 = toptee\n" in out.out
    bare = say("export-vectors", ready[1], tmp_path / "bare")
    assert "none written, since no item has a category; --label takes one of folder" in bare.out
    assert "36 items (36 added" in say("index", tmp_path / "base", tmp_path / "index").out
    old, new = (
        json.loads(say("search", index, "--image", photo_of(ready), "--json", "-k", 5).out)["hits"]
        for index in (ready[1], tmp_path / "index")
    )
    assert [hit["id"] for hit in new] == [hit["id"] for hit in old]
    assert [hit["score"] for hit in new] == pytest.approx([hit["score"] for hit in old], abs=1e-3)
    assert say("search", tmp_path / "index", "--image", photo_of(ready), "--metric", "euclidean").code == 0
    assert say("check", tmp_path / "index").code == 0


def test_check_tells_sound_from_broken(photos: Path, tmp_path: Path, say: object) -> None:
    say("index", photos, tmp_path / "index")
    good = say("check", tmp_path / "index")
    assert good.code == 0
    assert "BROKEN" not in good.out
    data = next((tmp_path / "index").glob("generation-*"))
    file = max((p for p in data.rglob("*.*") if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    bad = say("check", tmp_path / "index")
    assert bad.code == 1
    assert "BROKEN checksums" in bad.out


def test_the_demo_shows_the_whole_way(tmp_path: Path, say: object, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = tmp_path / "photos"
    from helpers.catalogues import write_photos

    write_photos(photos, items=4, views=2)
    said = say("demo", "--source", photos, "--folder", tmp_path / "demo", "--no-serve")
    assert said.code == 0
    assert "your own photos" in said.err
    picture = tmp_path / "demo" / "results.png"
    assert str(picture) in said.out
    assert images.decode(picture).shape[1] > 400
    assert "lookseek search" in said.out


def test_help_names_every_verb(say: object) -> None:
    said = say("--help")
    assert said.code == 0
    for verb in ("index", "search", "route", "check", "evaluate", "compare", "demo"):
        assert verb in said.out


def test_ctrl_c_ends_with_130_and_a_word(photos: Path, tmp_path: Path) -> None:
    code = """
import sys
from lookseek.cli import main
from lookseek.index import job, upsert
upsert._WRITE = 2
from lookseek.cli import progress_bars
real = progress_bars.ProgressBars.advance
def advance(self, entries):
    real(self, entries)
    progress_bars.ProgressBars.advance = real
    raise KeyboardInterrupt
progress_bars.ProgressBars.advance = advance
sys.argv = ["lookseek", "index", sys.argv[1], sys.argv[2]]
main()
"""
    done = subprocess.run([sys.executable, "-c", code, photos, tmp_path / "index"], capture_output=True, text=True)
    assert done.returncode == 130, done.stderr
    assert "nothing that was encoded is lost" in done.stderr


def test_routing_from_the_index_to_the_answer(tmp_path: Path, say: object) -> None:
    pytest.importorskip("sklearn")
    from helpers.catalogues import write_photos

    photo = write_photos(tmp_path / "photos", items=16, views=3)[0]
    shop, search = tmp_path / "shop", ("search", tmp_path / "shop", "--image", photo)
    say("index", tmp_path / "photos", shop)
    before = say(*search, "--route", "svm")
    assert before.code == 1
    assert f"lookseek route {shop} --kind svm --by FIELD" in before.err
    said = say("route", shop, "--kind", "svm", "--by", "folder")
    assert said.code == 0, said.err
    assert re.search(r"48 items keyed by svm by folder \(baseline\) in [\d.]+ s", said.out)
    assert re.search(r"3 keys: \w+ \d+, \w+ \d+, \w+ \d+\n", said.out)
    assert re.search(r"soft: keeps 100.0% of the exact top-10, visits 100.0% of the items", said.out)
    assert re.search(r"hard: keeps [\d.]+% of the exact top-10, visits [\d.]+% of the items", said.out)
    assert re.search(r"items that it did not learn from; router [\d.]+ ms a query", said.out)
    assert "--preset linear" in said.err
    assert "soft searches all items" in said.err
    for kind, options in (("kmeans", ("--cells", 4)), ("svm", ("--by", "folder", "--preset", "linear"))):
        assert say("route", shop, "--kind", kind, *options).code == 0
        answer = say(*search, "--route", kind, "--route-mode", "hard", "--json", "-k", 3)
        assert re.match(r"searched \w+: [\d,]+ of 48 items\n", answer.err)
        told = json.loads(answer.out)
        assert set(told) == {"query", "hits", "took_ms", "index"}
        assert set(told["hits"][0]) == {"id", "score", "rank", "attributes", "shares"}
        assert (told["query"]["route"], told["query"]["route_mode"]) == (kind, "hard")
        assert told["hits"][0]["id"] == photo.relative_to(tmp_path / "photos").as_posix()
    soft = say(*search, "--route", "kmeans", "--strip", tmp_path / "strip.png")
    assert "of 48 items" in soft.err
    assert images.decode(tmp_path / "strip.png").shape[1] > 400
    none = say(*search, "--route", "kmeans", "--route-mode", "hard", "--filter", "folder = nothing")
    assert "no item among those searched meets the filter" in none.out


def test_a_filter_that_nothing_meets_says_what_was_probably_meant(ready: tuple[Path, Path], say: object) -> None:
    photo, index = photo_of(ready), ready[1]
    folder = photo.parent.name
    other = say("search", index, "--image", photo, "--filter", f'folder = "{folder.upper()}"')
    assert other.code == 0, other.err
    told = " ".join((other.out + other.err).split())
    assert f"did you mean folder = {folder}" in told
    assert "did you mean" not in say("search", index, "--image", photo, "--filter", "folder = zzzzzzzz").out


def test_routing_that_is_stopped_says_what_becomes_of_the_index(
    ready: tuple[Path, Path], say: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lookseek.index.routing.route_index", stop)
    said = say("route", ready[1], "--kind", "kmeans")
    assert said.code == 130
    assert f"{ready[1]} is as it was" in said.err


def test_wrong_routes_are_wrong_use(ready: tuple[Path, Path], say: object) -> None:
    assert say("search", ready[1], "--image", photo_of(ready), "--route", "tree").code == 2
    assert say("route", ready[1], "--kind", "tree").code == 2
    assert say("route", ready[1]).code == 2


def test_an_index_is_no_source_and_names_its_own(ready: tuple[Path, Path], tmp_path: Path, say: object) -> None:
    said = say("index", ready[1], tmp_path / "other")
    assert said.code == 1
    assert f"is an index, not a source of items: give the folder or table that it was made of, which lookseek index " \
        f"--list-sources {ready[1]} prints" in said.err  # fmt: skip


def test_ids_between_commas_are_told_apart(ready: tuple[Path, Path], say: object) -> None:
    first, second = (path.relative_to(ready[0]).as_posix() for path in sorted(ready[0].rglob("*.jpg"))[:2])
    said = say("search", ready[1], "--like", f"{first},{second}")
    assert said.code == 1
    assert f"but {first} and {second}: give each by itself" in said.err


@pytest.mark.parametrize("option", [(), ("--image",)])
def test_a_web_address_is_no_query(ready: tuple[Path, Path], say: object, option: tuple[str, ...]) -> None:
    said = say("search", ready[1], *option, "https://shop.example/a.jpg")
    assert said.code == 1
    assert "https://shop.example/a.jpg is a web address, and nothing is fetched: download the photo" in said.err
