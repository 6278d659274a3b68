"""TREC files: what is written is read back, trec_eval says the same of them, and broken ones are refused."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import pytrec_eval
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookseek.errors import CatalogueError
from lookseek.evaluate.metrics import measure
from lookseek.evaluate.trec import HIGHEST, LONGEST, Run, escaped, judge, read_qrels, read_run, write_qrels, write_run

NASTY = [
    "a b",
    "50%",
    "%41",
    "A",
    "%",
    "%%25",
    "#1",
    "x#1",
    "đầm hoa",
    "a\tb\n",
    "\u2028",
    "\xa0",
    "\x00",
    '"',
    "a%20b",
]
ids = st.one_of(st.text(min_size=1, max_size=8), st.sampled_from(NASTY))
float32s = st.floats(width=32, allow_nan=False)


def saved(folder: Path, text: str | bytes, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def pairs(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Best first, equal ones as a reader puts them."""
    return sorted(scores.items(), key=lambda pair: (pair[1], escaped(pair[0]).encode("utf-8")), reverse=True)


runs = st.dictionaries(ids, st.dictionaries(ids, float32s, min_size=1, max_size=6).map(pairs), min_size=1, max_size=4)
grades = st.dictionaries(ids, st.integers(-HIGHEST, HIGHEST), min_size=1, max_size=6)


# what is written


def test_a_run_file_looks_as_trec_wants_it(tmp_path: Path) -> None:
    run = {"q1": [("dress 1", 0.75), ("dress-2", 0.1), ("50%", -3.0)], "q 2": [("#a", float("inf"))]}
    write_run(tmp_path / "run.txt", ((query, answers) for query, answers in run.items()), tag="our model")
    assert (tmp_path / "run.txt").read_bytes().decode() == (
        "q1 Q0 dress%201 1 0.75 our%20model\n"
        "q1 Q0 dress-2 2 0.1 our%20model\n"
        "q1 Q0 50%25 3 -3 our%20model\n"
        "q%202 Q0 %23a 1 inf our%20model\n"
    )


def test_a_qrels_file_looks_as_trec_wants_it(tmp_path: Path) -> None:
    write_qrels(tmp_path / "qrels", [("q1", {"dress 1": 2, "x": 0}), ("q2", {"áo": np.int8(1)})])  # type: ignore[dict-item]
    text = (tmp_path / "qrels").read_text(encoding="utf-8")
    assert text == "q1 0 dress%201 2\nq1 0 x 0\nq2 0 áo 1\n"


def test_runs_are_written_as_lookseek_s_unless_told(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [("q", [("d", 1.0)])])
    assert (tmp_path / "run").read_text().split()[-1] == "lookseek"


@given(run=runs)
@example(run={"q": [("b", 0.5), ("a", 0.5)]})
@settings(deadline=None)
def test_runs_come_back(run: Run) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        write_run(path, run.items())
        back = read_run(path)
    assert {query: list(answers) for query, answers in back.items()} == dict(run)
    assert list(back) == list(run)


