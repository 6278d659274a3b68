"""Models of the Hugging Face hub: fetched once at a revision, then read without a network. The hub is a local one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.catalogues import indexed, published, write_photos
from helpers.hub_server import REVISION, Hub, serving
from helpers.tiny_onnx import write_model, write_tokens
from test_cli import Said

from lookseek.encode import load_model
from lookseek.errors import ModelError
from lookseek.query import Query
from lookseek.search import Searcher

constants = pytest.importorskip("huggingface_hub.constants")

NAME = f"hf:shop/tiny@{REVISION}"


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT does before the client is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a model of ours, and a cache of its own."""
    folder = write_model(tmp_path / "tiny")
    (folder / "train.pt").write_bytes(b"code")
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    with serving({"shop/tiny": folder}) as hub:
        point_at(hub.url, monkeypatch)
        yield hub


def test_a_model_is_fetched_once_and_only_the_files_that_a_model_folder_has(hub: Hub, tmp_path: Path) -> None:
    first = load_model(NAME, single=True)
    there = {file.name for file in first.folder.iterdir()}
    assert there == {"SHA256SUMS", "config.json", "image.onnx", "README.md"}
    assert first.folder.is_relative_to(tmp_path / "cache")
    asked = len(hub.asked)
    assert load_model(NAME, single=True).checksum == first.checksum
    assert len(hub.asked) == asked


def test_what_is_fetched_half_is_fetched_to_its_end(hub: Hub) -> None:
    folder = load_model(NAME, single=True).folder
    (folder / "image.onnx").unlink()
    assert load_model(NAME, single=True).folder == folder
    assert (folder / "image.onnx").is_file()


def test_the_requests_say_nothing_of_this_machine_beyond_the_client(hub: Hub) -> None:
    load_model(NAME, single=True)
    assert all(said.startswith("lookseek/") and "torch" not in said and "agent" not in said for said in hub.said)


def test_an_index_remembers_the_name_and_needs_no_network(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index", model=NAME)
    manifest = published(tmp_path / "index")
    assert manifest is not None and manifest.spec.model_path == NAME
    asked = len(hub.asked)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert indexed(tmp_path / "photos", tmp_path / "index").encoded == 0
    with Searcher(tmp_path / "index", single=True) as searcher:
        photo = next((tmp_path / "photos").rglob("*.jpg"))
        assert searcher.search(Query(image=photo, k=1)).hits[0].score == pytest.approx(1, abs=1e-2)
    assert len(hub.asked) == asked


def test_words_of_a_model_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    hub.repositories["shop/words"] = write_tokens(tmp_path / "words")
    model = load_model(f"hf:shop/words@{REVISION}", single=True)
    assert model.text is not None and model.text.encode(["red dress"]).shape == (1, model.dim)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hf:shop/tiny", "no revision is named.*hf:shop/tiny@REVISION.*/shop/tiny/commits/main lists"),
        ("hf:shop/tiny@main", "'main' is no revision"),
        (f"hf:shop/tiny@{REVISION[:12]}", "40 hex digits of a commit, all of them"),
        (f"hf:shop/tiny@{REVISION.upper()}", "is no revision"),
        (f"hf:tiny@{REVISION}", "names no repository of the hub: the form is hf:OWNER/NAME@REVISION"),
        (f"hf:../../etc@{REVISION}", "names no repository"),
        (f"hf:a/..@{REVISION}", "names no repository"),
        (f"hf:shop/nothing@{REVISION}", "the hub has no repository shop/nothing"),
        (f"hf:shop/tiny@{'f' * 40}", f"shop/tiny has no revision {'f' * 40}"),
    ],
)
def test_names_that_lead_nowhere_say_what_to_do(hub: Hub, name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load_model(name)


def test_a_repository_for_those_who_ask(hub: Hub) -> None:
    hub.gated.add("shop/tiny")
    with pytest.raises(ModelError, match=r"gives it to those who ask alone.*HF_TOKEN"):
        load_model(NAME)


def test_another_kind_of_model_is_led_to_export(hub: Hub, tmp_path: Path) -> None:
    clip = tmp_path / "clip"
    clip.mkdir()
    (clip / "open_clip_config.json").write_text("{}")
    (clip / "open_clip_model.safetensors").write_bytes(b"0" * 100)
    hub.repositories["shop/clip"] = clip
    with pytest.raises(ModelError, match=f"no lookseek model.*lookseek export hf-hub:shop/clip@{REVISION} FOLDER"):
        load_model(f"hf:shop/clip@{REVISION}")
    assert not any("safetensors" in line for line in hub.asked)


def test_a_file_that_is_not_what_its_checksum_says(hub: Hub) -> None:
    (hub.repositories["shop/tiny"] / "image.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"image\.onnx is damaged or changed"):
        load_model(NAME)


def test_without_a_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE forbids to fetch it"):
        load_model(NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    point_at("http://127.0.0.1:9", monkeypatch)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # it tries five times
    with pytest.raises(ModelError, match=r"can't be fetched .*check the network"):
        load_model(NAME)
    assert not hub.asked


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match=r"pip install 'lookseek\[hub\]'"):
        load_model(NAME)


def test_nothing_is_left_in_the_home_and_no_other_host_is_asked(hub: Hub, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    code = f"""
import socket
connect = socket.socket.connect
def watch(self, address):
    assert address[0] == "127.0.0.1", address
    return connect(self, address)
socket.socket.connect = watch
from lookseek.encode import load_model
load_model({NAME!r}, single=True)
"""
    environment = {**os.environ, "HOME": str(home), "HF_ENDPOINT": hub.url, "LOOKSEEK_CACHE": str(tmp_path / "own")}
    environment = {name: value for name, value in environment.items() if not name.startswith("HF_HUB")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout and not done.stderr
    assert not list(home.rglob("*"))


def test_the_command_line_takes_such_names(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path / "photos")
    monkeypatch.setenv("COLUMNS", "160")
    said = Said(capsys, "index", tmp_path / "photos", tmp_path / "index", "--model", "hf:shop/tiny")
    assert said.code == 1 and "no revision is named" in said.err
