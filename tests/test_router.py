"""Routers: which keys a query searches, how sure validation makes them, how they are fitted and kept."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lookseek.errors import IndexDamaged, QueryError
from lookseek.route import files
from lookseek.route.fit import FEWEST, PRESETS, SVM_ROWS, _sample, fit_kmeans, fit_svm
from lookseek.route.probability_mass import KEPT, choose, lower_bound
from lookseek.route.router import Router, directions, keys_for_query, mass_before, select_keys, softmax

pytest.importorskip("sklearn")
pytest.importorskip("skops")


def blobs(count: int = 240, kinds: int = 4, dim: int = 12, spread: float = 0.6, seed: int = 0) -> tuple:
    """Vectors around a centre a kind, and the kinds' names."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((kinds, dim)) * 2
    kind = np.arange(count) % kinds
    rows = (centres[kind] + spread * random.standard_normal((count, dim))).astype(np.float32)
    return rows, [f"kind {number}" for number in kind]


@st.composite
def posteriors(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 9)))
    scores = draw(hnp.arrays(np.float64, shape, elements=st.floats(-40, 40)))
    return softmax(scores, draw(st.sampled_from([0.01, 0.5, 1.0, 8.0])))


# which keys


@settings(deadline=None)
@given(posterior=posteriors())
def test_a_posterior_sums_to_one(posterior: np.ndarray) -> None:
    assert posterior.dtype == np.float32
    assert (posterior >= 0).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1, atol=1e-5)


@settings(deadline=None, max_examples=200)
@given(posterior=posteriors(), mass=st.floats(0.001, 0.999))
def test_soft_takes_the_fewest_likeliest_keys_that_reach_the_mass(posterior: np.ndarray, mass: float) -> None:
    taken = select_keys(posterior, "soft", mass)
    for row, some in zip(posterior.astype(np.float64), taken, strict=True):
        assert some.any()
        inside, outside = row[some], row[~some]
        assert inside.sum() >= mass - 1e-6
        assert inside.sum() - inside.min() < mass + 1e-6  # one fewer would not do
        assert not len(outside) or outside.max() <= inside.min()


