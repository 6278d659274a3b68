"""Public models by short names: asked for, fetched from a local hub, made into folders, found again by an index.

The repositories have the layouts of the real ones, with tiny towers of random numbers.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("open_clip", reason="needs lookseek[train]")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
pytest.importorskip("huggingface_hub")

import torch
import transformers
from helpers.catalogues import published, write_photos
from helpers.composing import CLIPS, VIT
from helpers.hub_server import Hub, serving
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from test_cli import Said
from test_hub import point_at
from test_openclip import close, write_repository

from lookseek.encode import load_model
from lookseek.encode.public_models import PUBLIC_MODELS, find_public
from lookseek.errors import ModelError, TrainError
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.train.openclip.load import load_published
from lookseek.train.openclip.source import parse_source
from lookseek.train.openclip.transformers_clip import load_transformers_clip

SIGLIP_REVISION = find_public("marqo-fashionsiglip")[1]
NEWEST = "89abcdef0123456789abcdef0123456789abcdef"
SMALL = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9}
PHOTO = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    torch.set_num_threads(1)
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    with serving({}) as hub:
        hub.revisions = {model.repository: model.revision or NEWEST for model in PUBLIC_MODELS}
        point_at(hub.url, monkeypatch)
        yield hub


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A person at the terminal types this."""
    typed = io.StringIO(text)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)


def write_clip(hub: Hub, folder: Path, repository: str = "Marqo/marqo-fashionSigLIP") -> Any:
    hub.repositories[repository] = folder
    return write_repository(folder, CLIPS[VIT.removeprefix("open_clip/")], resize_mode="squash")


def test_every_name_leads_to_its_repository_at_a_commit() -> None:
    for model in PUBLIC_MODELS:
        source = parse_source(f"{model.source}@{model.revision or NEWEST}")
        assert source.hub is not None and source.hub.repository == model.repository
        assert find_public(model.name) == (model, model.revision)
        assert find_public(f"{model.name}@{NEWEST}") == (model, NEWEST)
    assert len({model.name for model in PUBLIC_MODELS}) == len(PUBLIC_MODELS)
    with pytest.raises(ModelError, match="is no revision"):
        find_public("fashionclip-2.0@main")


def test_the_list_names_size_licence_and_revision(capsys: pytest.CaptureFixture[str], hub: Hub) -> None:
    said = Said(capsys, "models")
    assert said.code == 0 and not hub.asked
    assert "lookseek-2\n  ships with lookseek: photos and words, 640 numbers" in said.out
    for model in PUBLIC_MODELS:
        shown = said.out[said.out.index(f"{model.name}\n") :].splitlines()[2]
        assert f"{model.dim:,} numbers, {model.licence}, {model.megabytes:,} MB" in shown
        assert (model.revision[:12] or "newest") in shown and f"lookseek models {model.name}" in shown


def test_an_index_is_made_with_a_public_model_after_a_yes_and_needs_no_network_then(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(hub, tmp_path / "hub")
    shutil.copy(tmp_path / "hub" / "open_clip_model.safetensors", tmp_path / "hub" / "model.safetensors")
    write_photos(tmp_path / "photos")
    job = ("index", tmp_path / "photos", tmp_path / "index", "--model", "marqo-fashionsiglip")
    answer(monkeypatch, "y\n")
    said = Said(capsys, *job)
    assert said.code == 0, said.err
    line = "816 MB from huggingface.co/Marqo/marqo-fashionSigLIP at revision e5619578fd52; licence apache-2.0"
    assert f"marqo-fashionsiglip: {line}" in said.err and "Fetch it? [y/N]" in said.err
    assert len({asked for asked in hub.asked if "safetensors" in asked and asked.startswith("GET")}) == 1
    manifest = published(tmp_path / "index")
    assert manifest is not None
    assert manifest.spec.model == "marqo-fashionsiglip"
    assert manifest.spec.model_path == f"marqo-fashionsiglip@{SIGLIP_REVISION}"
    asked = len(hub.asked)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = Said(capsys, *job)
    assert again.code == 0 and "Fetch it?" not in again.err
    with Searcher(tmp_path / "index", single=True) as searcher:
        assert len(searcher.search(Query(text="red dress", k=2)).hits) == 2
    assert len(hub.asked) == asked
    assert f"on this machine at {SIGLIP_REVISION[:12]}" in Said(capsys, "models").out
    shutil.rmtree(tmp_path / "cache")  # or the index on another machine
    with pytest.raises(ModelError, match=rf"`lookseek models marqo-fashionsiglip@{SIGLIP_REVISION}` fetches it once"):
        Searcher(tmp_path / "index", single=True)


def test_nothing_is_fetched_without_a_yes(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "photos")
    job = ("index", tmp_path / "photos", tmp_path / "index", "--model", "openclip-rn50")
    for typed in ("\n", "n\n", ""):
        answer(monkeypatch, typed)
        said = Said(capsys, *job)
        assert said.code == 1 and "412 MB" in said.err and "was not fetched: nothing was done" in said.err
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))  # a pipe
    said = Said(capsys, *job)
    assert said.code == 1 and "lookseek models openclip-rn50 --yes" in said.err
    assert not hub.asked and not (tmp_path / "index").exists()
    with pytest.raises(ModelError, match=r"`lookseek models openclip-rn50` fetches it once \(412 MB, licence mit\)"):
        load_model("openclip-rn50")


