"""Combiners on model folders: a shop's triplets, captions in place of photos, the ablation, and what is exported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from helpers.catalogues import Heard
from helpers.composing import VIT, put, register, trained, write_triplets
from helpers.tiny_onnx import write_tokens
from test_cli import Said, say
from test_evaluate import one_cache

from lookseek import images
from lookseek.catalogue.fashioniq import CATEGORIES
from lookseek.encode import composer_of, encode_photos, load_model
from lookseek.errors import TrainError
from lookseek.evaluate.result import read_result
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.train.combiner.export import composer_graph, export_combiner
from lookseek.train.combiner.run import read_run
from lookseek.train.combiner.settings import PRESETS
from lookseek.train.combiner.triplets import read_triplet_folder
from lookseek.train.export.graph import to_fp16
from lookseek.train.export.parity import FP16_LIMIT
from lookseek.train.openclip.clip import build_clip
from lookseek.train.openclip.tokens import tokenizer_file
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics

pytest.importorskip("tokenizers")

__all__ = ["one_cache", "say"]

COLOURS = {"Red": (200, 30, 30), "Blue": (30, 30, 200), "Black": (10, 10, 10)}


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Small CLIPs, and no thousands of drawn garments (test_combiner_drawn.py has some)."""
    register(tmp_path_factory.mktemp("clips"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "modern", replace(PRESETS["modern"], drawn=0.0))  # type: ignore[arg-type]  a dict
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that reads words, with vectors of three numbers."""
    return write_tokens(tmp_path_factory.mktemp("models") / "reads")


def write_shop(folder: Path) -> Path:
    """Two designs a category and split, each in three colours and once more in red; triplets change the colour."""
    rows = []
    for split in ("train", "val", "test"):
        for category in CATEGORIES:
            entries, ids = [], []
            for design in ("plain", "striped"):
                name = f"{category} {design} {split}"
                for colour in (*COLOURS, "Red"):
                    id = f"{name} {colour} {len(ids)}".replace(" ", "-")
                    ids.append(id)
                    pixels = np.full((30, 24, 3), COLOURS[colour], np.uint8)
                    pixels[::4] = len(name)
                    rows.append(
                        {
                            "id": id,
                            "title": f"{colour} {name}",
                            "articleType": category,
                            "category": category,
                            "gender": "Women",
                            "baseColour": colour,
                            "design": name,
                            "split": split,
                            "image": images.to_png(pixels),
                        }
                    )
                red, blue, black, again = ids[-4:]
                for a, b, new in (
                    (red, blue, "blue"),
                    (blue, black, "black"),
                    (blue, red, "red"),
                    (black, again, "red"),
                ):
                    entries.append({"candidate": a, "target": b, "captions": [f"is {new}", f"the same in {new}"]})
            put(folder / "captions" / f"cap.{category}.{split}.json", entries)
            put(folder / "image_splits" / f"split.{category}.{split}.json", ids)
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet")
    return folder


def write_captions(folder: Path) -> Path:
    """Triplets without photos: captions stand for them."""
    write_triplets(folder)
    for photo in (folder / "images").iterdir():
        photo.unlink()
    for split in ("train", "val", "test"):
        for category in CATEGORIES:
            ids = json.loads((folder / "image_splits" / f"split.{category}.{split}.json").read_text())
            words = ("red dress", "blue shirt with stripes", "a long dress", "short red shirt")
            captions = {id: f"a {words[place % 4]}." for place, id in enumerate(ids)}
            put(folder / "image_captions" / f"image_captions_{category}_{split}.json", captions)
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def run(shop: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "on-a-model"
    trained(shop, out, str(model), epochs=4, rate=1e-2)
    return out


@pytest.fixture(scope="module")
def made(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("made") / "composes"
    exported = export_combiner(run, target, progress=Heard())
    assert exported.worst < FP16_LIMIT
    return target


class TestAShop:
    def test_items_of_one_design_and_colour_are_one_group(self, shop: Path) -> None:
        data = read_triplet_folder(shop, 0)
        assert data.kind == "shop"
        reds = {e.group for e in data.train if e.target.startswith("dress-plain-train-Red")}
        assert reds == {"dress plain train\nRed"}
        assert len({e.target for e in data.train if e.group in reds}) == 2

    def test_more_triplets_are_made_of_train_alone(self, shop: Path) -> None:
        data, lexicon = read_triplet_folder(shop, 0), read_lexicon()
        assert len(data.generated) == 6 * 10  # of each design: 4 items, pairs of two colours
        for e in data.generated:
            assert "-train-" in e.reference and "-train-" in e.target
            old, new = (id.split("-")[3] for id in (e.reference, e.target))
            assert old != new
            en, vi = ({word.removeprefix("màu ") for word in lexicon.words("baseColour", new, x)} for x in ("en", "vi"))
            assert all(any(word in text for word in en) for text in e.texts[:2])
            assert any(word in e.texts[2] for word in vi) and any(strip_diacritics(word) in e.texts[3] for word in vi)
        assert read_triplet_folder(shop, 0).generated == data.generated != read_triplet_folder(shop, 1).generated

    def test_it_is_trained_and_measured_by_the_shop_s_benchmark(self, run: Path) -> None:
        said = read_run(run)
        assert said.kind == "shop" and said.dim == 3 and said.settings.normalise
        assert said.triplets == {"train": 24, "generated": 60, "attributes": 0, "drawn": 0, "val": 24, "test": 24}
        result = read_result(run / "test.json")
        assert (result.benchmark, result.gallery_size) == ("myntra-composed", 24)
        assert {"recall@10", "any@1", "any@10"} <= result.metrics.keys()


class TestCaptions:
    def test_their_text_stands_for_the_photos(self, model: Path, tmp_path: Path) -> None:
        folder = write_captions(tmp_path / "data")
        done = trained(folder, tmp_path / "run", str(model), epochs=2)
        assert done.run.kind == "captions"
        assert done.figures["val"].benchmark == "fashioniq-text"
        assert done.figures["val"].protocol == "proxy-original"
        assert done.figures["val"].queries == 28
        assert any("no figure here is one of FashionIQ" in note for note in done.notes)
        data = read_triplet_folder(folder, 0)
        assert {e.group for e in data.train} == {data.captions[e.target] for e in data.train}
        with pytest.raises(TrainError, match="has no photos that towers could learn from"):
            trained(folder, tmp_path / "other", VIT, tune="text")

    def test_an_image_without_a_caption_is_listed_and_left_out(self, model: Path, tmp_path: Path) -> None:
        folder = write_captions(tmp_path / "data")
        data = read_triplet_folder(folder, 0)
        gone = data.train[0].target
        for category in CATEGORIES:
            path = folder / "image_captions" / f"image_captions_{category}_train.json"
            put(path, {id: text for id, text in json.loads(path.read_text()).items() if id != gone})
        heard = Heard()
        done = trained(folder, tmp_path / "run", str(model), progress=heard, epochs=1)
        assert {skipped.where for skipped in heard.left_out} == {gone}
        assert done.run.triplets["train"] == 42 - sum(gone in (e.reference, e.target) for e in data.train)


class TestExport:
    def test_the_graph_is_the_combiner(self, run: Path) -> None:
        combiner = read_run(run).combiner(run)
        photos, texts = np.random.default_rng(5).normal(0, 3, (2, 64, 3)).astype(np.float32)
        session = onnxruntime.InferenceSession(to_fp16(composer_graph(combiner)).SerializeToString())
        with torch.no_grad():
            theirs = combiner(torch.from_numpy(photos), torch.from_numpy(texts)).numpy()
        for count in (1, 7, 64):
            (ours,) = session.run(["vectors"], {"photos": photos[:count], "texts": texts[:count]})
            np.testing.assert_allclose(ours, theirs[:count], atol=5e-3)

    def test_the_model_is_as_it_was_and_composes(self, run: Path, model: Path, made: Path) -> None:
        base, new = load_model(model, single=True), load_model(made, single=True)
        assert new.checksum == base.checksum  # an index of its photos goes on being one
        assert composer_of(new).name == "combiner"
        assert (made / "image.onnx").read_bytes() == (model / "image.onnx").read_bytes()
        photos, texts = np.random.default_rng(5).normal(0, 3, (2, 5, 3)).astype(np.float32)
        with torch.no_grad():
            theirs = read_run(run).combiner(run)(torch.from_numpy(photos), torch.from_numpy(texts)).numpy()
        np.testing.assert_allclose(composer_of(new).compose(photos, texts), theirs, atol=5e-3)

    def test_it_is_measured_without_torch_as_it_was_with(self, run: Path, shop: Path, made: Path) -> None:
        exam = read_triplet_folder(shop, 0).sets["test"]
        result = evaluate(exam.benchmark, exam.options, open_system(str(made)), Heard()).result
        ours = read_result(run / "test.json")
        for name, figure in ours.metrics.items():
            assert result.metrics[name].value == pytest.approx(figure.value, abs=0.05), name

    def test_the_card_says_what_it_is(self, made: Path) -> None:
        card = (made / "README.md").read_text()
        assert "## Composer" in card and "24 triplets of a shop's catalogue" in card
        assert "| any@10 |" in card and "split test, measured once" in card
        assert "1 - cosine" in card

    def test_another_model_than_that_of_the_training_is_refused(self, shop: Path, tmp_path: Path) -> None:
        own = write_tokens(tmp_path / "own")
        trained(shop, tmp_path / "run", str(own), epochs=1)
        write_tokens(tmp_path / "own", mask=True)
        with pytest.raises(TrainError, match="is not the one that the Combiner was trained on"):
            export_combiner(tmp_path / "run", tmp_path / "made", progress=Heard())
        assert not (tmp_path / "made").exists()

    def test_a_tuned_clip_becomes_a_model_folder(self, tmp_path: Path) -> None:
        folder = write_triplets(tmp_path / "data", {"train": 4, "val": 3})
        trained(folder, tmp_path / "run", tune="both", tune_epochs=1, epochs=1, tune_rate=1e-3)
        export_combiner(tmp_path / "run", tmp_path / "clip", progress=Heard())
        made = load_model(tmp_path / "clip", single=True)
        run = read_run(tmp_path / "run")
        torch.manual_seed(run.settings.seed)
        clip = build_clip(run.model.removeprefix("open_clip/"), "random")
        from lookseek.train.combiner.tune import load_tuned

        load_tuned(clip, tmp_path / "run" / "tune")
        texts = ["Is red and has long sleeves", "it's a dress — with 123 dots!"]
        assert made.text is not None
        np.testing.assert_allclose(made.text.encode(texts), clip.text.encode(texts), atol=2e-2)
        photo = next((folder / "images").iterdir())
        vectors = [
            next(iter(encode_photos([("x", photo)], [tower])))[1]["look"]  # type: ignore[index]
            for tower in (made.image, clip.image)
        ]
        np.testing.assert_allclose(vectors[0], vectors[1], atol=2e-2)
        assert "both tuned on triplets" in (tmp_path / "clip" / "README.md").read_text()


def test_the_tokenizer_is_clip_s() -> None:
    from tokenizers import Tokenizer

    clip = build_clip(VIT.removeprefix("open_clip/"), "random")
    made = tokenizer_file(clip.tokenizer, clip.name)
    assert (made.length, made.pad) == (24, 0)
    ours = Tokenizer.from_str(made.content.decode())
    ours.enable_truncation(made.length)
    ours.enable_padding(pad_id=0, length=made.length)
    texts = [
        "Is red and has long sleeves", "it's THE same, we'll say; they've 3 buttons (#42)", "đầm hoa đỏ, 50% cotton",
        "日本の着物 🙂", "  many   blanks\tand\nlines ", "word " * 60, "naïve café", "a-b_c/d", "x",
    ]  # fmt: skip
    for text in texts:
        assert ours.encode(text).ids == clip.tokenizer([text])[0].tolist(), text


def test_the_ablation_is_one_command_that_can_be_stopped(
    shop: Path, model: Path, tmp_path: Path, say: Callable[..., Said]
) -> None:
    options = ["--model", model, "--ablation", "--epochs", 1, "--accelerator", "cpu"]
    said = say("train", "combiner", shop, tmp_path / "out", *options)
    assert said.code == 0, said.err
    table = [line.split() for line in said.out.splitlines()]
    assert ["sum", "none"] in [line[:2] for line in table] and ["combiner", "none"] in [line[:2] for line in table]
    assert "myntra-composed · pooled-reference-excluded · split test" in said.out
    rows = json.loads((tmp_path / "out" / "ablation.json").read_text())["rows"]
    assert [(row["composer"], row["tune"]) for row in rows] == [("sum", "none"), ("combiner", "none")]
    assert {"value", "low", "high"} == rows[0]["metrics"]["any@10"].keys()
    before = (tmp_path / "out" / "tune-none" / "test.json").stat().st_mtime_ns
    again = say("train", "combiner", shop, tmp_path / "out", *options)
    assert again.out == said.out
    assert (tmp_path / "out" / "tune-none" / "test.json").stat().st_mtime_ns == before


def test_eight_rows_of_a_clip(tmp_path: Path, say: Callable[..., Said]) -> None:
    folder = write_triplets(tmp_path / "data", {"train": 3, "val": 3})
    options = ["--ablation", "--epochs", 1, "--tune-epochs", 1, "--accelerator", "cpu", "--weights", "random"]
    said = say("train", "combiner", folder, tmp_path / "out", "--model", VIT, *options)
    assert said.code == 0, said.err
    rows = [line.split()[:2] for line in said.out.splitlines() if line.startswith(("sum", "combiner"))]
    tunes = ["none", "image", "text", "both"]
    assert rows == [*(["sum", tune] for tune in tunes), *(["combiner", tune] for tune in tunes)]
    assert "the figures are of val, on which the best epoch was chosen" in said.err


def test_the_command_says_figures_beside_the_sum_and_export_takes_the_run(
    shop: Path, model: Path, tmp_path: Path, say: Callable[..., Said]
) -> None:
    options = ["--model", model, "--epochs", 1, "--projection", 2, "--hidden", 2, "--accelerator", "cpu"]
    said = say("train", "combiner", shop, tmp_path / "run", *options)
    assert said.code == 0, said.err
    assert "  sum      any@10 " in said.out and "  combiner any@10 " in said.out
    assert read_run(tmp_path / "run").settings.projection == 2
    made = say("export", tmp_path / "run", tmp_path / "made")
    assert made.code == 0 and "composer.onnx" in made.out
    assert "leave --int8 out" in say("export", tmp_path / "run", tmp_path / "eight", "--int8").err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "colour"], "--label is of the recipe classifier, combiner has none"),
        (["--backbone", "resnet50"], "--backbone is of the recipe classifier"),
        (["--tune", "both", "--model", "efficientnet-lite2"], "reads no words"),
        (["--preset", "baseline"], "no preset 'baseline' of the combiner"),
    ],
)
def test_options_that_do_not_fit_are_said(
    shop: Path, tmp_path: Path, say: Callable[..., Said], options: list[str], words: str
) -> None:
    said = say("train", "combiner", shop, tmp_path / "run", *options)
    assert said.code == 1 and words in said.err
    other = say("train", "classifier", shop, tmp_path / "run", "--tune", "both")
    assert other.code == 1 and "--tune is of the recipe combiner, classifier has none" in other.err


def test_towers_of_a_model_do_not_learn(shop: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"towers stay as they are, so --tune both needs a CLIP"):
        trained(shop, tmp_path / "run", str(model), tune="both")
