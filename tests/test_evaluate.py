"""From a benchmark and a system to figures: what is measured, what is refused, and that chance is chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.errors import CatalogueError, ModelError, QueryError
from lookseek.evaluate.outcome import KEPT, Evaluation
from lookseek.evaluate.rank import Block
from lookseek.evaluate.registry import BENCHMARKS, benchmark
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import System, open_system
from lookseek.evaluate.task import Benchmark, EvaluationQuery, Loaded, Options, Task
from lookseek.evaluate.truth import Listed, SameLabel
from lookseek.types import Photo

SPECS = drawn_specs(12, 3)
PHOTOS: dict[str, Photo] = {spec.id: images.to_png(draw(spec, 64)) for spec in SPECS}
ITEMS = sorted({spec.item_id for spec in SPECS})
LABELS = np.array([ITEMS.index(spec.item_id) for spec in SPECS])
ROWS = np.arange(len(SPECS))


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKSEEK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield  # type: ignore[misc]


def same_item(metrics: tuple[str, ...] = ("recall@1", "map"), **more: object) -> Task:
    """Every drawn photo asks for the other photos of its design."""
    queries = tuple(EvaluationQuery(spec.id, spec.id) for spec in SPECS)
    return Task(queries, tuple(PHOTOS), SameLabel(LABELS, LABELS, ROWS), metrics, **more)  # type: ignore[arg-type]


def of(*tasks: Task, photos: dict[str, Photo] | None = None, **more: object) -> Benchmark:
    loaded = Loaded(tasks, PHOTOS if photos is None else photos, **more)  # type: ignore[arg-type]
    return Benchmark("toy", "about", "drawn photos", "size", "photo", ("only",), lambda _: loaded)


def run(asked: Benchmark, system: System | None = None, **more: object) -> Evaluation:
    options = Options(Path("toy"), "test", "only")
    return evaluate(asked, options, system or open_system("colour"), Heard(), **more)  # type: ignore[arg-type]


def vectors_at(folder: Path, keys: list[str], vectors: np.ndarray) -> str:
    np.save(folder / "others.npy", vectors)
    (folder / "others.txt").write_text("\n".join(keys) + "\n", encoding="utf-8")
    return str(folder / "others.npy")


def test_the_figures_are_those_of_a_plain_loop() -> None:
    outcome = run(of(same_item())).outcomes[0]
    from lookseek.encode import ColourEncoder

    encoder = ColourEncoder()
    vectors = encoder.encode([encoder.prepare(images.decode(photo, 64)) for photo in PHOTOS.values()])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for row in range(len(SPECS)):
        order = [c for c in np.argsort(-(vectors @ vectors[row]), kind="stable") if c != row]
        right = [LABELS[c] == LABELS[row] for c in order]
        assert outcome.values["recall@1"][row] == right[0]
        hits = [place + 1 for place, good in enumerate(right) if good]
        assert outcome.values["map"][row] == pytest.approx(np.mean([(i + 1) / h for i, h in enumerate(hits)]))
        assert outcome.first[row] == hits[0]
        assert outcome.best[row].tolist() == order[:KEPT]


def test_a_result_says_how_it_was_made() -> None:
    result = run(of(same_item())).result
    assert (result.benchmark, result.protocol, result.split) == ("toy", "only", "test")
    assert (result.gallery_size, result.queries, result.missing) == (len(SPECS), len(SPECS), ())
    assert result.model["name"] == "colour"
    assert result.model["metric"] == "cosine"
    assert set(result.metrics) == {"recall@1", "map"}
    for figure in result.metrics.values():
        assert 0 <= figure.low <= figure.value <= figure.high <= 1


def test_measured_again_it_is_the_same() -> None:
    first, second = run(of(same_item())).result, run(of(same_item())).result
    assert replace(first, took_s=0) == replace(second, took_s=0)


def test_the_gallery_s_hash_knows_ids_and_not_their_order() -> None:
    task = same_item()
    reverse = np.arange(len(SPECS))[::-1]
    turned = task.only(np.arange(len(SPECS)), reverse)
    assert turned.gallery == task.gallery  # nothing left out: nothing changes
    turned = replace(task, gallery=task.gallery[::-1], truth=SameLabel(LABELS, LABELS[::-1], ROWS[::-1]))
    smaller = task.without({SPECS[0].id})
    hashes = [run(of(some)).result.gallery_hash for some in (task, turned, smaller)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_names_of_figures() -> None:
    dresses = np.flatnonzero([spec.attributes["category"] == "dress" for spec in SPECS])
    strata = [
        replace(same_item(("recall@1",)).only(rows, ROWS), stratum=name)
        for name, rows in (("few", np.arange(3)), ("many", np.arange(3, len(SPECS))))
    ]
    tasks = (
        *strata,
        same_item(("map",), parts={"dress": dresses}),
        same_item(("map",), name="beside", parts={"dress": dresses}),
    )
    result = run(of(*tasks)).result
    assert list(result.metrics)[:2] == ["recall@1", "map"], "the headline comes first"
    assert set(result.metrics) == {
        "recall@1", "recall@1/few", "recall@1/many", "map", "map/dress", "map/beside", "map/beside-dress",
    }  # fmt: skip
    few, many = result.metrics["recall@1/few"].value, result.metrics["recall@1/many"].value
    assert result.metrics["recall@1"].value == pytest.approx((few + many) / 2), "each stratum counts alike"
    assert result.gallery_size == len(SPECS), "one gallery, though three tasks search it"
    assert result.queries == 3 + (len(SPECS) - 3) + len(SPECS)


def test_photos_that_are_missing_or_broken_are_named_and_left_out() -> None:
    gone, broken = SPECS[0].id, SPECS[5].id
    photos = {id: photo for id, photo in PHOTOS.items() if id != gone} | {broken: b"no photo"}
    evaluation = run(of(same_item(), photos=photos, missing=("named-by-the-loader",)))
    assert evaluation.result.missing == tuple(sorted(("named-by-the-loader", gone, broken)))
    (task,) = evaluation.loaded.tasks
    assert not {gone, broken} & set(task.gallery)
    assert evaluation.result.gallery_size == len(SPECS) - 2
    assert evaluation.result.queries == len(SPECS) - 2


def test_a_query_that_nothing_left_can_answer_is_not_asked() -> None:
    design = [spec.id for spec in SPECS if spec.item_id == ITEMS[0]]
    photos = {id: photo for id, photo in PHOTOS.items() if id not in design[1:]}
    evaluation = run(of(same_item(), photos=photos))
    assert design[0] in evaluation.loaded.tasks[0].gallery
    assert design[0] not in [query.id for query in evaluation.loaded.tasks[0].queries]


def test_no_photo_at_all_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(CatalogueError, match=r"none of the 36 photos .* put them there \(drawn photos\)"):
        run(of(same_item(), photos={}))


def test_vectors_of_another_program_are_measured_by_their_keys(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    keys = [*PHOTOS, "words:red"]
    vectors = np.eye(len(ITEMS), dtype=np.float32)[LABELS] + random.normal(0, 0.01, (len(SPECS), len(ITEMS)))
    words = np.eye(len(ITEMS))[3:4]
    order = random.permutation(len(keys))
    stacked = np.concatenate([vectors, words]).astype(np.float32)[order]
    system = open_system(vectors_at(tmp_path, [keys[row] for row in order], stacked))
    result = run(of(same_item()), system).result
    assert result.metrics["map"].value == 1
    assert result.model["name"] == "others"

    truth = Listed(len(SPECS), ({int(row): 1 for row in np.flatnonzero(LABELS == 3)},))
    asked = Task((EvaluationQuery("q", text="red"),), tuple(PHOTOS), truth, ("map", "fraction@3"))
    assert run(of(asked, photos={}), system).result.metrics["map"].value == 1


def test_a_change_asks_with_its_own_vector_or_with_the_reference_alone(tmp_path: Path) -> None:
    query = EvaluationQuery("q", SPECS[0].id, "the same in blue")
    truth = Listed(len(SPECS), ({4: 1},), barred=((0,),))
    asked = of(Task((query,), tuple(PHOTOS), truth, ("recall@1",)))
    alone = run(asked)
    assert "reference photo alone" in str(alone.result.model["query"])
    vectors = np.eye(len(SPECS) + 1, dtype=np.float32)
    vectors[-1] = vectors[4]
    composed = open_system(vectors_at(tmp_path, [*PHOTOS, query.key], vectors))
    assert run(asked, composed).result.metrics["recall@1"].value == 1
    lacking = open_system(vectors_at(tmp_path, list(PHOTOS), vectors[:-1]))
    with pytest.raises(ModelError, match=r"no vector for 1 of 1 queries.*change:.*--inputs"):
        run(asked, lacking)


def test_a_proxy_s_texts_take_the_place_of_photos(tmp_path: Path) -> None:
    task = Task((EvaluationQuery("q", text="b"),), ("x", "y"), Listed(2, ({1: 1},)), ("recall@1",))
    proxy = of(task, photos={}, texts={"x": "a", "y": "b"})
    system = open_system(vectors_at(tmp_path, ["x", "y", "words:b"], np.array([[1, 0], [0, 1], [0.1, 1]], np.float32)))
    assert run(proxy, system).result.metrics["recall@1"].value == 1
    with pytest.raises(ModelError, match="reads no words"):
        run(proxy)


@pytest.mark.parametrize(
    ("keys", "vectors", "said"),
    [
        (["a"], np.zeros((2, 3), np.float32), "1 names"),
        (["a", "a"], np.zeros((2, 3), np.float32), "twice"),
        (["a", "b"], np.zeros((2, 3), np.int32), "int32"),
        (["a", "b"], np.zeros(2, np.float32), r"shape \(2,\)"),
    ],
)
def test_vectors_that_dont_fit_their_names(tmp_path: Path, keys: list[str], vectors: np.ndarray, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        open_system(vectors_at(tmp_path, keys, vectors))


def test_vectors_without_names_or_with_objects_inside(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((1, 2), np.float32))
    with pytest.raises(ModelError, match=r"a\.txt"):
        open_system(str(tmp_path / "a.npy"))
    np.save(tmp_path / "b.npy", np.array([{"a": 1}]), allow_pickle=True)
    (tmp_path / "b.txt").write_text("x\n")
    with pytest.raises(ModelError, match="can't be read"):
        open_system(str(tmp_path / "b.npy"))


def test_vectors_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    vectors = np.ones((len(SPECS), 2), np.float32)
    vectors[3] = np.nan
    with pytest.raises(ModelError, match="nan"):
        run(of(same_item()), open_system(vectors_at(tmp_path, list(PHOTOS), vectors)))


def test_the_colour_s_share_is_that_of_a_search() -> None:
    weight = 0.3
    tasks = of(same_item(("map",)))
    mixed = run(tasks, open_system("efficientnet-lite2", colour_weight=weight))
    look, colour = run(tasks, open_system("efficientnet-lite2")), run(tasks)
    first = {spec.id: place for place, spec in enumerate(SPECS)}
    expected: dict[tuple[int, int], float] = {}
    for evaluation, share in ((look, 1 - weight), (colour, weight)):
        outcome = evaluation.outcomes[0]
        for row in range(len(SPECS)):
            for column, score in zip(outcome.best[row], outcome.scores[row], strict=True):
                expected[row, int(column)] = expected.get((row, int(column)), 0) + share * float(score)
    outcome, compared = mixed.outcomes[0], 0
    for row in range(len(SPECS)):
        for column, score in zip(outcome.best[row], outcome.scores[row], strict=True):
            both = all(int(column) in one.outcomes[0].best[row] for one in (look, colour))
            if both:
                assert float(score) == pytest.approx(expected[row, int(column)], abs=2e-3)
                compared += 1
    assert compared > len(first)


@pytest.mark.parametrize(
    ("model", "metric", "weight"), [("colour", "cosine", 0.1), ("efficientnet-lite2", "euclidean", 0.1)]
)
def test_a_colour_weight_where_there_is_none_to_weigh(model: str, metric: str, weight: float) -> None:
    with pytest.raises(QueryError, match="colour weight"):
        open_system(model, metric, weight)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="from 0 to 1"):
        open_system("efficientnet-lite2", "cosine", 1.5)


def test_what_the_model_saw_is_a_picture() -> None:
    photo = next(iter(PHOTOS.values()))
    seen = open_system("efficientnet-lite2").seen
    assert seen is not None
    pixels = seen(photo)
    assert (pixels.shape, pixels.dtype) == ((224, 224, 3), np.uint8)
    assert pixels.std() > 10
    assert open_system("colour").seen is None, "a histogram is no picture"


def test_answers_can_be_followed_block_by_block() -> None:
    heard: list[tuple[Task, Block]] = []
    evaluation = run(of(same_item()), written=lambda task, block: heard.append((task, block)))
    assert [task for task, _ in heard] == [evaluation.loaded.tasks[0]]
    assert sum(block.rows.stop - block.rows.start for _, block in heard) == len(SPECS)


def expected_by_chance(task: Task, metric: str) -> float:
    """The mean of a metric over queries if the gallery came in an order by chance."""
    grades = task.truth.grades(slice(None))
    right, size = (grades > 0).sum(axis=1), (grades >= 0).sum(axis=1)
    form, _, k = metric.partition("@")
    if form == "precision":
        return float((right / size).mean())
    if form == "decided":
        return 0.5  # a coin says whether something close is there
    if form == "fraction":
        return float(np.minimum(int(k) / size, 1).mean())
    none = np.ones(len(right))
    for drawn in range(int(k or 1)):  # the chance that none of the first k is right, drawn without replacement
        none *= np.clip((size - right - drawn) / np.maximum(size - drawn, 1), 0, 1)
    return float((1 - none).mean())


CHANCE = {
    "clothing": ("clothing", ("precision@10", "recall@10")),
    "clothing-judged": ("clothing", ("precision@10",)),
    "myntra-class": ("myntra", ("precision@10", "precision@100")),
    "myntra-text": ("myntra", ("recall@10", "recall@50", "any@10")),
    "myntra-attributes": ("myntra", ("precision@10",)),
    "myntra-words": ("myntra", ("precision@10",)),
    "myntra-composed": ("myntra", ("recall@10", "recall@50", "any@10")),
    "myntra-text-all": ("myntra", ("recall@10", "recall@50", "any@10")),
    "myntra-description": ("myntra", ("recall@10", "recall@50", "any@10")),
    "myntra-fine": ("myntra", ("precision@10",)),
    "myntra-plus-minus": ("myntra", ("precision@10",)),
    "myntra-changes": ("myntra", ("recall@10", "any@10")),
    "closeness": ("myntra", ("decided@10",)),
    "ccp-types": ("ccp", ("precision@10", "recall@10")),
    "drawn-composed": ("drawn", ("recall@10", "any@10")),
    "drawn-instance": ("drawn", ("recall@10",)),
    "fashioniq": ("fashioniq", ("recall@10", "recall@50")),
    "fashioniq-text": ("fashioniq", ("recall@10", "recall@50")),
    "robustness": ("drawn", ("recall@10",)),
    "instance": ("drawn:40", ("recall@10",)),
    "attributes": ("drawn:60", ()),
    "inshop": ("", ()), "consumer2shop": ("", ()), "category": ("", ()),
}  # fmt: skip
"""Benchmark to its data, and the metrics whose chance level has a formula; "": measured on replicas elsewhere."""


def test_every_benchmark_has_its_chance() -> None:
    assert set(CHANCE) == set(BENCHMARKS)


def knowing(loaded: Loaded, folder: Path) -> System:
    """Vectors that know the answers: a query lies by its right items, photos of a class lie together."""
    random = np.random.default_rng(0)
    queries = [query for task in loaded.tasks for query in task.queries]
    keys = dict.fromkeys(
        [*(id for task in loaded.tasks for id in task.gallery), *(q.photo or q.key for q in queries)]
        + [query.key for query in queries]
    )
    row = {key: place for place, key in enumerate(keys)}
    vectors = random.normal(size=(len(keys), 24)).astype(np.float32)
    for task in [task for task in loaded.tasks if not task.name and task.classes is None]:
        if isinstance(task.truth, SameLabel):
            centres = 5 * random.normal(size=(int(task.truth.gallery_labels.max()) + 1, 24)).astype(np.float32)
            vectors[[row[id] for id in task.gallery]] += centres[task.truth.gallery_labels]
            asked = [number for number, q in enumerate(task.queries) if q.key not in task.gallery]
            vectors[[row[task.queries[number].key] for number in asked]] += centres[task.truth.query_labels[asked]]
        else:
            shown, placed = set(task.gallery), set[str]()
            for query, grades in zip(task.queries, task.truth.grades(slice(None)), strict=True):
                if query.key not in shown:
                    right = [row[task.gallery[column]] for column in np.flatnonzero(grades > 0)]
                    if len(right) == 1:
                        vectors[row[query.key]] = vectors[right[0]]
                    else:
                        vectors[right] = vectors[row[query.key]] + 0.1 * random.normal(size=(len(right), 24))
                elif query.key not in placed:  # a photo that asks for those of its label, and is one of them
                    alike = [task.gallery[column] for column in np.flatnonzero(grades > 0)] + [query.key]
                    placed |= set(alike)
                    vectors[[row[key] for key in alike]] += 5 * random.normal(size=24)
    return open_system(vectors_at(folder, list(keys), vectors))


@pytest.mark.parametrize("name", [name for name, (_, metrics) in CHANCE.items() if metrics])
def test_with_the_truth_dealt_out_anew_the_figures_are_chance(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place, metrics = CHANCE[name]
    if not place.startswith("drawn"):
        place = str(request.getfixturevalue("data") / place)
    chosen = benchmark(name)
    options = Options(Path(place), chosen.split, chosen.protocols[0])
    whole = chosen.load(options)
    few = [
        task.only(np.arange(0, len(task.queries), -(-len(task.queries) // 300)), np.arange(len(task.gallery)))
        for task in whole.tasks
    ]
    loaded = replace(whole, tasks=tuple(few))
    quick, system = replace(chosen, load=lambda _: loaded), knowing(loaded, tmp_path)
    shuffled = evaluate(quick, options, system, Heard(), shuffle=True).result.metrics
    coin = all(metric.startswith("decided") for metric in metrics)  # which vectors alone can't answer
    honest = {} if coin else evaluate(quick, options, system, Heard()).result.metrics
    for metric in metrics:
        tasks = [task for task in loaded.tasks if not task.name and metric in task.metrics]
        expected = float(np.mean([expected_by_chance(task, metric) for task in tasks]))
        figure = shuffled[metric]
        rare = 3 * (expected / sum(len(task.queries) for task in tasks)) ** 0.5  # no hit at all has no width
        assert abs(figure.value - expected) < (figure.high - figure.low) + rare, (metric, figure, expected)
        assert coin or honest[metric].value > expected + 0.05, "vectors that know the answers tell"


@pytest.mark.parametrize(
    "name", [name for name, (_, metrics) in CHANCE.items() if metrics and "queries, gallery" in BENCHMARKS[name].size]
)
def test_the_sizes_that_are_listed_are_those_of_the_data(name: str, request: pytest.FixtureRequest) -> None:
    place = CHANCE[name][0]
    folder = Path(place) if place.startswith("drawn") else request.getfixturevalue("data") / place
    chosen = benchmark(name)
    head = [task for task in chosen.load(Options(folder, chosen.split, chosen.protocols[0])).tasks if not task.name]
    queries = sum(map(len, {task.queries for task in head}))
    gallery = sum(map(len, {task.gallery for task in head}))
    assert chosen.size.startswith(f"{queries:,} queries, gallery {gallery:,}")


def test_an_id_that_is_there_twice_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"the photo 'x' is there twice"):
        Task((EvaluationQuery("q", text="a"),), ("x", "y", "x"), Listed(3, ({0: 1},)), ("recall@1",))
    with pytest.raises(CatalogueError, match=r"the query 'q' is there twice"):
        Task(
            (EvaluationQuery("q", text="a"), EvaluationQuery("q", text="b")), ("x",), Listed(1, ({}, {})), ("recall@1",)
        )


@pytest.mark.parametrize("gone", ["queries", "gallery"])
def test_without_queries_or_gallery_there_is_no_figure_but_an_error(gone: str, tmp_path: Path) -> None:
    ids = list(PHOTOS)
    asked, shown = ids[:4], ids[4:]
    labels = LABELS[:4] * 0
    truth = SameLabel(labels, np.zeros(len(shown), int), np.full(4, -1))
    votes = Listed(1, ({0: 1},) * 4)
    queries = tuple(EvaluationQuery(id, id) for id in asked)
    tasks = (
        Task(queries, tuple(shown), truth, ("map",)),
        Task(queries, tuple(shown), votes, ("accuracy",), classes=np.ones((len(shown), 1), bool), class_names=("a",)),
    )
    kept = shown if gone == "queries" else asked
    system = open_system(vectors_at(tmp_path, kept, np.eye(len(kept), dtype=np.float32)))
    with pytest.raises(CatalogueError, match="no query left"):
        run(of(*tasks), system)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.zeros((len(SPECS), 3), np.float32), "all zeros"),
        (np.ones((len(SPECS), 0), np.float32), r"shape \(36, 0\)"),
        (np.full((len(SPECS), 2), 1e300), "beyond float32"),
    ],
)
def test_vectors_that_say_nothing_are_refused(tmp_path: Path, vectors: np.ndarray, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        run(of(same_item()), open_system(vectors_at(tmp_path, list(PHOTOS), vectors)))


def test_very_large_and_very_small_vectors_are_directions_too(tmp_path: Path) -> None:
    vectors = np.eye(len(ITEMS), dtype=np.float32)[LABELS]
    for scale in (1e30, 1e-30):
        result = run(
            of(same_item()), open_system(vectors_at(tmp_path, list(PHOTOS), vectors * np.float32(scale)))
        ).result
        assert result.metrics["map"].value == 1


def test_keys_of_another_benchmark_are_told_apart(tmp_path: Path) -> None:
    system = open_system(vectors_at(tmp_path, ["other-1", "other-2"], np.eye(2, dtype=np.float32)))
    with pytest.raises(ModelError, match=f"begins with 'other-1', they are called e.g. '{SPECS[0].id}'"):
        run(of(same_item()), system)


def test_a_byte_order_mark_before_the_keys_is_no_part_of_the_first(tmp_path: Path) -> None:
    path = vectors_at(tmp_path, list(PHOTOS), np.eye(len(ITEMS), dtype=np.float32)[LABELS])
    names = tmp_path / "others.txt"
    names.write_bytes(b"\xef\xbb\xbf" + names.read_bytes())
    assert run(of(same_item()), open_system(path)).result.missing == ()


def test_the_hash_knows_what_is_right() -> None:
    other = replace(same_item(), truth=SameLabel(LABELS % 3, LABELS % 3, ROWS))
    hashes = {run(of(task)).result.gallery_hash for task in (same_item(), same_item(("map",)), other)}
    assert len(hashes) == 2, "another truth is another task, other metrics are not"


def test_intervals_are_as_wide_as_the_photos_are_few() -> None:
    once = replace(same_item(("recall@1",)))
    copies = tuple(
        EvaluationQuery(f"{q.id}~{copy}", q.photo, source_photo=q.photo) for copy in range(30) for q in once.queries
    )
    truth = SameLabel(np.tile(LABELS, 30), LABELS, np.tile(ROWS, 30))
    often = Task(copies, once.gallery, truth, ("recall@1",))
    first, second = (run(of(task)).result.metrics["recall@1"] for task in (once, often))
    assert second.value == pytest.approx(first.value)
    assert second.high - second.low == pytest.approx(first.high - first.low, abs=0.06)
