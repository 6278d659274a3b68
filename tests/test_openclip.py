"""Models of open_clip as model folders: tiny ones of random numbers, one of each family that open_clip knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("open_clip", reason="needs lookseek[train]")
pytest.importorskip("tokenizers")

import open_clip
import torch
from helpers.catalogues import Heard, indexed, write_photos
from helpers.composing import CLIPS, RESNET, VIT, register
from helpers.hub_server import REVISION, serving
from safetensors.torch import save_file
from test_cli import Said
from test_hub import point_at

from lookseek.encode import load_model
from lookseek.errors import LookseekError, TrainError
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.train.openclip.export import export_published
from lookseek.train.openclip.files import check_config, read_card_head
from lookseek.train.openclip.load import load_published
from lookseek.train.openclip.source import parse_source
from lookseek.train.openclip.tokens import TEXTS

SIGLIP: dict[str, Any] = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map", "timm_proj": "none"},
    "text_cfg": {
        "context_length": 64,
        "vocab_size": 400,
        "hf_tokenizer_name": "none/such",
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 64,
        "heads": 2,
        "layers": 1,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
    },
}
"""What SigLIP is made of, tiny: a transformer of timm with attention pooling, and a text tower without a mask."""

CARD = "---\nlicense: apache-2.0\nlanguage:\n- en\n- vi\n---\n# tiny\n"


@pytest.fixture(scope="module", autouse=True)
def known(tmp_path_factory: pytest.TempPathFactory) -> None:
    torch.set_num_threads(1)
    register(tmp_path_factory.mktemp("clips"))


def made(name: str) -> Any:
    torch.manual_seed(3)
    return open_clip.create_model(name.removeprefix("open_clip/")).eval()


def write_repository(folder: Path, config: dict[str, Any], **seen: Any) -> Any:
    """A folder as open_clip's models lie in the hub; returns the model that its weights are of."""
    folder.mkdir(parents=True)
    said = {"model_cfg": config, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3, **seen}}
    (folder / "open_clip_config.json").write_text(json.dumps(said))
    (folder / "README.md").write_text(CARD)
    torch.manual_seed(3)
    kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    model = kind(**{key: value for key, value in config.items() if key != "custom_text"}).eval()
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return model


def close(ours: Any, theirs: torch.Tensor) -> None:
    a, b = ours.astype(np.float64), theirs.detach().double().numpy()
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert (1 - cosine).max() < 1e-4


def test_a_clip_with_weights_in_a_file(tmp_path: Path) -> None:
    name = RESNET
    clip = made(name)
    save_file(clip.state_dict(), tmp_path / "own.safetensors")
    said = export_published(f"{name}:{tmp_path / 'own.safetensors'}", tmp_path / "model", progress=Heard()).lines()
    model = load_model(tmp_path / "model", single=True)
    tokens = open_clip.get_tokenizer(name.removeprefix("open_clip/"))
    assert model.text is not None
    close(model.text.encode(TEXTS), clip.encode_text(tokens(list(TEXTS))))
    rows = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    mean, std = (torch.tensor(getattr(open_clip, f"OPENAI_DATASET_{x}"))[:, None, None] for x in ("MEAN", "STD"))
    theirs = clip.encode_image((torch.from_numpy(rows).permute(0, 3, 1, 2) / 255 - mean) / std)
    close(model.image.encode([model.image.prepare(row) for row in rows]), theirs)
    assert any(line.startswith("parity: 1 - cosine") for line in said)
    card = (tmp_path / "model" / "README.md").read_text()
    assert str(tmp_path) not in card and "sha256:" in (tmp_path / "model" / "config.json").read_text()
    assert "not known to lookseek" in card and "None: nothing was measured" in card


def test_a_repository_of_the_hub_at_its_revision_then_everything_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    clip = write_repository(tmp_path / "hub", CLIPS[VIT.removeprefix("open_clip/")], resize_mode="squash")
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")
    name = f"hf-hub:shop/clip@{REVISION}"
    with serving({"shop/clip": tmp_path / "hub"}) as hub:
        point_at(hub.url, monkeypatch)
        said = Said(capsys, "export", name, tmp_path / "model")
    assert said.code == 0, said.err
    assert "licence: apache-2.0" in said.out
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["licence"] == "apache-2.0" and config["languages"] == ["en", "vi"]
    assert f"https://huggingface.co/shop/clip/tree/{REVISION}" in config["sources"]
    assert config["preprocessing"]["resize"] == "squash"
    assert f"`lookseek export {name} model`" in (tmp_path / "model" / "README.md").read_text()
    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index", model=str(tmp_path / "model"))
    with Searcher(tmp_path / "index", single=True) as searcher:
        assert len(searcher.search(Query(text="đầm đỏ", k=3)).hits) == 3
    tokens = open_clip.get_tokenizer(VIT.removeprefix("open_clip/"))
    model = load_model(tmp_path / "model", single=True)
    assert model.text is not None
    close(model.text.encode(TEXTS), clip.encode_text(tokens(list(TEXTS))))


def test_weights_of_a_tag_bring_their_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    write_repository(tmp_path / "hub", CLIPS[VIT.removeprefix("open_clip/")])
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    tags = {"shop_s1": {"hf_hub": "shop/clip/", "mean": (0.5,) * 3, "std": (0.5,) * 3, "quick_gelu": True}}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, VIT.removeprefix("open_clip/"), tags)
    with serving({"shop/clip": tmp_path / "hub"}) as hub:
        point_at(hub.url, monkeypatch)
        found = load_published(parse_source(f"{VIT}:shop_s1@{REVISION}"))
    assert found.clip.quick_gelu and found.clip.mean == (127.5,) * 3 and found.clip.how.resize == "crop"
    assert found.clip.weights == "shop_s1 of open_clip" and found.origin.licence == "apache-2.0"