@settings(deadline=None)
@given(posterior=posteriors(), one=st.floats(0.001, 0.999), other=st.floats(0.001, 0.999))
def test_more_mass_never_takes_fewer_keys_and_hard_is_the_least(
    posterior: np.ndarray, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    hard, few, many = (
        select_keys(posterior, "hard", 1),
        select_keys(posterior, "soft", less),
        select_keys(posterior, "soft", more),
    )
    assert (hard.sum(axis=1) == 1).all()
    assert (posterior[hard] == posterior.max(axis=1)).all()
    assert not (few & ~many).any()
    assert not (hard & ~few).any()


@given(posterior=posteriors())
def test_mass_one_takes_every_key_however_improbable(posterior: np.ndarray) -> None:
    assert select_keys(posterior, "soft", 1.0).all()


@settings(deadline=None)
@given(posterior=posteriors(), least=st.integers(0, 60), data=st.data())
def test_soft_goes_on_until_there_are_enough_items(posterior: np.ndarray, least: int, data: st.DataObject) -> None:
    sizes = np.array(
        data.draw(st.lists(st.integers(0, 20), min_size=posterior.shape[1], max_size=posterior.shape[1])), np.int64
    )
    taken = select_keys(posterior, "soft", 0.5, sizes, least)
    assert not (select_keys(posterior, "soft", 0.5) & ~taken).any()
    assert (taken @ sizes >= min(least, sizes.sum())).all()


def test_what_comes_before_a_key() -> None:
    posterior = np.array([[0.1, 0.6, 0.3], [0.5, 0.5, 0.0]], np.float32)
    np.testing.assert_allclose(mass_before(posterior), [[0.9, 0.0, 0.6], [0.0, 0.5, 1.0]], atol=1e-6)
    assert select_keys(posterior, "hard", 1).tolist() == [[False, True, False], [True, False, False]]


# how sure


def test_the_mass_is_the_least_that_keeps_enough() -> None:
    random = np.random.default_rng(0)
    scores = random.standard_normal((800, 10)) * 2
    wanted = np.stack([scores[row].argsort()[::-1][np.minimum(9, random.geometric(0.6, 10) - 1)] for row in range(800)])
    sizes = np.full(10, 50)
    found = choose(scores, wanted, sizes)
    assert 0 < found.probability_mass < 1
    assert found.kept >= KEPT
    assert found.visited < 1
    assert found.hard_visited == pytest.approx(0.1)
    assert found.hard_kept < found.kept
    posterior = softmax(scores, found.temperature)
    there = np.ones(wanted.shape, bool)

    def kept(mass: float) -> np.ndarray:
        return np.take_along_axis(select_keys(posterior, "soft", mass), wanted, axis=1)

    assert lower_bound(kept(found.probability_mass), there) >= KEPT
    levels = np.unique(np.take_along_axis(mass_before(posterior), wanted, axis=1))
    lower = levels[levels < found.probability_mass]
    assert lower_bound(kept(float(lower[-1])), there) < KEPT  # the next smaller mass that changes anything


def test_other_queries_keep_as_much_as_validation_said() -> None:
    """Of 40 validations with queries of the same kind, hardly one chooses a mass that keeps less elsewhere."""

    def asked(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(seed)
        scores = random.standard_normal((count, 8)) * 2
        hard = random.random(count) < 0.2  # queries whose answers lie apart, together
        reach = np.where(hard[:, None], random.integers(0, 8, (count, 10)), random.geometric(0.8, (count, 10)) - 1)
        order = np.argsort(-scores, axis=1)
        return scores, np.take_along_axis(order, np.minimum(7, reach), axis=1)

    other_scores, other = asked(10_000, 20_000)
    missed = 0
    for seed in range(40):
        scores, wanted = asked(seed, 300)
        found = choose(scores, wanted, np.full(8, 10))
        taken = select_keys(softmax(other_scores, found.temperature), "soft", found.probability_mass)
        missed += np.take_along_axis(taken, other, axis=1).mean() < KEPT
    assert missed <= 3


def test_too_few_queries_search_all() -> None:
    scores, wanted = np.eye(5) * 9, np.arange(5)[:, None]
    found = choose(scores, wanted, np.full(5, 3))
    assert (found.probability_mass, found.kept, found.visited) == (1.0, 1.0, 1.0)
    assert choose(scores, np.full((5, 1), -1), np.full(5, 3)).probability_mass == 1.0


def test_answers_that_are_not_there_count_for_nothing() -> None:
    scores = np.random.default_rng(1).standard_normal((600, 4)) * 3
    wanted = np.repeat(scores.argmax(axis=1)[:, None], 10, axis=1)
    wanted[:, 5:] = -1
    found = choose(scores, wanted, np.full(4, 10))
    assert found.hard_kept == 1.0
    assert found.visited == pytest.approx(0.25)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 400), st.integers(1, 10), st.floats(0, 1), st.integers(0, 1000))
def test_a_bound_is_below_the_share(queries: int, answers: int, share: float, seed: int) -> None:
    kept = np.random.default_rng(seed).random((queries, answers)) < share
    there = np.ones(kept.shape, bool)
    assert 0 <= lower_bound(kept, there) <= kept.mean() + 1e-12


def test_answers_that_fall_together_show_less() -> None:
    apart = np.ones((200, 10), bool)
    apart[:20, 0] = False
    together = np.ones((200, 10), bool)
    together[:2] = False
    there = np.ones(apart.shape, bool)
    assert apart.mean() == together.mean()
    assert lower_bound(together, there) < lower_bound(apart, there)


# fitting


