"""Encoding on a Ray cluster of two nodes on this machine: an index as without, whatever dies while it is made."""

from __future__ import annotations

import atexit
import importlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, write_photos

from lookseek import __version__
from lookseek.catalogue import open_catalogue
from lookseek.errors import CatalogueError, ClusterError, IndexMismatch, ItemError, ModelError
from lookseek.index import ray_encoding, upsert
from lookseek.index.address import place_of
from lookseek.index.export import export_vectors
from lookseek.index.job import build_index
from lookseek.index.open_index import open_index
from lookseek.index.place import DUPLICATES, SKIPPED
from lookseek.index.ray_cluster import check_ray
from lookseek.index.ray_worker import RayWorker, WorkerTask
from lookseek.index.report import Summary
from lookseek.index.spec import resolve_spec

ENVIRONMENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # nodes are at 127.0.0.1, as Ray has it on macOS and Windows
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # else Ray keeps one in the home folder
    "RAY_TMPDIR": tempfile.mkdtemp(prefix="ray"),  # short: Ray's sockets lie there
    "RAY_gcs_rpc_server_connect_timeout_s": "1",
    "RAY_py_gcs_connect_timeout_s": "1",
}
atexit.register(shutil.rmtree, ENVIRONMENT["RAY_TMPDIR"], ignore_errors=True)
os.environ.update(ENVIRONMENT)  # before the import, which reads most of them
ray = pytest.importorskip("ray", reason="Ray has no wheel for this platform")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="several nodes of Ray on one machine need Linux or macOS"),
    pytest.mark.filterwarnings("ignore::ResourceWarning:ray.*"),
]

MODEL = "efficientnet-lite2"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of a core each; the first is the one that jobs join."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False}
    fast = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 300, "health_check_failure_threshold": 3}
    nodes = Cluster(initialize_head=True, head_node_args={**node, "_system_config": fast})
    nodes.add_node(**node)
    yield nodes
    nodes.shutdown()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_encoding, "_BLOCK_PHOTOS", 4)
    monkeypatch.setattr(upsert, "_WRITE", 4)


class Acting(Heard):
    """A progress that does something at the first items that are written."""

    def __init__(self, *acts: Any) -> None:
        super().__init__()
        self.acts = list(acts)

    def advance(self, entries: int) -> None:
        super().advance(entries)
        if self.acts and entries > 1:  # one by one what was never sent is left out
            self.acts.pop(0)()


def workers_of(node: Any) -> list[int]:
    """The processes of a node's workers that encode."""
    parent = str(node.all_processes["raylet"][0].process.pid)
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in told.splitlines()]
    return [int(pid) for pid, above, name in rows if above == parent and name.startswith("ray::RayWorker")]


def catalogue(folder: Path, items: int) -> Path:
    """A table of photos, one of them twice, and of one broken photo, one missing file and one duplicate id."""
    photos = write_photos(folder / "photos", items=items, views=2)
    broken = folder / "photos" / "broken.jpg"
    broken.write_bytes(photos[0].read_bytes()[:300])
    rows = [f"i{n},{photo},{n}" for n, photo in enumerate([*photos, photos[0], broken, folder / "none.jpg"])]
    (folder / "items.csv").write_text("\n".join(["id,image,price", *rows, rows[0]]), "utf-8")
    return folder / "items.csv"


def bulk(source: Path, index: Path, address: str, *acts: Any) -> Summary:
    progress = Acting(*acts)
    summary = build_index(open_catalogue(source), index, model=MODEL, store="numpy", ray=address, progress=progress)
    assert not progress.acts
    return summary


def without_time(summary: Summary) -> dict[str, object]:
    return {name: getattr(summary, name) for name in summary.__slots__ if name not in ("seconds", "notes")}


