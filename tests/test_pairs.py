"""The matcher of pairs: its reasoning against a plain form of the paper, its file, and what a search makes of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookseek.encode.pairs.file import CellReduction, PairLayer, PairWeights, parse_pairs, write_pairs
from lookseek.encode.pairs.matcher import match_scores, reduce_cells
from lookseek.encode.pairs.pyramid import CELLS, SCALES, square_means
from lookseek.errors import ModelError, QueryError
from lookseek.query import Query
from lookseek.rerank import rerank, reranker_of
from lookseek.search.pairs import PairReranker
from lookseek.vectors import unit

DIM, INNER, WIDTH, HIDDEN = 6, 5, 4, 3


def weights_of(seed: int = 0, layers: int = 2, share: float = 0.5) -> PairWeights:
    """A matcher by chance."""
    chance = np.random.default_rng(seed)

    def array(*shape: int) -> np.ndarray:
        return chance.standard_normal(shape).astype(np.float32)

    widths = [WIDTH, *[HIDDEN] * layers]
    return PairWeights(
        CellReduction(SCALES, array(DIM, 8), array(DIM)),
        share,
        array(INNER, DIM),
        array(WIDTH, INNER),
        array(WIDTH),
        tuple(PairLayer(array(3, w), array(3, w), array(HIDDEN, w), array(HIDDEN)) for w in widths[:-1]),
        array(HIDDEN),
        0.3,
    )


def cells_of(count: int, seed: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((count, CELLS, DIM))).astype(np.float32)


# the paper, said plainly, a pair of cells and an edge at a time


def _length(values: list[float]) -> list[float]:
    size = math.sqrt(sum(value * value for value in values))
    return [value / size for value in values]


def _times(matrix: np.ndarray, values: list[float]) -> list[float]:
    return [sum(float(a) * b for a, b in zip(row, values, strict=True)) for row in matrix]


def _plus(values: list[float], offset: np.ndarray) -> list[float]:
    return [a + float(b) for a, b in zip(values, offset, strict=True)]


def plain_score(one: np.ndarray, other: np.ndarray, weights: PairWeights) -> float:
    def embedded(photo: np.ndarray) -> list[list[float]]:
        return [_length(_times(weights.embed, [float(value) for value in cell])) for cell in photo]

    first, second = embedded(one), embedded(other)
    nodes: list[list[float]] = []
    at = 0
    for side in weights.reduction.scales:
        level = range(at, at + side * side)
        for i in level:
            for j in level:
                squares = [(a - b) ** 2 for a, b in zip(first[i], second[j], strict=True)]
                nodes.append(_length(_plus(_times(weights.project, squares), weights.project_offset)))
        at += side * side
    assert len(nodes) == sum(side**4 for side in weights.reduction.scales)
    for layer in weights.layers:
        leaving = [_times(layer.out, node) for node in nodes]
        reached = [_times(layer.into, node) for node in nodes]
        reasoned = []
        for start in leaving:
            powers = [math.exp(sum(a * b for a, b in zip(start, end, strict=True))) for end in reached]
            edges = [power / sum(powers) for power in powers]  # over all nodes, of all sizes
            mixed = [
                sum(e * value for e, value in zip(edges, column, strict=True)) for column in zip(*nodes, strict=True)
            ]
            reasoned.append([max(0.0, value) for value in _plus(_times(layer.weight, mixed), layer.offset)])
        nodes = reasoned
    logit = sum(float(a) * b for a, b in zip(weights.read, nodes[0], strict=True)) + weights.read_offset
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_reasoning_is_the_paper_s(layers: int) -> None:
    weights, cells = weights_of(layers, layers), cells_of(4)
    expected = [plain_score(cells[0], other, weights) for other in cells[1:]]
    assert match_scores(cells[0], cells[1:], weights) == pytest.approx(expected, abs=1e-5)


def test_a_score_is_symmetric_and_depends_on_no_other_photo() -> None:
    weights, cells = weights_of(), cells_of(5)
    forth = match_scores(cells[0], cells[1:], weights)
    back = [match_scores(other, cells[:1], weights)[0] for other in cells[1:]]
    assert forth == pytest.approx(back, abs=1e-5)
    assert match_scores(cells[0], cells[2:3], weights)[0] == pytest.approx(forth[1], abs=1e-6)
    assert ((forth > 0) & (forth < 1)).all()


def test_a_photo_matches_itself_as_any_other_does_itself_and_a_moved_part_counts_no_less() -> None:
    """Of two equal photos every difference of a cell with itself is nothing; where parts lie does not count."""
    weights, cells = weights_of(), cells_of(2)
    own = [match_scores(photo, np.stack([photo, photo]), weights) for photo in cells]
    assert all(np.isfinite(pair).all() and pair[0] == pytest.approx(pair[1]) for pair in own)
    moved = cells[1].copy()
    moved[1:5], moved[5:] = moved[1:5][::-1], moved[5:][::-1]
    both = match_scores(cells[0], np.stack([cells[1], moved]), weights)
    assert both[0] == pytest.approx(both[1], abs=1e-5)


def test_cells_are_means_of_the_map_and_have_length_1() -> None:
    maps = np.random.default_rng(0).random((2, 7, 7, 8)).astype(np.float32)
    levels = [square_means(maps, side) for side in SCALES]
    assert levels[0][:, 0] == pytest.approx(maps.mean((1, 2)), abs=1e-6)
    assert levels[1][:, 3] == pytest.approx(maps[:, 3:, 3:].mean((1, 2)), abs=1e-6)  # cells overlap: 7 is odd
    assert [level.shape[1] for level in levels] == [1, 4, 9]
    small = reduce_cells(np.concatenate(levels, 1), weights_of().reduction)
    assert small.shape == (2, CELLS, DIM) and np.allclose(np.linalg.norm(small, axis=-1), 1, atol=1e-5)
    assert np.isfinite(reduce_cells(np.full((1, CELLS, 8), -1.0), weights_of().reduction)).all()


def test_the_file_is_read_as_it_was_written_and_a_damaged_one_is_refused() -> None:
    weights, cells = weights_of(), cells_of(3)
    content = write_pairs(weights)
    assert content == write_pairs(weights)
    again = parse_pairs(content, "pairs.npz")
    assert match_scores(cells[0], cells[1:], again) == pytest.approx(match_scores(cells[0], cells[1:], weights))
    assert again.share == weights.share and again.reduction.version == weights.reduction.version
    retrained = replace(weights, read=weights.read + 1)
    assert retrained.reduction.version == weights.reduction.version  # an index stays one
    other = replace(weights.reduction, offset=weights.reduction.offset + 1)
    assert other.version != weights.reduction.version
    broken = replace(weights, read=weights.read[:-1])
    unfit = replace(weights, embed=np.full_like(weights.embed, np.nan))
    whole = [write_pairs(wrong) for wrong in (broken, unfit, replace(weights, share=2.0))]
    for wrong in (content[:200], b"", b"PK", *whole):
        with pytest.raises(ModelError, match=r"m/pairs\.npz is no matcher of pairs .* export the training again"):
            parse_pairs(wrong, "m/pairs.npz")


def test_only_the_first_are_put_in_another_order_and_none_is_lost() -> None:
    reranker = PairReranker(weights_of(share=0.5), depth=7)
    cells = cells_of(8)
    scores = np.linspace(0.9, 0.1, 12)
    final = rerank(reranker, cells[0], cells[1:], scores)
    matches = match_scores(cells[0], cells[1:], reranker.weights)
    assert final[:7] == pytest.approx(0.5 * scores[:7] + 0.5 * matches)
    order = np.argsort(-final, kind="stable").tolist()
    assert sorted(order[:7]) == list(range(7)) and order[7:] == list(range(7, 12))
    flat = reranker.rescore(cells[0].ravel(), cells[1:].reshape(7, -1) * 3, scores[:7])  # as a cache keeps them
    assert flat == pytest.approx(matches, abs=1e-5)


def test_pairs_compare_photos_alone_and_stand_alone() -> None:
    for query in ({"text": "red"}, {"image": b"x", "text": "in red"}, {"image": b"x", "minus": ("dots",)}):
        with pytest.raises(QueryError, match="pairs compares the cells of two photos: ask with a photo alone"):
            Query(rerank="pairs", **query)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="by cosine only"):
        Query(image=b"x", metric="euclidean", rerank="pairs")
    with pytest.raises(QueryError, match="pairs compares cells, which no other re-ranker does"):
        reranker_of("query-expansion,pairs")


def test_a_model_without_a_matcher_names_the_command_that_trains_one(ready: tuple[Path, Path]) -> None:
    from lookseek.search import Searcher

    photo = min(ready[0].rglob("*.jpg"))
    with Searcher(ready[1]) as searcher, pytest.raises(ModelError, match=r"has no pairs\.npz.*train pairs"):
        searcher.search(Query(image=photo, rerank="pairs"))