@given(qrels=st.dictionaries(ids, grades, min_size=1, max_size=4))
@settings(deadline=None)
def test_qrels_come_back(qrels: dict[str, dict[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "qrels"
        write_qrels(path, qrels.items())
        assert read_qrels(path) == qrels


@given(score=float32s)
@example(score=float(np.float32(0.1)))
@example(score=float(np.finfo(np.float32).tiny / 8))
@example(score=float(np.finfo(np.float32).max))
@example(score=float(np.nextafter(np.float32(1), np.float32(2))))
@settings(deadline=None, max_examples=300)
def test_scores_come_back_to_the_bit_also_by_way_of_float64(score: float) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        write_run(path, [("q", [("d", np.float32(score))])])  # type: ignore[list-item]
        (column,) = (line.split()[4] for line in path.read_text().splitlines())
        ((_, back),) = read_run(path)["q"]
    assert np.float32(float(column)).tobytes() == np.float32(score).tobytes() == np.float32(back).tobytes()


@given(id=ids)
def test_an_escaped_id_is_one_column_to_any_reader(id: str) -> None:
    written = escaped(id)
    assert len(written.split()) == len(written.encode("utf-8").split()) == len(written.splitlines()) == 1
    assert written.isprintable() or not id.isprintable()
    assert not written.startswith("#")


def test_plain_ids_stay_as_they_are() -> None:
    for id in ("dress-0050-1", "shirts/12.jpg", "x#1", "áo-sơ-mi", "MEN/Denim/id_00000080/01_1_front.jpg", '"&+='):
        assert escaped(id) == id


@given(some=st.sets(ids, max_size=20))
@example(some={"%41", "A", "%2541", "a b", "a%20b"})
def test_ids_stay_different(some: set[str]) -> None:
    assert len({escaped(id) for id in some}) == len(some)


@pytest.mark.parametrize("id", ["", "\ud800", "a\udfff"])
def test_ids_that_no_file_can_hold_are_refused(id: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"empty or broken Unicode.*give another id"):
        write_run(tmp_path / "run", [("q", [(id, 1.0)])])
    with pytest.raises(CatalogueError, match="empty or broken Unicode"):
        write_qrels(tmp_path / "run", [(id, {"d": 1})])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ([("q", [("a", 1.0), ("b", 2.0)])], "score 2.0 at rank 2 of query 'q' comes after 1.0"),
        ([("q", [("a", float("nan"))])], "score nan at rank 1"),
        ([("q", [("a", 1.0), ("b", float("nan"))])], "score nan at rank 2"),
        ([("q", [("a", 1.0), ("a", 1.0)])], "'a' is there twice"),
        ([("q", [("a", 1.0)]), ("p", []), ("q", [])], "'q' is there twice"),
    ],
)
def test_rankings_that_are_none_are_bugs(
    run: list[tuple[str, list[tuple[str, float]]]], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=said):
        write_run(tmp_path / "run", run)
    assert not list(tmp_path.iterdir())


def test_a_file_changes_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "run"
    write_run(path, [("q", [("old", 1.0)])])

    def breaks() -> Iterator[tuple[str, list[tuple[str, float]]]]:
        for n in range(5000):
            yield f"q{n}", [("new", 1.0)] * 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_run(path, breaks())
    assert read_run(path) == {"q": [("old", 1.0)]}
    assert list(tmp_path.iterdir()) == [path]
    write_run(path, [("q", [("new", 1.0)])])
    assert read_run(path) == {"q": [("new", 1.0)]}


def test_run_and_qrels_of_one_stem_do_not_collide(tmp_path: Path) -> None:
    def between() -> Iterator[tuple[str, list[tuple[str, float]]]]:
        yield "q", [("d", 1.0)]
        write_qrels(tmp_path / "it.qrels", [("q", {"d": 1})])

    write_run(tmp_path / "it.run", between())
    assert read_run(tmp_path / "it.run") == {"q": [("d", 1.0)]}
    assert read_qrels(tmp_path / "it.qrels") == {"q": {"d": 1}}


def test_places_that_take_no_file_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "none" / "run", tmp_path / "file" / "run", tmp_path / "folder"):
        with pytest.raises(CatalogueError, match=r"can't be written .*folder that takes files"):
            write_run(place, [("q", [("d", 1.0)])])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


# what is read


def test_answers_stand_as_trec_eval_puts_them(tmp_path: Path) -> None:
    """By score, not by rank or line; as float32, where 0.1 and 0.1 + 1e-10 are equal; ties by descending id."""
    text = "q Q0 low 1 0.05 t\nq Q0 a 2 0.1000000001 t\nq Q0 b 3 .1 t\nq Q0 top 9 1e0 t\nq Q0 Z 1 0.1 t\n"
    answers = read_run(saved(tmp_path, text))["q"]
    assert [id for id, _ in answers] == ["top", "b", "a", "Z", "low"]
    assert answers[1][1] == answers[2][1] == np.float32(0.1)