def test_a_killed_worker_and_a_killed_node_lose_nothing_and_double_nothing(
    cluster: Any, tmp_path: Path, small_blocks: None
) -> None:
    source = catalogue(tmp_path, items=30)
    alone = indexed(source, tmp_path / "alone", model=MODEL, store="numpy")
    killed: list[int] = []
    (other,) = cluster.worker_nodes

    def kill_worker() -> None:
        killed.extend(workers_of(cluster.head_node) or workers_of(other))
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    together = bulk(
        source,
        tmp_path / "bulk",
        cluster.address,
        kill_worker,
        lambda: cluster.remove_node(other, allow_graceful=False),
    )
    assert killed
    assert without_time(together) == without_time(alone)
    assert dict(together.skipped) == {"broken photo": 1, "missing file": 1, "duplicate id": 1}
    assert (together.items, together.encoded) == (61, 60)
    for report in (SKIPPED, DUPLICATES):  # lines come as photos are done
        one, two = (place_of(tmp_path / name).read_report(report).splitlines() for name in ("alone", "bulk"))
        assert sorted(one) == sorted(two)
    indexes = [open_index(tmp_path / name) for name in ("alone", "bulk")]
    expected, got = ({p.id: p for p in index.store.scan(vectors=True)} for index in indexes)
    assert len(list(indexes[1].store.scan())) == len(got) == 61
    assert got.keys() == expected.keys()
    for id, point in got.items():
        same = expected[id]
        assert (point.hash, point.fingerprint, point.source, dict(point.attributes)) == (
            same.hash,
            same.fingerprint,
            same.source,
            dict(same.attributes),
        )
        for name, vector in point.vectors.items():
            cosine = vector @ same.vectors[name] / np.linalg.norm(vector) / np.linalg.norm(same.vectors[name])
            assert cosine == pytest.approx(1, abs=1e-3), (id, name)
    for index in indexes:
        index.store.close()


def test_a_stopped_job_keeps_what_was_encoded_and_the_next_goes_on(
    cluster: Any, tmp_path: Path, small_blocks: None
) -> None:
    write_photos(tmp_path / "photos", items=10, views=2)

    def stop() -> None:
        raise KeyboardInterrupt

    first = bulk(tmp_path / "photos", tmp_path / "index", cluster.address, stop)
    assert first.interrupted
    assert 0 < first.items < 20
    assert not ray.is_initialized()
    second = bulk(tmp_path / "photos", tmp_path / "index", cluster.address)
    assert (second.items, second.unchanged, second.encoded) == (20, first.items, 20 - first.items)
    assert workers_of(cluster.head_node) == []
    third = bulk(tmp_path / "photos", tmp_path / "index", "127.0.0.1:1")  # nothing to encode: no cluster is asked
    assert third.unchanged == 20


class Dying(RayWorker):
    """A worker that a photo ends, as a machine without memory would end."""

    def load(self, task: WorkerTask) -> None: ...

    def encode(self, photos: Any) -> Any:
        if b"large" in photos:
            os._exit(1)
        return [ItemError(str(len(photo))) for photo in photos]


