"""kill -9 in the middle of a batch: every item that was acknowledged is there after a restart."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import served_by_command

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.index.check import check_index
from lookseek.index.open_index import open_index
from lookseek.serve.guards.api_keys import make_key

httpx2 = pytest.importorskip("httpx2")


@pytest.mark.parametrize("after", [1, 40, 90])
def test_what_was_acknowledged_survives(tmp_path: Path, after: int) -> None:
    write_photos(tmp_path / "photos")
    index = tmp_path / "index"
    indexed(tmp_path / "photos", index, model="efficientnet-lite2")
    key = make_key(tmp_path / "keys", "write", "shop")
    photos = [base64.b64encode(images.to_jpeg(draw(spec, 96))).decode() for spec in drawn_specs(30, 1, 3)]

    def lines() -> Iterator[bytes]:
        for n in range(400):
            yield json.dumps({"id": f"new/{n}", "image": photos[n % 30], "attributes": {"n": n}}).encode() + b"\n"

    acknowledged: list[str] = []
    headers = {"X-API-Key": key, "content-type": "application/x-ndjson"}
    with (
        served_by_command(index, "--keys", str(tmp_path / "keys")) as (process, address),
        httpx2.Client(base_url=address, timeout=60) as ask,
        pytest.raises(httpx2.TransportError),
        ask.stream("POST", "/v1/items:batch", content=lines(), headers=headers) as told,
    ):
        for line in told.iter_lines():
            one = json.loads(line)
            assert one["what"] == "added"
            acknowledged.append(one["id"])
            if len(acknowledged) == after:
                process.send_signal(signal.SIGKILL)
    assert len(acknowledged) >= after
    assert len(acknowledged) < 400
    opened = open_index(index)
    there = {point.id for point in opened.store.get(acknowledged, vectors=False)}
    opened.store.close()
    assert there == set(acknowledged)
    with (
        served_by_command(index, "--keys", str(tmp_path / "keys")) as (_, address),
        httpx2.Client(base_url=address, timeout=60) as ask,
    ):
        assert ask.get("/v1/facets", params={"filter": "n >= 0"}).json()["items"] >= len(acknowledged)
        put = ask.put("/v1/items/after", json={"image": photos[0]}, headers={"X-API-Key": key})
        assert put.json()["what"] == "added", put.text
        assert ask.get("/v1/items/after").status_code == 200
        assert ask.get("/v1/items/new%2F0").status_code == 200
    assert all(finding.good for finding in check_index(index))
