"""What every index on a server must do behind services, whatever the server."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs

from .catalogues import indexed, write_photos
from .serving import serving

__all__ = ["check_a_lost_server_heals", "check_edits_are_seen"]

_NEW = "/v1/items/new%2F1"


def check_edits_are_seen(address: str, keys: Path) -> None:
    """Two services on one index: what one adds, replaces and removes, the other finds and loses."""
    photo = images.to_jpeg(draw(drawn_specs(1, 1, 77)[0], 128))
    with serving(address, keys) as one, serving(address) as two:  # type: ignore[arg-type]
        for shelf, what in ((3, "added"), (4, "changed")):
            body = {"image": _base(photo), "attributes": {"shelf": shelf}}
            assert one.ask.put(_NEW, json=body, headers=one.may_write).json()["what"] == what
        for service in (one, two):
            query = {"image": _base(photo), "k": 1, "filter": "shelf = 4"}
            found = service.ask.post("/v1/search", json=query).json()
            assert [hit["id"] for hit in found["hits"]] == ["new/1"]
            picture = service.ask.get(f"{_NEW}/image", params={"size": 160})
            assert picture.headers["content-type"] == "image/jpeg"
        assert one.ask.delete(_NEW, headers=one.may_write).json()["what"] == "removed"
        assert two.ask.get(_NEW).status_code == 404
        assert two.ask.get(f"{_NEW}/image").status_code == 404
        assert two.ask.get("/readyz").status_code == 200


def check_a_lost_server_heals(
    address: str, folder: Path, model: str, stop: Callable[[], object], start: Callable[[], object], secret: str = ""
) -> None:
    """A service whose server is lost answers 503, tells nothing of it, and heals when it is back.

    Args:
        address: of an index that is made.
        folder: for photos and keys.
        model: of the index.
        stop: ends the server.
        start: begins it again.
        secret: that no answer may hold.
    """
    photos = write_photos(folder / "photos", items=2)
    indexed(folder / "photos", address, model=model)  # type: ignore[arg-type]
    query = {"image": _base(photos[0].read_bytes()), "k": 1}
    with serving(address, folder / "keys") as service:  # type: ignore[arg-type]
        assert service.ask.post("/v1/search", json=query).status_code == 200
        stop()
        for lost in (
            service.ask.post("/v1/search", json=query),
            service.ask.get("/readyz"),
            service.ask.put("/v1/items/a", json={"image": query["image"]}, headers=service.may_write),
        ):
            assert lost.status_code == 503
            assert int(lost.headers["retry-after"]) > 0
            assert "127.0.0.1" not in lost.text  # nothing of the machines behind it
            assert not secret or secret not in lost.text
        start()
        assert service.ask.post("/v1/search", json=query).json()["hits"][0]["score"] == pytest.approx(1, abs=1e-3)
        assert service.ask.get("/readyz").status_code == 200
        put = service.ask.put("/v1/items/a", json={"image": query["image"]}, headers=service.may_write)
        assert put.json()["what"] == "added"


def _base(photo: bytes) -> str:
    return base64.b64encode(photo).decode()
