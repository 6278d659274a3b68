"""The colour where a model's map responds most: its numbers, and an index that keeps it beside the histogram."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model, photo_encoders
from lookseek.encode.folder import read_folder
from lookseek.encode.onnx_file import pooled_map
from lookseek.encode.response_colour import ResponseColourEncoder, on_sphere, strongest_colour
from lookseek.errors import CatalogueError, ModelError, QueryError
from lookseek.index.check import check_index
from lookseek.query import Query
from lookseek.request_bodies import query_body
from lookseek.search import Searcher
from lookseek.store.schema import RESPONSE_COLOUR

MODEL = "efficientnet-lite2"
RED, GREEN, WHITE = (200, 20, 30), (20, 160, 40), (255, 255, 255)


def patches(*colours: tuple[int, int, int]) -> np.ndarray:
    """Squares of 32 pixels, side by side."""
    return np.repeat(np.repeat(np.array([colours], np.uint8), 32, axis=0), 32, axis=1)


def test_the_strongest_cells_alone_count_and_have_no_order() -> None:
    photo = patches(RED, GREEN, WHITE, GREEN)
    only = strongest_colour(np.array([[9.0, 1, 2, 3]], np.float32), photo, 1)
    assert np.allclose(only, strongest_colour(np.ones((1, 1), np.float32), patches(RED), 1))
    first = strongest_colour(np.array([[9.0, 8, 2, 3]], np.float32), photo, 2)
    assert np.allclose(first, strongest_colour(np.array([[8.0, 3, 2, 9]], np.float32), photo, 2))
    assert not np.allclose(first, only)
    assert np.allclose(strongest_colour(np.zeros((1, 2), np.float32), patches(RED, RED), 10), only)  # all there are


def test_cosines_fall_with_the_distance_of_colours() -> None:
    greys = on_sphere(np.array([[level, 0.0, 0.0] for level in (0, 20, 60, 100)]))
    assert np.allclose(np.linalg.norm(greys, axis=1), 1)
    cosines = greys[0] @ greys.T
    assert (np.diff(cosines) < 0).all() and cosines[-1] == pytest.approx(-1)


@pytest.mark.parametrize("name", [MODEL, "lookseek-2"])
def test_garments_of_one_colour_are_near_whatever_stands_behind(name: str) -> None:
    folder = read_folder(load_model(name, single=True).folder)
    assert pooled_map(folder.onnx)
    encoder = ResponseColourEncoder(folder)
    specs = [spec for spec in drawn_specs(60, 1, 3) if spec.attributes["colour"] in ("red", "blue", "green")][:12]
    vectors = encoder.encode([encoder.prepare(draw(spec, 160)) for spec in specs])
    assert vectors.shape == (len(specs), 4) and encoder.encode([]).shape == (0, 4)
    colours = np.array([spec.attributes["colour"] for spec in specs])
    cosines, same = vectors @ vectors.T, colours[:, None] == colours
    others = ~np.eye(len(specs), dtype=bool)
    assert cosines[same & others].mean() > cosines[~same].mean() + 0.3


def test_a_tower_that_pools_no_map_is_refused() -> None:
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("Relu", ["photos"], ["vectors"])
    ports = [onnx.helper.make_tensor_value_info(name, 1, ["n", 4]) for name in ("photos", "vectors")]
    graph = onnx.helper.make_graph([node], "none", ports[:1], ports[1:])
    content = onnx.helper.make_model(graph).SerializeToString()
    assert pooled_map(content) == ""
    folder = read_folder(load_model(MODEL, single=True).folder)
    with pytest.raises(ModelError, match="pools no map"):
        ResponseColourEncoder(type(folder)(folder.path, folder.config, content, "0"))


def test_an_index_keeps_it_and_a_query_weighs_it(tmp_path: Path, ready: tuple[Path, Path]) -> None:
    write_photos(tmp_path / "photos", items=8, views=1)
    indexed(tmp_path / "photos", tmp_path / "index", model=MODEL, response_colour=True)
    again = indexed(tmp_path / "photos", tmp_path / "index")  # it stays, and nothing is encoded again
    assert again.encoded == 0 and again.items == 8
    assert all(finding.good for finding in check_index(tmp_path / "index"))
    photo = min((tmp_path / "photos").rglob("*.jpg"))
    encoder = photo_encoders(load_model(MODEL, single=True), {RESPONSE_COLOUR})[0]
    own = encoder.encode([encoder.prepare(images.decode(photo, encoder.min_side))])[0]
    with Searcher(tmp_path / "index") as searcher:
        kept = searcher.index.store.get([hit.id for hit in searcher.search(Query(image=photo, k=8)).hits])
        cosines = {point.id: float(own @ point.vectors[RESPONSE_COLOUR]) for point in kept}
        alone = searcher.search(Query(image=photo, k=8, colour_weight=0.0, response_colour_weight=1.0)).hits
        assert {hit.id: pytest.approx(hit.score, abs=2e-3) for hit in alone} == cosines
        mixed = searcher.search(Query(image=photo, k=8, colour_weight=0.2, response_colour_weight=0.3)).hits
        assert all(set(hit.shares) == {"look", "colour", RESPONSE_COLOUR} for hit in mixed)
        assert all(sum(hit.shares.values()) == pytest.approx(hit.score) for hit in mixed)
        plain = searcher.search(Query(image=photo, k=8)).hits
        assert RESPONSE_COLOUR not in plain[0].shares  # off unless it is asked for
    with Searcher(ready[1]) as searcher, pytest.raises(QueryError, match="--response-colour"):
        searcher.search(Query(image=photo, response_colour_weight=0.5))


def test_weights_that_can_not_be_are_refused(tmp_path: Path) -> None:
    for wrong in ({"response_colour_weight": 1.5}, {"response_colour_weight": 0.6, "colour_weight": 0.6}):
        with pytest.raises(QueryError, match="weight"):
            Query(image=b"x", **wrong)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="photo alone"):
        Query(text="red", response_colour_weight=0.5)
    assert query_body(Query(item="a", response_colour_weight=0.25))["response_colour_weight"] == 0.25
    np.save(tmp_path / "all_features.npy", np.eye(4, 1280, dtype=np.float32))
    (tmp_path / "all_features.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(CatalogueError, match="--response-colour"):
        indexed(tmp_path / "all_features.npy", tmp_path / "index", model=MODEL, response_colour=True)