def test_a_siglip_with_a_tokenizer_of_its_own(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="such tokenizers are compared with transformers'")
    clip = write_repository(tmp_path / "hub", SIGLIP, resize_mode="squash", interpolation="bicubic")
    write_tokenizer(tmp_path / "hub", transformers)
    export_published(f"local-dir:{tmp_path / 'hub'}", tmp_path / "model", progress=Heard())
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["text"] == {"tower": "tokens", "length": 64, "pad": 1}
    tokens = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'hub'}")
    model = load_model(tmp_path / "model", single=True)
    assert model.text is not None
    close(model.text.encode(TEXTS), clip.encode_text(tokens(list(TEXTS))))
    photo = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    theirs = clip.encode_image((torch.from_numpy(photo)[None].permute(0, 3, 1, 2) / 255 - 0.5) / 0.25)
    close(model.image.encode([model.image.prepare(photo)]), theirs)


def write_tokenizer(folder: Path, transformers: Any) -> None:
    """SentencePiece's kind, as T5 has it: unigrams, ▁ for blanks, </s> at the end, pad 1."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    letters = sorted({sign for text in TEXTS for sign in text.lower()} - {" "})
    pieces = ["▁", "▁red", "▁dress", "▁the", "▁same", "▁đầm", "▁hoa", *letters]
    vocabulary = [
        ("<unk>", 0.0),
        ("</s>", 0.0),
        *((piece, -float(len(pieces) - at)) for at, piece in enumerate(pieces)),
    ]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    whole = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="</s>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    )
    whole.save_pretrained(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("open_clip/ViT-B-33", r"no model 'ViT-B-33' in open_clip. Near names: ViT-B-32"),
        ("open_clip/ViT-B-32", r"no weights are named.*ViT-B-32:TAG@REVISION with one of openai"),
        ("open_clip/ViT-B-32:nothing", "'nothing' is no file and none of its tags"),
        (
            "open_clip/ViT-B-32:openai",
            r"names no revision.*in timm/vit_base_patch32_clip_224\.openai.*:openai@REVISION",
        ),
        ("open_clip/ViT-B-32:openai@main", r"'main' is no revision"),
        (
            "hf-hub:laion/CLIP",
            r"no revision is named.*hf-hub:laion/CLIP@REVISION.*huggingface.co/laion/CLIP/commits/main",
        ),
        ("local-dir:nowhere", "there is no such folder"),
    ],
)
def test_names_that_lead_nowhere_say_what_to_do(name: str, words: str) -> None:
    with pytest.raises(LookseekError, match=words):
        parse_source(name)


def test_a_tag_is_a_repository_at_a_revision() -> None:
    found = parse_source(f"open_clip/ViT-B-16-SigLIP:webli@{REVISION}")
    assert found.hub is not None and str(found.hub) == f"timm/ViT-B-16-SigLIP@{REVISION}"


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("text_cfg", {"hf_model_name": "roberta-base"}, "roberta-base of the package transformers"),
        ("vision_cfg", {"timm_model_name": "hf-hub:someone/else"}, "which timm does not have"),
        ("text_cfg", {"tokenizer_kwargs": {"trust_remote_code": True}}, "trust_remote_code.*of its tokenizer"),
    ],
)
def test_configurations_that_reach_further_are_refused(part: str, change: dict[str, Any], words: str) -> None:
    config = {**SIGLIP, part: {**SIGLIP[part], **change}}
    with pytest.raises(TrainError, match=words):
        check_config(config, "this")


def test_what_is_no_such_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainError, match="has no weights that lookseek reads"):
        export_published(f"local-dir:{tmp_path / 'empty'}", tmp_path / "model", progress=Heard())
    write_repository(tmp_path / "other", CLIPS[VIT.removeprefix("open_clip/")])
    (tmp_path / "other" / "open_clip_config.json").unlink()
    with pytest.raises(TrainError, match=r"is no model of open_clip.*--model hf:OWNER/NAME@REVISION"):
        export_published(f"local-dir:{tmp_path / 'other'}", tmp_path / "model", progress=Heard())
    with pytest.raises(TrainError, match="check that the weights are this model's"):
        export_published(
            f"{RESNET}:{tmp_path / 'other' / 'open_clip_model.safetensors'}", tmp_path / "model", progress=Heard()
        )
    torch.save({"code": Path("x")}, tmp_path / "own.pt")
    with pytest.raises(TrainError, match="open_clip can't load"):
        export_published(f"{VIT}:{tmp_path / 'own.pt'}", tmp_path / "model", progress=Heard())
    assert not (tmp_path / "model").exists()


def test_a_tokenizer_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    write_repository(tmp_path / "hub", SIGLIP)
    with pytest.raises(TrainError, match=r"has the tokenizer of none/such, which is not beside its weights"):
        export_published(f"local-dir:{tmp_path / 'hub'}", tmp_path / "model", progress=Heard())


@pytest.mark.parametrize(
    ("card", "licence", "languages"),
    [
        (CARD, "apache-2.0", ("en", "vi")),
        ("---\nlicense: mit\nlanguage: en\n---\n", "mit", ("en",)),
        ("# only words\nlicense: mit\n", "", ()),
        ("---\nlibrary: x\n", "", ()),
    ],
)
def test_licence_and_languages_come_from_the_head_of_the_card(
    tmp_path: Path, card: str, licence: str, languages: tuple[str, ...]
) -> None:
    (tmp_path / "README.md").write_text(card)
    found = read_card_head(tmp_path)
    assert (found.licence, found.languages) == (licence, languages)
