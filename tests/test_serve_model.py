"""A service, a writer of the command line and readers, killed at any moment: compared with a dictionary.

    LOOKSEEK_CRASH_SECONDS=3600 LOOKSEEK_SEED=7 pytest -s tests/test_serve_model.py

Each round begins the service anew, changes items one by one and in batches, by one client at a time, while others read;
kills the service in the middle of one, kills a ``lookseek index`` that adds photos, and compares all items with the
dictionary. The seed decides what is asked and when it is killed; how far a killed change got, nobody can say, so its
item may be as before or as after.
"""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import served_by_command
from helpers.waiting import within

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.index.open_index import open_index
from lookseek.serve.guards.api_keys import make_key

httpx2 = pytest.importorskip("httpx2")

SECONDS = float(os.environ.get("LOOKSEEK_CRASH_SECONDS", "120"))
SEED = int(os.environ.get("LOOKSEEK_SEED", "17"))
IDS = [f"item/{n}" for n in range(12)]
GONE = None


@dataclass
class Truth:
    """What must be in the index: an item's number by its id, and of the change that was under way both states."""

    items: dict[str, int] = field(default_factory=dict)
    unsure: dict[str, set[int | None]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def begin(self, id_: str, after: int | None) -> None:
        self.unsure.setdefault(id_, {self.items.get(id_)}).add(after)

    def done(self, id_: str, after: int | None) -> None:
        self.unsure.pop(id_, None)
        if after is None:
            self.items.pop(id_, None)
        else:
            self.items[id_] = after
        self.count("acknowledged")

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def compare(self, found: dict[str, int]) -> None:
        """Compare with what was found; what was unsure is known from now on."""
        for id_ in IDS:
            allowed = self.unsure.get(id_, {self.items.get(id_)})
            assert found.get(id_) in allowed, f"{id_} is {found.get(id_)}, of {allowed}"
            self.count("compared")
        self.unsure.clear()
        self.items = dict(found)


@dataclass
class Client:
    """Changes items, one change at a time, until the service is killed."""

    ask: Any
    key: dict[str, str]
    truth: Truth
    chance: random.Random
    photos: list[str]
    number: int

    def change(self) -> None:
        """Put or delete an item, or put a batch."""
        kind = self.chance.choice(("put", "put", "delete", "batch"))
        if kind == "batch":
            self._batch(self.chance.sample(IDS, 3))
            return
        id_ = self.chance.choice(IDS)
        path = f"/v1/items/{quote(id_, safe='')}"
        if kind == "delete":
            self.truth.begin(id_, GONE)
            told = self.ask.delete(path, headers=self.key)
            assert told.status_code in (200, 404), told.text
            self.truth.done(id_, GONE)
            return
        body = self._body(id_)
        told = self.ask.put(path, json=body, headers=self.key)
        assert told.json()["what"] in ("added", "changed"), told.text
        self.truth.done(id_, self.number)

    def _body(self, id_: str) -> dict[str, Any]:
        self.number += 1
        self.truth.begin(id_, self.number)
        return {"image": self.chance.choice(self.photos), "attributes": {"n": self.number}}

    def _batch(self, ids: list[str]) -> None:
        numbers, lines = {}, []
        for id_ in ids:
            lines.append(json.dumps({"id": id_, **self._body(id_)}).encode() + b"\n")
            numbers[id_] = self.number
        headers = {**self.key, "content-type": "application/x-ndjson"}
        with self.ask.stream("POST", "/v1/items:batch", content=b"".join(lines), headers=headers) as told:
            for line in told.iter_lines():
                one = json.loads(line)
                assert one["what"] in ("added", "changed"), one
                self.truth.done(one["id"], numbers[one["id"]])


def read(address: str, stop: threading.Event, wrong: list[str]) -> None:
    """Search and look at items while they change: no answer may be an error of the service."""
    with httpx2.Client(base_url=address, timeout=120) as ask:
        while not stop.is_set():
            for path in ("/v1/facets?field=folder", f"/v1/items/{quote(IDS[0], safe='')}", "/readyz"):
                try:
                    told = ask.get(path)
                except httpx2.TransportError:  # it was killed
                    return
                if told.status_code >= 500 and told.status_code != 503:
                    wrong.append(f"{path}: {told.status_code} {told.text[:200]}")


def in_index(index: Path) -> dict[str, int]:
    """The numbers of the items in the index, and their photos where they should be."""
    opened = open_index(index)
    try:
        points = [point for point in opened.store.scan() if point.id in IDS]
    finally:
        opened.store.close()
    for point in points:
        assert Path(point.source).is_file(), f"the photo of {point.id} is gone"
    return {point.id: int(str(point.attributes["n"])) for point in points}


def test_whatever_is_killed_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    chance, truth = random.Random(SEED), Truth()
    write_photos(tmp_path / "photos", items=3, views=1)
    index = tmp_path / "index"
    indexed(tmp_path / "photos", index, model="efficientnet-lite2")
    key = {"X-API-Key": make_key(tmp_path / "keys", "write", "tests")}
    photos = [base64.b64encode(images.to_jpeg(draw(spec, 64))).decode() for spec in drawn_specs(6, 1, 3)]
    going, number, wrong = within(SECONDS), 0, list[str]()
    while truth.counts.get("rounds", 0) < 2 or going():
        truth.count("rounds")
        stop = threading.Event()
        with (
            served_by_command(index, "--keys", str(tmp_path / "keys")) as (process, address),
            httpx2.Client(base_url=address, timeout=120) as ask,
        ):
            reader = threading.Thread(target=read, args=(address, stop, wrong))
            reader.start()
            client = Client(ask, key, truth, chance, photos, number)
            for _ in range(chance.randrange(1, 6)):
                client.change()
            killer = threading.Timer(chance.random() * 0.6, lambda p=process: p.send_signal(signal.SIGKILL))
            killer.start()
            try:
                while True:
                    client.change()
            except httpx2.TransportError:
                truth.count("killed")
            number = client.number
            stop.set()
            killer.join()
            reader.join()
        truth.compare(in_index(index))
        write_photos(tmp_path / "photos", items=3, views=1, seed=truth.counts["rounds"])
        command = [sys.executable, "-m", "lookseek.cli", "index", str(tmp_path / "photos"), str(index)]
        command += ["--model", "efficientnet-lite2"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
            try:
                job.wait(0.8 + chance.random() * 2)
            except subprocess.TimeoutExpired:
                job.kill()
                truth.count("jobs killed")
        truth.compare(in_index(index))
        assert not wrong, wrong
        kept = {Path(path).name for path in (index / "photos").glob("*.jpg")}
        assert len(kept) <= len(IDS) + 8, "photos of no item stay"
    print(f"seed {SEED}, {SECONDS:g} s: {truth.counts}")
    assert truth.counts["acknowledged"] >= 4