def test_a_photo_that_ends_every_worker_ends_the_job_with_a_word(
    cluster: Any, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr(ray_encoding, "RayWorker", Dying)
    monkeypatch.setattr(ray_encoding, "_ATTEMPTS", 2)
    encoding = ray_encoding.RayEncoding(cluster.address, *small_model())
    photos = [(number, b"small") for number in range(20)]
    assert sorted(key for key, _ in encoding.encode(photos)) == list(range(20))
    with pytest.raises(ClusterError, match=r"2 times of the same photos .*what was encoded is kept"):
        list(encoding.encode([*photos, (20, b"large")]))


def test_a_machine_without_lookseek_says_so(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_here.py").write_text("class RayWorker:\n    def load(self, task): ...", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(ray_encoding, "RayWorker", importlib.import_module("only_here").RayWorker)
    with pytest.raises(ClusterError, match=r"No module named 'only_here'.*: install the lookseek of this machine"):
        list(ray_encoding.RayEncoding(cluster.address, *small_model()).encode([("a", b"")]))


def small_model() -> Any:
    spec, model = resolve_spec(place_of("nowhere"), None, MODEL, None, "numpy")
    return model, spec


def test_a_machine_with_another_lookseek_model_or_processor_says_so() -> None:
    model, spec = small_model()
    task = WorkerTask(__version__, spec, model.runtime, model.precision)
    RayWorker().load(task)
    for wrong, error, word in (
        (replace(task, version="0.0.9"), ClusterError, "there and 0.0.9 here: install the same one"),
        (replace(task, precision="int8"), ClusterError, "LOOKSEEK_RUNTIME=onnxruntime"),
        (replace(task, spec=replace(spec, checksum="f" * 64)), IndexMismatch, "copy this one to the same path"),
        (replace(task, spec=replace(spec, model_path="/no/such/model")), ModelError, "/no/such/model"),
    ):
        with pytest.raises(error, match=rf"on the machine \S+ of the cluster: .*{re.escape(word)}"):
            RayWorker().load(wrong)


def test_what_a_worker_refuses_ends_the_job_in_its_words(cluster: Any, tmp_path: Path) -> None:
    model, spec = small_model()
    encoding = ray_encoding.RayEncoding(cluster.address, model, replace(spec, checksum="f" * 64))
    with pytest.raises(IndexMismatch, match="copy this one to the same path"):
        list(encoding.encode([("a", b"")]))


def test_a_cluster_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", items=1, views=1)
    with pytest.raises(ClusterError, match=r"127.0.0.1:1 can't be joined .*run lookseek on one of its machines"):
        bulk(tmp_path / "photos", tmp_path / "index", "127.0.0.1:1")


@pytest.mark.parametrize("address", ["", "here", "ray://db:10001", "db:6379/x", "db:"])
def test_what_is_no_address_is_one_error(address: str) -> None:
    with pytest.raises(ClusterError, match="is no address of a Ray cluster: give HOST:PORT"):
        check_ray(address)


def test_without_ray_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    with pytest.raises(ClusterError, match=r"pip install 'lookseek\[bulk\]'"):
        bulk(write_photos(tmp_path / "photos", items=1, views=1)[0].parent, tmp_path / "index", "auto")


def test_items_with_vectors_have_nothing_to_encode(ready: tuple[Path, Path], tmp_path: Path) -> None:
    export_vectors(ready[1], tmp_path / "features", progress=Heard())
    with pytest.raises(CatalogueError, match="leave --ray out"):
        build_index(open_catalogue(tmp_path / "features"), tmp_path / "index", ray="auto")


LISTENING = """
import os, re, sys
from pathlib import Path
from lookseek.cli import main, progress_bars
from lookseek.index import upsert

def below(pid):
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(p for file in children for child in file.read_text().split() for p in below(child))]

def listening():
    opened = set()
    for pid in below(os.getpid()):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            try:
                opened.add(os.readlink(file))
            except OSError:
                pass
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if cells[3] == "0A" and f"socket:[{cells[9]}]" in opened:
                yield cells[1].partition(":")[0]

real = progress_bars.ProgressBars.advance
def advance(self, entries):
    real(self, entries)
    progress_bars.ProgressBars.advance = real
    print("listening", *listening())
progress_bars.ProgressBars.advance = advance
upsert._WRITE = 4  # the first are written while the others are encoded
sys.argv = ["lookseek", "index", "drawn:4", sys.argv[1], *"--store numpy --model efficientnet-lite2 --ray auto".split()]
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what listens is read from /proc")
def test_where_no_cluster_runs_a_local_one_listens_on_loopback_alone(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ray") as folder:
        variables = {**os.environ, **ENVIRONMENT, "RAY_TMPDIR": folder}
        del variables["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"], variables["RAY_py_gcs_connect_timeout_s"]
        command = [sys.executable, "-c", LISTENING, str(tmp_path / "index")]
        done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stderr
    assert "12 items (12 added" in done.stdout
    (told,) = re.findall(r"^listening (.*)$", done.stdout, re.M)
    assert len(told.split()) >= 4  # its server, the node, workers
    assert {address[-8:] for address in told.split()} == {"0100007F"}
