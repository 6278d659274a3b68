"""Re-rankers against plain forms of their papers, and what a search makes of them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookseek.errors import QueryError
from lookseek.query import Query
from lookseek.render.as_json import query_to_dict
from lookseek.rerank import (
    RERANKERS,
    DatabaseAugmentation,
    Diffusion,
    KReciprocal,
    QueryExpansion,
    Reranker,
    rerank,
    reranker_of,
)
from lookseek.search import Searcher, pipeline
from lookseek.vectors import unit

NAMES = sorted(RERANKERS)


def candidates(count: int, seed: int, dim: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A query and what it found, best first: vectors in bunches, so that some are each other's neighbours."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((4, dim))
    rows = unit(centres[random.integers(4, size=count + 1)] + 0.4 * random.standard_normal((count + 1, dim)))
    query, vectors = rows[0], rows[1:]
    vectors = vectors[np.argsort(-(vectors @ query), kind="stable")]
    return query, vectors, vectors @ query


# the papers, said plainly


def expanded_cosines(query: np.ndarray, vectors: np.ndarray, n: int, alpha: float) -> list[float]:
    """Radenović et al., 4.4: the query and its n nearest, each times its similarity to the power of alpha."""
    total = [float(value) for value in query]
    nearest = sorted(range(len(vectors)), key=lambda i: -float(vectors[i] @ query))[:n]
    for i in nearest:
        similarity = max(0.0, float(vectors[i] @ query))
        total = [a + similarity**alpha * float(b) for a, b in zip(total, vectors[i], strict=True)]
    length = math.sqrt(sum(a * a for a in total))
    return [sum(a * float(b) for a, b in zip(total, vector, strict=True)) / length for vector in vectors]


def jaccard_similarities(query: np.ndarray, vectors: np.ndarray, k1: int, k2: int) -> list[float]:
    """Zhong et al., 3.2 to 3.4, in sets."""
    rows = [query, *vectors]
    count = len(rows)
    distance = [[0.0 if a == b else 1 - float(rows[a] @ rows[b]) for b in range(count)] for a in range(count)]

    def nearest(p: int, k: int) -> list[int]:
        """N(p, k), with p itself beside the k."""
        return [p, *sorted((g for g in range(count) if g != p), key=lambda g: distance[p][g])[:k]]

    def mutual(p: int, k: int) -> set[int]:
        """R(p, k), eq. 2."""
        return {g for g in nearest(p, k) if p in nearest(g, k)}

    def expanded(p: int) -> set[int]:
        """R*(p, k1), eq. 3."""
        found = mutual(p, k1)
        for q in mutual(p, k1):
            half = mutual(q, round(k1 / 2))
            if len(mutual(p, k1) & half) >= 2 / 3 * len(half) - 1e-9:
                found = found | half
        return found

    encoded = []
    for p in range(count):
        neighbours = expanded(p)
        encoded.append([math.exp(-distance[p][g]) if g in neighbours else 0.0 for g in range(count)])  # eq. 7
    averaged = [
        [sum(encoded[g][column] for g in nearest(p, k2 - 1)) / len(nearest(p, k2 - 1)) for column in range(count)]
        for p in range(count)
    ]  # eq. 11: the k2 nearest, p counted
    similarities = []
    for g in range(1, count):
        least = sum(map(min, averaged[0], averaged[g]))
        most = sum(map(max, averaged[0], averaged[g]))
        similarities.append(least / most)  # 1 - eq. 10
    return similarities


@given(st.integers(1, 30), st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([0.0, 1.0, 3.0]))
def test_query_expansion_is_the_papers(count: int, seed: int, n: int, alpha: float) -> None:
    query, vectors, scores = candidates(count, seed)
    made = QueryExpansion(neighbours=n, alpha=alpha).rescore(query, vectors, scores)
    np.testing.assert_allclose(made, expanded_cosines(query, vectors, n, alpha), atol=1e-5)


@given(st.integers(1, 24), st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 5))
def test_k_reciprocal_encoding_is_the_papers(count: int, seed: int, k1: int, k2: int) -> None:
    query, vectors, scores = candidates(count, seed)
    made = KReciprocal(k1=k1, k2=k2).rescore(query, vectors, scores)
    np.testing.assert_allclose(made, jaccard_similarities(query, vectors, k1, k2), atol=1e-5)


def augmented_cosines(query: np.ndarray, vectors: np.ndarray, n: int) -> list[float]:
    """Gordo et al., 4.4: each vector and its n nearest, weighted (n + 1 - rank) / (n + 1)."""
    found = []
    for row, own in enumerate(vectors):
        others = sorted((r for r in range(len(vectors)) if r != row), key=lambda r: -float(vectors[r] @ own))[:n]
        total = np.sum([(n + 1 - rank) / (n + 1) * vectors[r] for rank, r in enumerate([row, *others])], axis=0)
        found.append(float(total @ query / np.linalg.norm(total)))
    return found


@given(st.integers(1, 24), st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_database_augmentation_is_the_papers(count: int, seed: int, n: int) -> None:
    query, vectors, scores = candidates(count, seed)
    made = DatabaseAugmentation(neighbours=n).rescore(query, vectors, scores)
    np.testing.assert_allclose(made, augmented_cosines(query, vectors, n), atol=1e-5)


@given(st.integers(1, 24), st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_diffusion_is_the_limit_of_the_papers_random_walk(count: int, seed: int, n: int) -> None:
    """Iscen et al., eq. 2: f = alpha S f + (1 - alpha) y, again and again."""
    query, vectors, scores = candidates(count, seed)
    made = Diffusion(neighbours=n, alpha=0.8).rescore(query, vectors, scores)
    rows = np.concatenate([query[None], vectors])
    cosines = rows @ rows.T
    near = [sorted((c for c in range(count + 1) if c != r), key=lambda c: -cosines[r, c])[:n] for r in range(count + 1)]
    edges = np.zeros((count + 1, count + 1))
    for a in range(count + 1):
        for b in near[a]:
            edges[a, b] = max(0.0, cosines[a, b]) ** 3 if a in near[b] else 0.0
    degree = np.maximum(edges.sum(axis=1), 1e-12)
    step = edges / np.sqrt(np.outer(degree, degree))
    flow, start = np.zeros(count + 1), np.eye(count + 1)[0]
    for _ in range(400):
        flow = 0.8 * step @ flow + 0.2 * start
    most = flow[1:].max()
    np.testing.assert_allclose(made, flow[1:] / most if most > 0 else flow[1:], atol=1e-5)


def test_diffusion_follows_a_chain_that_cosine_cuts_off() -> None:
    """Candidates in steps of 14 degrees go on to 56; one at -50 is nearer to the query and stands alone."""
    degrees = np.radians([0, 14, 28, 42, -50, 56])
    rows = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    scores = rows[1:] @ rows[0]
    assert scores[4] < scores[3]
    made = Diffusion(neighbours=2).rescore(rows[0], rows[1:], scores)
    assert made[4] > made[3]


def test_a_stack_hands_on_its_order_and_its_blended_scores() -> None:
    query, vectors, scores = candidates(40, 1)
    stack = reranker_of("query-expansion,k-reciprocal")
    assert stack is not None and stack.name == "query-expansion,k-reciprocal" and stack.depth == 100
    first, second = QueryExpansion(), KReciprocal()
    moved = first.rescore(query, vectors, scores)
    order = np.argsort(-moved, kind="stable")
    expected = np.empty(40)
    expected[order] = 0.3 * moved[order] + 0.7 * second.rescore(query, vectors[order], moved[order])
    np.testing.assert_allclose(stack.rescore(query, vectors, scores), expected, atol=1e-6)
    assert reranker_of("none") is None and reranker_of("diffusion") == Diffusion()
    with pytest.raises(QueryError, match="re-ranker 'x' is unknown"):
        reranker_of("diffusion, x")


def test_k_reciprocal_prefers_what_is_mutual() -> None:
    """The two nearest, at 8 and 9 degrees, have nearer neighbours of their own; those at 10 and 11 have none."""
    degrees = np.radians([0, -8, -9, 10, 11, -12, -12.3, -12.6, -12.9, -13.2])
    rows = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    scores = KReciprocal(k1=4, k2=1).rescore(rows[0], rows[1:], rows[1:] @ rows[0])
    assert scores[:2].tolist() == [0, 0]
    assert (scores[2:4] > 0.9).all()


# the blend


@pytest.mark.parametrize(
    "method", [QueryExpansion(share=0.4), KReciprocal(), QueryExpansion(), Diffusion(), DatabaseAugmentation()]
)
def test_the_final_score_is_a_blend_and_the_rest_stays_behind(method: Reranker) -> None:
    query, vectors, scores = candidates(40, 1)
    final = rerank(method, query, vectors[:15], scores)
    expected = (1 - method.share) * scores[:15] + method.share * method.rescore(query, vectors[:15], scores[:15])
    np.testing.assert_allclose(final[:15], expected, atol=1e-6)
    assert np.float32(final[15]) < np.float32(final[:15].min())
    np.testing.assert_allclose(np.diff(final[15:]), np.diff(scores[15:]), atol=1e-6)
    np.testing.assert_array_equal(rerank(method, query, vectors[:0], scores[:0]), [])


def test_scores_that_are_behind_anyway_stay_as_they_are() -> None:
    query, vectors, scores = candidates(8, 3)
    scores = np.concatenate([scores, [-2.0, -3.0]])
    assert rerank(QueryExpansion(), query, vectors, scores)[-2:].tolist() == [-2.0, -3.0]


# in a search


@pytest.fixture(scope="module")
def searcher(ready: tuple[Path, Path]) -> Searcher:
    return Searcher(ready[1])


def photo_of(ready: tuple[Path, Path], number: int) -> Path:
    return sorted(ready[0].rglob("*.jpg"))[number]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_shares_sum_to_the_score_and_name_the_re_ranker(
    ready: tuple[Path, Path], searcher: Searcher, name: str, weight: float
) -> None:
    query = Query(image=photo_of(ready, 7), k=36, colour_weight=weight, rerank=name)  # type: ignore[arg-type]
    hits = searcher.search(query).hits
    plain = {hit.id: hit for hit in searcher.search(Query(image=query.image, k=36, colour_weight=weight)).hits}
    assert {hit.id for hit in hits} == plain.keys()
    assert [hit.id for hit in hits] != [*plain]
    for hit in hits:
        assert sum(hit.shares.values()) == pytest.approx(hit.score)
        assert list(hit.shares) == [*plain[hit.id].shares, name]
        first = {label: share for label, share in hit.shares.items() if label != name}
        assert first == pytest.approx(dict(plain[hit.id].shares))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [5, 100])
def test_the_first_results_are_the_same_for_every_k(
    ready: tuple[Path, Path], searcher: Searcher, monkeypatch: pytest.MonkeyPatch, name: str, depth: int
) -> None:
    method = replace(RERANKERS[name], depth=depth)
    monkeypatch.setattr(pipeline, "RERANKERS", {name: method})
    photo = photo_of(ready, 3)
    whole = searcher.search(Query(image=photo, k=36, rerank=name)).hits  # type: ignore[arg-type]
    plain = searcher.search(Query(image=photo, k=36)).hits
    assert {hit.id for hit in whole[:depth]} == {hit.id for hit in plain[:depth]}
    assert [hit.id for hit in whole[depth:]] == [hit.id for hit in plain[depth:]]
    for k in (1, 4, 12):
        for hidden in (False, True):
            query = Query(image=photo, k=k, rerank=name, hide_duplicates=hidden)  # type: ignore[arg-type]
            hits = searcher.search(query).hits
            assert [(hit.id, hit.score) for hit in hits] == [(hit.id, hit.score) for hit in whole[:k]]


@pytest.mark.parametrize("name", NAMES)
def test_an_item_is_no_candidate_of_its_own_search(ready: tuple[Path, Path], searcher: Searcher, name: str) -> None:
    own = photo_of(ready, 3).relative_to(ready[0]).as_posix()
    hits = searcher.search(Query(item=own, k=40, rerank=name)).hits  # type: ignore[arg-type]
    assert len(hits) == 35
    assert own not in {hit.id for hit in hits}


def test_nothing_found_is_nothing_re_ranked(ready: tuple[Path, Path], searcher: Searcher) -> None:
    query = Query(image=photo_of(ready, 0), filter="folder = trousers", rerank="k-reciprocal")
    assert searcher.search(query).hits == ()


def test_what_can_t_be_re_ranked_is_refused() -> None:
    with pytest.raises(QueryError, match="compares by cosine only"):
        Query(image=b"x", metric="euclidean", rerank="k-reciprocal")
    with pytest.raises(QueryError, match="re-ranker 'best' is unknown: use none, query-expansion, database-aug"):
        Query(image=b"x", rerank="best")  # type: ignore[arg-type]


def test_a_query_tells_its_re_ranker_where_it_has_one() -> None:
    assert "rerank" not in query_to_dict(Query(text="red"))
    assert query_to_dict(Query(text="red", rerank="k-reciprocal"))["rerank"] == "k-reciprocal"