def test_ties_follow_the_ids_as_they_are_written(tmp_path: Path) -> None:
    """'a b' is before 'a!b', but 'a%20b' after it."""
    write_run(tmp_path / "run", [("q", [("a b", 1.0), ("a!b", 1.0), ("ab", 1.0), ("áb", 1.0)])])
    answers = [id for id, _ in read_run(tmp_path / "run")["q"]]
    assert answers == ["áb", "ab", "a b", "a!b"]


def test_queries_may_be_mixed_and_blanks_are_any(tmp_path: Path) -> None:
    text = (
        "\n# a comment of many words here\nq1\tQ0  d1 1 2 t\r\n   \nq2 Q0 d1 1 1 t\n q1 Q0 d2 2 3 t \n #\nq2 x y z 0 t"
    )
    assert read_run(saved(tmp_path, text)) == {"q1": [("d2", 3), ("d1", 2)], "q2": [("d1", 1), ("y", 0)]}


def test_qrels_are_read_with_their_wrong_documents(tmp_path: Path) -> None:
    text = "q1 0 a 0\nq2 0 a 127\nq1 0 b -2\nq1 Q0 c +1\n# q1 0 d 1\n"
    assert read_qrels(saved(tmp_path, text)) == {"q1": {"a": 0, "b": -2, "c": 1}, "q2": {"a": 127}}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a%20b", "a b"),
        ("%C3%A1", "á"),
        ("%c3%a1", "á"),
        ("%ff", "%ff"),
        ("100%", "100%"),
        ("%4", "%4"),
        ("%GG", "%GG"),
    ],
)
def test_ids_of_other_origin(written: str, meant: str, tmp_path: Path) -> None:
    """What no escape of ours can be means itself."""
    assert read_run(saved(tmp_path, f"{written} Q0 {written} 1 1 t\n")) == {meant: [(meant, 1)]}
    assert read_qrels(saved(tmp_path, f"{written} 0 {written} 1\n")) == {meant: {meant: 1}}


@pytest.mark.parametrize(
    ("score", "value"), [("inf", np.inf), ("-Infinity", -np.inf), ("1e300", np.inf), ("-1e999", -np.inf)]
)
def test_scores_beyond_float32_are_infinite_as_in_c(score: str, value: float, tmp_path: Path) -> None:
    assert read_run(saved(tmp_path, f"q Q0 d 1 {score} t\n")) == {"q": [("d", value)]}


@pytest.mark.parametrize(
    "score", ["nan", "-nan", "x", "1,5", "1_000", "0x10", "--1", "1e", "e5", ".", "١", "1.2.3", "(1)"]
)
def test_scores_that_are_no_numbers_are_refused(score: str, tmp_path: Path) -> None:
    path = saved(tmp_path, f"q Q0 a 1 0.5 t\n\nq Q0 b 2 {score} t\n")
    with pytest.raises(CatalogueError, match=r"line 3: the score .* is no number: write one") as caught:
        read_run(path)
    assert str(path) in str(caught.value)
    assert repr(score) in str(caught.value)


