"""``lookseek evaluate`` and ``lookseek compare``, as a person uses them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookseek import images
from lookseek.cli import main
from lookseek.encode import ColourEncoder
from lookseek.evaluate.registry import BENCHMARKS

TOY = ("instance", "drawn:8", "--model", "colour")


@pytest.fixture(autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def lookseek(
    verb: str, *arguments: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["lookseek", verb, *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


class Shell:
    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._with = {"capsys": capsys, "monkeypatch": monkeypatch}

    def __call__(self, verb: str, *arguments: object) -> tuple[int, str, str]:
        return lookseek(verb, *arguments, **self._with)  # type: ignore[arg-type]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def test_list_names_every_benchmark_with_protocols_sizes_and_needs(shell: Shell) -> None:
    code, out, _ = shell("evaluate", "--list")
    assert code == 0
    for name, benchmark in BENCHMARKS.items():
        assert f"\n{name}\n" in f"\n{out}"
        for said in (benchmark.about, benchmark.size, *benchmark.protocols, benchmark.needs):
            assert said in out


def test_a_result_names_its_re_ranker_and_compare_tells_it(shell: Shell, tmp_path: Path) -> None:
    for name, options in (("plain", ()), ("again", ("--rerank", "query-expansion"))):
        code, _, err = shell("evaluate", *TOY, *options, "--json", tmp_path / f"{name}.json")
        assert code == 0, err
    plain, again = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("plain", "again"))
    assert "rerank" not in plain["model"]
    assert again["model"]["rerank"] == "query-expansion"
    assert again["gallery_hash"] == plain["gallery_hash"]
    code, out, _ = shell("compare", tmp_path / "plain.json", tmp_path / "again.json")
    assert code == 0
    assert "query-expansion" in out


def test_figures_never_stand_without_their_protocol(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell("evaluate", *TOY, "--json", tmp_path / "a.json")
    assert code == 0
    first, second = out.splitlines()[:2]
    assert first.startswith("instance · leave-one-out · split all · 24 queries · gallery 24 (")
    assert second.startswith("colour ")
    assert "seed 0 · commit" in second
    result = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert (result["queries"], result["gallery_size"], result["missing"]) == (24, 24, [])
    for name, figure in result["metrics"].items():
        assert figure["low"] <= figure["value"] <= figure["high"]
        if "/" not in name:
            assert f"{figure['value']:.3f}" in out
    assert "wrote" in err
    assert (tmp_path / "a.queries.csv").exists()


def test_two_results_side_by_side(shell: Shell, tmp_path: Path) -> None:
    shell("evaluate", *TOY, "--json", tmp_path / "a.json")
    shell("evaluate", "instance", "drawn:8", "--json", tmp_path / "b.json")
    code, out, _ = shell("compare", tmp_path / "a.json", tmp_path / "b.json")
    assert code == 0
    assert out.startswith("instance · leave-one-out")
    assert "recall@1" in out
    assert "paired bootstrap" in out
    shell("evaluate", "instance", "drawn:9", "--model", "colour", "--json", tmp_path / "c.json")
    code, out, err = shell("compare", tmp_path / "a.json", tmp_path / "c.json")
    assert code == 1
    assert "gallery size differs: 24 and 27" in err
    assert not out


def test_trec_files_measure_the_same(shell: Shell, tmp_path: Path) -> None:
    shell("evaluate", *TOY, "--json", tmp_path / "a.json", "--trec", tmp_path / "trec")
    assert sorted(path.name for path in (tmp_path / "trec").iterdir()) == ["01.qrels", "01.run"]
    code, out, _ = shell(
        "evaluate", "trec", tmp_path / "trec" / "01.qrels", "--model", tmp_path / "trec" / "01.run",
        "--json", tmp_path / "b.json",
    )  # fmt: skip
    assert code == 0
    assert "trec_eval" in out
    ours, theirs = (json.loads((tmp_path / name).read_text())["metrics"] for name in ("a.json", "b.json"))
    for metric in ("recall@1", "recall@10", "map", "mrr", "r-precision"):
        assert ours[metric] == theirs[metric]


def test_inputs_let_any_program_be_measured(shell: Shell, tmp_path: Path) -> None:
    shell("evaluate", *TOY, "--json", tmp_path / "a.json")
    code, _, err = shell("evaluate", "instance", "drawn:8", "--inputs", tmp_path / "inputs")
    assert code == 0
    assert "inputs.csv" in err
    with (tmp_path / "inputs" / "inputs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    encoder = ColourEncoder()
    vectors = [encoder.encode([encoder.prepare(images.decode(Path(row["photo"]), 64))])[0] for row in rows]
    np.save(tmp_path / "theirs.npy", np.array(vectors))
    (tmp_path / "theirs.txt").write_text("".join(f"{row['key']}\n" for row in rows), encoding="utf-8")
    code, _, _ = shell(
        "evaluate", "instance", "drawn:8", "--model", tmp_path / "theirs.npy", "--json", tmp_path / "b.json"
    )
    assert code == 0
    ours, theirs = (json.loads((tmp_path / name).read_text())["metrics"] for name in ("a.json", "b.json"))
    for name, figure in ours.items():
        assert theirs[name]["value"] == pytest.approx(figure["value"], abs=0.1)  # a picture saved again differs a bit


def test_missing_photos_are_said_loudly(shell: Shell, tmp_path: Path) -> None:
    rows = ["image,label,category,kids,sender_id,split"]
    from lookseek.catalogue.drawn import draw, drawn_specs

    (tmp_path / "images").mkdir()
    for number, spec in enumerate(drawn_specs(12, 1)):
        (tmp_path / "images" / f"{spec.id}.jpg").write_bytes(images.to_jpeg(draw(spec, 64)))
        split = ("train", "test")[number % 2]
        rows.append(f"images/{spec.id}.jpg,Dress,{spec.attributes['category']},False,{number},{split}")
    rows.append("images/gone.jpg,Dress,dress,False,99,train")
    (tmp_path / "items.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, out, err = shell("evaluate", "clothing", tmp_path, "--model", "colour", "--json", tmp_path / "a.json")
    assert code == 0
    assert "map@10" in out
    assert "not comparable: 1 photos that the benchmark names are missing, e.g. gone" in " ".join(err.split())
    assert json.loads((tmp_path / "a.json").read_text())["missing"] == ["gone"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense", "x"), "no benchmark 'nonsense'"),
        (("clothin", "x"), "did you mean clothing?"),
        ((), "no benchmark is named"),
        (("clothing",), "clothing needs data"),
        (("clothing", "absent"), "can't be read"),
        (("instance", "drawn:4", "--protocol", "other"), "choose one of leave-one-out"),
        ((*TOY, "--metric", "euclidean", "--rerank", "k-reciprocal"), "k-reciprocal compares by cosine only"),
        (("instance", "drawn:4", "--model", "nothing"), "no model 'nothing'"),
        (("instance", "drawn:4", "--colour-weight", "2"), "from 0 to 1"),
        (("instance", "drawn:4", "--composer", "sum"), "asks with no photo and change"),
        (("drawn-composed", "--composer", "sum", "--model", "efficientnet-lite2"), "reads no words"),
        (("drawn-composed", "--composer", "sum", "--model", "colour"), "no words that could be composed"),
        (("instance", "drawn:4", "--model", "absent.npy"), "absent.txt"),
        (("trec", "absent.qrels"), "--model RUN"),
        (("drawn-composed", "--split", "other"), "other"),
    ],
)
def test_what_can_t_be_measured_is_one_clear_line(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = shell("evaluate", *arguments)
    assert code == 1
    assert said in " ".join(err.split())
    assert not out


def test_a_report_is_a_page(shell: Shell, tmp_path: Path) -> None:
    code, _, err = shell("evaluate", *TOY, "--report", tmp_path / "report")
    assert code == 0
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "leave-one-out" in page
    assert "index.html" in err


def test_ctrl_c_loses_nothing_and_says_so(tmp_path: Path) -> None:
    code = """