@pytest.mark.parametrize("preset", PRESETS)
def test_labels_are_learnt_and_told_by_name(preset: str) -> None:
    rows, labels = blobs()
    router = fit_svm(rows, labels, "kind", preset)  # type: ignore[arg-type]
    assert (router.kind, router.by, router.preset, router.dim) == ("svm", "kind", preset, 12)
    assert router.keys == ("kind 0", "kind 1", "kind 2", "kind 3")
    others, truth = blobs(seed=5)
    named = [router.keys[key] for key in router.likeliest(others)]
    assert np.mean([a == b for a, b in zip(named, truth, strict=True)]) > 0.95
    posterior = router.posterior(others)
    assert posterior.shape == (240, 4)
    np.testing.assert_allclose(posterior.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(posterior.argmax(axis=1), router.likeliest(others))
    np.testing.assert_allclose(router.posterior(7 * others), posterior, atol=1e-4)  # a vector's length says nothing


@pytest.mark.parametrize("kinds", [2, 3, 7])
@pytest.mark.parametrize("preset", PRESETS)
def test_products_of_numpy_equal_what_scikit_learn_predicts(kinds: int, preset: str) -> None:
    router = fit_svm(*blobs(kinds=kinds, spread=2.5), "kind", preset)  # type: ignore[arg-type]
    others = directions(blobs(kinds=kinds, spread=4, seed=3)[0])
    expected = router.estimator.predict_proba(others)
    assert expected.argmax(axis=1).tolist() == router.likeliest(others).tolist()
    np.testing.assert_allclose(router.posterior(others), expected, atol=1e-5)
    np.testing.assert_allclose(router.posterior(others[:1]), expected[:1], atol=1e-5)


def test_the_baseline_is_the_svm_it_replaces() -> None:
    machine = fit_svm(*blobs(), "kind").estimator[-1]
    assert type(machine).__name__ == "CalibratedClassifierCV"
    assert machine.ensemble is False
    svc = machine.estimator
    assert (type(svc).__name__, svc.C, svc.kernel, svc.gamma, svc.probability) in {
        ("SVC", 1, "rbf", "auto", False),
        ("SVC", 1, "rbf", "auto", "deprecated"),
    }


def test_rare_and_missing_labels_are_no_keys() -> None:
    rows, labels = blobs()
    labels[:3] = ["rare"] * 3
    labels[3:9] = [""] * 6
    assert fit_svm(rows, labels, "kind", "linear").keys == ("kind 0", "kind 1", "kind 2", "kind 3")
    with pytest.raises(QueryError, match=r"--by.*--kind kmeans"):
        fit_svm(rows, ["one"] * len(rows), "kind")


def test_a_sample_keeps_every_label() -> None:
    labels = np.array(["common"] * 9000 + ["some"] * 990 + ["few"] * 10)
    rows = _sample(np.arange(10_000), labels, SVM_ROWS, 0)
    counts = {name: int((labels[rows] == name).sum()) for name in ("common", "some", "few")}
    assert counts == {"common": 5400, "some": 594, "few": 6}
    assert len(set(rows.tolist())) == len(rows)
    assert (labels[_sample(np.arange(10_000), labels, 100, 0)] == "few").sum() == FEWEST


def test_cells_are_numbered_and_each_row_is_in_the_nearest() -> None:
    rows, _ = blobs()
    router = fit_kmeans(rows, 6)
    assert router.keys == tuple("012345")
    centres = router.estimator.cluster_centers_
    far = np.linalg.norm(directions(rows)[:, None] - centres, axis=2)
    np.testing.assert_array_equal(router.likeliest(rows), far.argmin(axis=1))
    log = np.log(router.posterior(rows) / router.posterior(rows)[:, :1])
    np.testing.assert_allclose(log, far[:, :1] ** 2 - far**2, atol=1e-3)


def test_cells_of_few_and_of_equal_items() -> None:
    rows, _ = blobs(10)
    assert len(fit_kmeans(rows, 50).keys) == 5
    same = np.repeat(rows[:1], 30, axis=0)
    assert len(set(fit_kmeans(same, 5).likeliest(same).tolist())) == 1
    for wrong in (1, 0, -3, 10_001):
        with pytest.raises(QueryError, match="2 to 10,000"):
            fit_kmeans(rows, wrong)
    with pytest.raises(QueryError, match="two or more"):
        fit_kmeans(rows[:1], 5)


def test_fitting_twice_gives_the_same_router() -> None:
    rows, labels = blobs()
    for fit in (lambda: fit_kmeans(rows, 5), lambda: fit_svm(rows, labels, "kind")):
        np.testing.assert_array_equal(fit().posterior(rows), fit().posterior(rows))


def test_the_keys_of_one_query_come_by_their_probability() -> None:
    rows, labels = blobs()
    router = fit_svm(rows, labels, "kind", "linear").tuned(1.0, 1.0)
    keys = keys_for_query(router, rows[2], "soft")
    assert sorted(keys) == sorted(router.keys)
    posterior = dict(zip(router.keys, router.posterior(rows[2:3])[0], strict=True))
    assert [posterior[key] for key in keys] == sorted(posterior.values(), reverse=True)
    assert keys_for_query(router, rows[2], "hard") == ("kind 2",)


@pytest.mark.parametrize("name", ["sklearn", "skops.io"])
def test_without_the_extra_one_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(QueryError, match=r"pip install 'lookseek\[route\]'"):
        fit_kmeans(blobs()[0])


# files


def kept(router: Router, file: Path, **changed: object) -> Router:
    known = {"kind": router.kind, "by": router.by, "preset": router.preset, "keys": router.keys, "dim": router.dim}
    read = files.load if file.suffix == ".npz" else files.load_estimator
    return read(file.read_bytes(), str(file), files.unread_router(**{**known, **changed}))  # type: ignore[arg-type]


def saved(router: Router, folder: Path) -> tuple[Path, Path]:
    both = folder / "router.skops", folder / "router.npz"
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(both, files.dump(router), strict=True):
        file.write_bytes(content)
    return both


@pytest.mark.parametrize("what", [*PRESETS, "kmeans"])
def test_a_router_is_the_same_after_it_was_kept(tmp_path: Path, what: str) -> None:
    rows, labels = blobs()
    router = fit_kmeans(rows, 5) if what == "kmeans" else fit_svm(rows, labels, "kind", what)  # type: ignore[arg-type]
    for file in saved(router, tmp_path / "a"):
        again = kept(router, file)
        np.testing.assert_array_equal(again.posterior(rows), router.posterior(rows))
        with pytest.raises(IndexDamaged, match=r"another router.*lookseek route"):
            kept(router, file, keys=router.keys[:-1])
        with pytest.raises(IndexDamaged, match="lookseek route"):
            kept(router, file, dim=13)


def test_a_query_needs_no_scikit_learn(tmp_path: Path) -> None:
    rows, labels = blobs()
    _, file = saved(fit_svm(rows, labels, "kind"), tmp_path)
    code = """
import sys
from pathlib import Path
import numpy as np
from lookseek.route import files
known = files.unread_router("svm", "kind", "baseline", [f"kind {n}" for n in range(4)], 12)
router = files.load(Path(sys.argv[1]).read_bytes(), sys.argv[1], known)
print(router.posterior(np.ones((1, 12), np.float32)).sum(), sorted({"sklearn", "skops", "scipy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    total, rest = done.stdout.split(maxsplit=1)
    assert float(total) == pytest.approx(1)
    assert rest.strip() == "[]"


class Evil:
    """What a foreign file might hold: it would write when it is loaded."""

    path = ""

    def __getstate__(self) -> dict[str, str]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, str]) -> None:
        Path(state["path"]).write_text("ran")


def test_a_file_that_names_another_type_is_refused_and_does_not_run(tmp_path: Path) -> None:
    import skops.io

    rows, labels = blobs()
    router = fit_svm(rows, labels, "kind")
    evil = Evil()
    evil.path = str(tmp_path / "ran")
    router.estimator.steps.append(("evil", evil))
    data = skops.io.dumps(router.estimator)
    file = tmp_path / "router.skops"
    file.write_bytes(data)
    with pytest.raises(IndexDamaged, match=r"(?s)Evil.*lookseek route"):
        kept(router, file)
    assert not (tmp_path / "ran").exists()
    skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))  # what trusting the file's own list does
    assert (tmp_path / "ran").read_text() == "ran"


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "subprocess.Popen", "lookseek.route.files.dump"])
def test_a_schema_that_was_edited_is_refused(tmp_path: Path, name: str) -> None:
    rows, _ = blobs()
    router = fit_kmeans(rows, 4)
    file, _ = saved(router, tmp_path)
    module, _, attribute = name.rpartition(".")
    old, new = zipfile.ZipFile(file), io.BytesIO()
    with zipfile.ZipFile(new, "w") as out:
        for entry in old.namelist():
            content = old.read(entry)
            if entry == "schema.json":
                schema = json.loads(content)
                schema["__module__"], schema["__class__"] = module, attribute
                content = json.dumps(schema).encode()
            out.writestr(entry, content)
    file.write_bytes(new.getvalue())
    with pytest.raises(IndexDamaged):
        kept(router, file)


@pytest.mark.parametrize("form", [".skops", ".npz"])
@pytest.mark.parametrize("data", [b"", b"not a zip", b"\x80\x04\x95cos\nsystem\n(S'true'\ntR."])
def test_what_is_no_router_is_refused(tmp_path: Path, data: bytes, form: str) -> None:
    router, file = fit_kmeans(blobs()[0], 4), tmp_path / f"router{form}"
    file.write_bytes(data)
    with pytest.raises(IndexDamaged, match="lookseek route"):
        kept(router, file)


def test_the_trusted_names_are_two() -> None:
    """Widening this list is a decision: SECURITY.md names it."""
    assert len(files.TRUSTED) == 2
    assert all(name in (Path(__file__).parents[1] / "SECURITY.md").read_text() for name in files.TRUSTED)