@pytest.mark.parametrize("grade", ["x", "1.0", "0.5", "", "nan", "1e2", "1_0", "128", "9" * 400, "--1", "٣"])
def test_grades_that_are_no_whole_numbers_are_refused(grade: str, tmp_path: Path) -> None:
    path = saved(tmp_path, f"# comment\nq 0 a {grade}\n")
    with pytest.raises(CatalogueError, match=r"line 2.*: write (one|query)") as caught:
        read_qrels(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 300


@pytest.mark.parametrize(
    "line", ["q Q0 d 1 0.5", "q Q0 d 1 0.5 t more", "q", "q Q0 d e 1 0.5 t", "\x00", "q,Q0,d,1,0.5,t"]
)
def test_other_numbers_of_columns_are_refused(line: str, tmp_path: Path) -> None:
    path = saved(tmp_path, f"q Q0 a 1 0.5 t\n{line}\n")
    with pytest.raises(CatalogueError, match=rf"line 2 has {len(line.split())} columns .* not 6 .*: write query Q0"):
        read_run(path)
    with pytest.raises(CatalogueError, match=r"line 1 has 6 columns .* not 4 .*: write query 0 document grade"):
        read_qrels(path)


def test_a_document_twice_is_refused(tmp_path: Path) -> None:
    run = saved(tmp_path, "q Q0 a%20b 1 0.5 t\np Q0 a%20b 1 0.5 t\nq Q0 a%20b 2 0.4 t\n")
    with pytest.raises(CatalogueError, match="line 3: the query 'q' has 'a b' a second time: keep one"):
        read_run(run)
    with pytest.raises(CatalogueError, match="line 2: the query 'q' has 'A' a second time: keep one"):
        read_qrels(saved(tmp_path, "q 0 A 1\nq 0 %41 1\n"))


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", " \t\r\n"])
def test_empty_files_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"is empty: write query Q0 document rank score tag on each line"):
        read_run(saved(tmp_path, text))
    with pytest.raises(CatalogueError, match=r"is empty: write query 0 document grade on each line"):
        read_qrels(saved(tmp_path, text))


def test_ids_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"line 1: the id .*xff.* is not UTF-8: save the file as UTF-8"):
        read_run(saved(tmp_path, b"q Q0 \xff\xfe 1 1 t\n"))


def test_endless_lines_are_not_read(tmp_path: Path) -> None:
    said = f"has 3 columns in {LONGEST + 1:,} bytes, not 4 in at most {LONGEST:,}: write query 0"
    with pytest.raises(CatalogueError, match=f"line 2 {said}"):
        read_qrels(saved(tmp_path, "q 0 d 1\nq 0 " + "d" * 10_000_000 + " 1\n"))
    with pytest.raises(CatalogueError, match=f"line 1 has 6 columns in {LONGEST + 1:,} bytes"):
        read_run(saved(tmp_path, "q Q0 d 1 1 " + "t" * LONGEST))
    longest = "d" * (LONGEST - 7)
    assert read_qrels(saved(tmp_path, f"q 0 {longest} 1\n")) == {"q": {longest: 1}}


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CatalogueError, match=r"can't be read .*: give a file in TREC's format"):
            read_run(path)