import sys
from lookseek.evaluate import cache
from lookseek.cli import main
real = cache.encode_photos
def stopped(*args, **kwargs):
    for number, one in enumerate(real(*args, **kwargs)):
        if number == 8:
            raise KeyboardInterrupt
        yield one
cache.encode_photos = stopped
sys.argv = ["lookseek", "evaluate", "instance", "drawn:20", "--model", "colour"]
main()
"""
    environment = {**os.environ, "LOOKSEEK_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 130, done.stderr
    assert "the same command goes on from here" in done.stderr
    (segment,) = tmp_path.rglob("*.npy")
    assert len(np.load(segment, allow_pickle=False)) == 8


def test_names_from_data_are_no_markup(shell: Shell, tmp_path: Path) -> None:
    from lookseek.catalogue.drawn import draw, drawn_specs

    rows = ["image,kind [/x],other"]
    for number, spec in enumerate(drawn_specs(8, 1)):
        (tmp_path / f"{number}.jpg").write_bytes(images.to_jpeg(draw(spec, 64)))
        rows.append(f"{number}.jpg,[/y{number % 2}],[b]{number % 2}")
    (tmp_path / "items.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, out, err = shell(
        "evaluate", "attributes", tmp_path / "items.csv", "--protocol", "leave-one-out", "--model", "colour"
    )
    assert code == 0, err
    assert "/kind [/x]" in out


@pytest.mark.parametrize("option", ["--json", "--trec", "--report", "--inputs"])
def test_where_results_can_t_be_written_is_said_before_the_work(shell: Shell, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("x")
    place = tmp_path if option == "--json" else tmp_path / "file"
    code, _, err = shell("evaluate", *TOY, option, place)
    assert code == 1
    assert option in err
    assert "photos" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_cache_that_can_t_be_written_is_named(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "file"))
    code, _, err = shell("evaluate", *TOY)
    assert code == 1
    assert "LOOKSEEK_CACHE" in err


def test_a_column_is_named_in_the_protocol_and_only_where_there_are_columns(shell: Shell) -> None:
    code, out, _ = shell("evaluate", *TOY, "--by", "category")
    assert code == 0
    assert "leave-one-out by category" in out
    code, _, err = shell("evaluate", "drawn-instance", "--by", "category")
    assert code == 1
    assert "leave --by out" in err


def test_without_matplotlib_a_report_is_refused_before_the_work(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, _, err = shell("evaluate", *TOY, "--report", tmp_path / "report")
    assert code == 1
    assert "pip install 'lookseek[evaluate]'" in " ".join(err.split())
    assert "photos" not in err