def test_a_clip_of_transformers_gives_what_transformers_computes(hub: Hub, tmp_path: Path) -> None:
    """FashionCLIP 2.0 is published as ``CLIPModel``, with a processor's settings beside it."""
    shape: dict[str, Any] = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_act": "quick_gelu"}
    config = transformers.CLIPConfig(
        text_config={"hidden_size": 16, "intermediate_size": 48, **shape},
        vision_config={"hidden_size": 32, "intermediate_size": 128, "image_size": 32, "patch_size": 8, **shape},
        projection_dim=24,
    )
    torch.manual_seed(0)
    theirs = transformers.CLIPModel(config).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # as they begin, no text differs much from another
    folder = tmp_path / "hub"
    theirs.save_pretrained(folder)
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
    processor = {"image_mean": mean, "image_std": std, "resample": 3, "do_center_crop": True, "crop_size": 32}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    (folder / "README.md").write_text("---\nlicense: mit\nlanguage:\n- en\n---\n")
    hub.repositories["patrickjohncyh/fashion-clip"] = folder
    model, revision = find_public("fashionclip-2.0")
    found = load_published(parse_source(f"{model.source}@{revision}"))
    assert found.clip.dim == 24 and found.clip.quick_gelu and found.clip.how.resize == "crop" and found.reads
    assert found.origin.licence == model.licence and found.origin.languages == ("en",)
    pixels = torch.from_numpy(PHOTO).permute(2, 0, 1) / 255 - torch.tensor(mean)[:, None, None]
    texts = ["red dress", "a photo of a long blue coat", "red " * 100]
    with torch.no_grad():
        photo = theirs.get_image_features(pixels[None] / torch.tensor(std)[:, None, None]).pooler_output
        words = theirs.get_text_features(found.clip.tokenizer(texts)).pooler_output
    close(found.clip.image.encode([found.clip.image.prepare(PHOTO)]), photo)
    close(found.clip.text.encode(texts), words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text_config": {"hidden_act": "gelu"}}, "the activations gelu, quick_gelu, and open_clip has one"),
        ({"vision_config": {"hidden_act": "relu"}, "text_config": {"hidden_act": "relu"}}, "the activations relu"),
        ({"text_config_dict": SMALL, "vision_config": {**SMALL, "image_size": 32}}, "are not those of this"),
    ],
)
def test_a_clip_of_transformers_that_open_clip_can_not_follow(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip", "projection_dim": 24, **change}))
    save_file({"logit_scale": torch.ones(())}, tmp_path / "model.safetensors")
    with pytest.raises(TrainError, match=words):
        load_transformers_clip(tmp_path, tmp_path / "model.safetensors", "this")


def test_a_projection_of_photos_makes_a_model_without_words_at_the_revision_of_its_first_fetch(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """MODA-Fashion-Distilled-512d keeps it beside both towers, and every scalar as a row of one."""
    folder = tmp_path / "hub"
    clip = write_clip(hub, folder, "HopitAI/moda-fashion-distilled-512d")
    weights = load_file(folder / "open_clip_model.safetensors")
    (folder / "open_clip_model.safetensors").unlink()
    projection = torch.randn(12, 16, generator=torch.Generator().manual_seed(1))
    rows = {name: value[None] if value.ndim == 0 else value for name, value in weights.items()}
    save_file({**rows, "proj.weight": projection}, folder / "model.safetensors")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    said = Said(capsys, "models", "moda-fashion-distilled-512d", "--yes")
    assert said.code == 0, said.err
    assert "at its newest revision, which is kept from then on; licence mit" in said.err
    assert f"moda-fashion-distilled-512d@{NEWEST}: " in said.out
    model = load_model("moda-fashion-distilled-512d", single=True)
    assert model.dim == 12 and model.text is None and NEWEST in str(model.folder)
    pixels = (torch.from_numpy(PHOTO)[None].permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    close(model.image.encode([model.image.prepare(PHOTO)]), clip.encode_image(pixels) @ projection.T)
    assert "none: what maps its photos' vectors" in (model.folder / "README.md").read_text()
    hub.revisions["HopitAI/moda-fashion-distilled-512d"] = SIGLIP_REVISION  # it moves on
    asked = len(hub.asked)
    assert Said(capsys, "models", "moda-fashion-distilled-512d", "--yes").code == 0
    assert load_model("moda-fashion-distilled-512d", single=True).folder == model.folder and len(hub.asked) == asked
    shutil.copytree(model.folder, tmp_path / "cache" / "public" / SIGLIP_REVISION / model.folder.name)
    with pytest.raises(ModelError, match="at 2 revisions: give one of moda-fashion-distilled-512d@"):
        load_model("moda-fashion-distilled-512d")
    assert load_model(f"moda-fashion-distilled-512d@{NEWEST}", single=True).folder == model.folder


def test_another_licence_than_was_agreed_to_is_refused(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(hub, tmp_path / "hub", "HopitAI/moda-fashion-distilled")
    said = Said(capsys, "models", "moda-fashion-distilled", "--yes")
    assert said.code == 1 and "is apache-2.0 now, not mit: nothing was written" in said.err
    assert not list((tmp_path / "cache" / "public").rglob("config.json"))