@given(noise=st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = saved(Path(folder), noise)
        for read in (read_run, read_qrels):
            try:
                assert read(path)
            except CatalogueError as error:
                assert str(path) in str(error)


# what it is worth


def test_a_run_is_judged() -> None:
    run = {"q1": [("a", 3.0), ("new", 2.0), ("b", 1.0)], "other": [("a", 1.0)], "q3": [("x", 1.0)]}
    qrels = {"q1": {"b": 2, "a": -1, "c": 1, "d": 1}, "q2": {"a": 1}, "q3": {"x": -5}}
    judged = judge(run, qrels)
    assert judged.queries == ("q1", "q2", "q3")
    assert judged.missing == ("q2",)
    assert judged.unjudged == 1
    assert judged.ranked.grades.tolist() == [[0, 0, 2], [0, 0, 0], [0, 0, 0]]
    assert judged.ranked.grades.dtype == np.int8
    assert judged.ranked.right.tolist() == [[2, 1], [1, 0], [0, 0]]
    values = measure(["precision@10", "recall@3", "fraction@3"], judged.ranked)
    assert values["precision@10"].tolist() == [0.1, 0, 0]
    assert values["recall@3"].tolist() == [1, 0, 0]
    assert values["fraction@3"].tolist() == [1 / 3, 0, 0]


def test_nothing_right_anywhere_is_zero() -> None:
    judged = judge({"q": [("a", 1.0)]}, {"q": {"a": 0}})
    assert measure(["map", "ndcg@5"], judged.ranked) == {"map": [0], "ndcg@5": [0]}


@pytest.mark.parametrize("run", [{}, {"Q1": [("a", 1.0)], "Q2": []}])
def test_a_run_of_other_queries_is_refused(run: Run) -> None:
    said = f"the run has {len(run)} queries .*the qrels 1 queries .*'q1'.* none in common: give files"
    with pytest.raises(CatalogueError, match=said):
        judge(run, {"q1": {"a": 1}})


MEASURES = {"map", "ndcg", "Rprec", "recip_rank", "P.1,5", "recall.1,5", "success.1,5", "map_cut.1,5", "ndcg_cut.1,5"}
SAME = {
    **{"map": "map", "ndcg": "ndcg", "r-precision": "Rprec", "mrr": "recip_rank", "accuracy": "success_1"},
    **{f"recall@{k}": f"success_{k}" for k in (1, 5)},
    **{f"fraction@{k}": f"recall_{k}" for k in (1, 5)},
    **{f"precision@{k}": f"P_{k}" for k in (1, 5)},
    **{f"ndcg@{k}": f"ndcg_cut_{k}" for k in (1, 5)},
}


@st.composite
def written_files(draw: st.DrawFn) -> tuple[str, str]:
    """A run's and qrels' text, lines shuffled, ids escaped, with ties, and queries that the other lacks."""
    documents = [escaped(id) for id in draw(st.lists(ids, min_size=1, max_size=9, unique=True))]
    queries = [escaped(id) for id in draw(st.lists(ids, min_size=2, max_size=5, unique=True))]
    scores = st.sampled_from(
        ["1", "0.5", "5e-1", "0.50000001", "0.1", "0.1000000001", "-2", "inf", "1e300", "1e-50", "-0"]
    )
    lines, judgements = [], []
    for query in queries[1:]:
        answers = draw(st.dictionaries(st.sampled_from(documents), scores, min_size=1))
        lines += [f"{query} Q0 {id} 7 {score} t\n" for id, score in answers.items()]
    for query in queries[:-1]:
        judgements.append(f"{query} 0 sure 0\n")  # where no grade reaches 0, trec_eval reads memory of the query before
        judged = draw(st.dictionaries(st.sampled_from(documents), st.integers(-2, 3)))
        judgements += [f"{query} 0 {id} {grade}\n" for id, grade in judged.items() if id != "sure"]
    return "".join(draw(st.permutations(lines))), "".join(draw(st.permutations(judgements)))


@given(texts=written_files())
@settings(deadline=None, max_examples=150)
def test_files_are_worth_what_trec_eval_says(texts: tuple[str, str]) -> None:
    """trec_eval's own reading of the same two files, through pytrec_eval."""
    run, qrels = pytrec_eval.parse_run(io.StringIO(texts[0])), pytrec_eval.parse_qrel(io.StringIO(texts[1]))
    theirs = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate(run)
    with TemporaryDirectory() as folder:
        files = saved(Path(folder), texts[0], "run"), saved(Path(folder), texts[1], "qrels")
        if not theirs:
            with pytest.raises(CatalogueError, match="none in common"):
                judge(read_run(files[0]), read_qrels(files[1]))
            return
        judged = judge(read_run(files[0]), read_qrels(files[1]))
    values = measure([*SAME, "map@1", "map@5"], judged.ranked)
    assert [escaped(query) for query in judged.queries] == list(qrels)
    assert {escaped(query) for query in judged.missing} == set(qrels) - set(theirs)
    assert judged.unjudged == len(set(run) - set(qrels))
    for row, query in enumerate(qrels):
        for ours, name in SAME.items():
            assert values[ours][row] == pytest.approx(theirs[query][name] if query in theirs else 0, abs=1e-12), ours
        right = sum(grade > 0 for grade in qrels[query].values())
        for k in (1, 5):
            cut = theirs[query][f"map_cut_{k}"] if query in theirs else 0
            assert values[f"map@{k}"][row] * min(k, right) == pytest.approx(cut * right, abs=1e-12)
