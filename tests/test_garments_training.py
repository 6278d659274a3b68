"""The recipe ``garments``: what is learned from, the losses, and a run from masks to a parser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard
from lightning_fabric import Fabric

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs, garment_mask
from lookseek.catalogue.garment_kinds import KINDS
from lookseek.catalogue.garment_masks import UNKNOWN
from lookseek.encode.garments import load_parser
from lookseek.errors import TrainError
from lookseek.evaluate.garments.benchmark import measure_parser
from lookseek.train.garments.examples import read_examples, to_cells
from lookseek.train.garments.export import export_garments
from lookseek.train.garments.features import ParserMaps
from lookseek.train.garments.job import train_garments
from lookseek.train.garments.network import NUMBERS, ParserDecoder, split
from lookseek.train.garments.settings import settings_of
from lookseek.train.garments.training import CellBatch, _one_kind, _overlap, garments_training, mean_iou
from lookseek.train.trainer.devices import Devices

CELLS = 80


def folder_of(path: Path, train: int = 3, val: int = 2) -> Path:
    """Data of drawn garments: ``ccp`` with masks and ``clothing`` without."""
    for name in ("ccp/images", "ccp/masks", "clothing/images"):
        (path / name).mkdir(parents=True)
    lines = ["id,image,mask,labels,split"]
    splits = ["train"] * train + ["val"] * val + ["test"]
    for number, (spec, split_) in enumerate(zip(drawn_specs(train + val + 1, 1, 3), splits, strict=True)):
        cover = (garment_mask(spec, 64) > 127).astype(np.uint8) * (14 if spec.attributes["category"] == "dress" else 51)
        (path / f"ccp/images/{number}.png").write_bytes(images.to_png(draw(spec, 64)))
        (path / f"ccp/masks/{number}.png").write_bytes(images.to_png(np.repeat(cover[..., None], 3, 2)))
        lines.append(f"{number},images/{number}.png,masks/{number}.png,,{split_}")
    (path / "ccp/items.csv").write_text("\n".join(lines) + "\n")
    (path / "ccp/labels.txt").write_text("0 null\n14 dress\n51 t-shirt\n")
    (path / "clothing/images/a.jpg").write_bytes(images.to_jpeg(draw(drawn_specs(1, 1, 9)[0], 64)))
    rows = (
        "image,label,category,kids,sender_id,split\nimages/a.jpg,Dress,,False,1,train\nimages/b.jpg,Skip,,False,1,val\n"
    )
    (path / "clothing/items.csv").write_text(rows)
    return path


def test_views_are_the_same_each_time_and_know_what_their_masks_know(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data")
    examples = read_examples(data, "train", 2, 5)
    ids = [item.id for item in examples.items]
    assert len(ids) == len(set(ids)) == 3 * 3 + 1 + 2
    for row, item in enumerate(examples.items):
        pixels, cells = examples.load(row)
        again, same = examples.load(row)
        assert pixels.shape == (320, 320, 3) and cells.shape == (CELLS, CELLS)
        assert (pixels == again).all() and (cells == same).all()
        assert ((cells == UNKNOWN).any()) == (item.kind > 0)
        if item.view == 0 and not item.kind:
            assert 0.05 < (cells > 0).mean() < 0.9
    assert len(read_examples(data, "val", 2, 5)) == 2
    assert examples.content != read_examples(data, "train", 1, 5).content
    with pytest.raises(TrainError, match="has no masks to learn from"):
        read_examples(data / "clothing", "train", 0, 0)


def test_a_wide_photo_has_margins_above_and_below() -> None:
    cells = to_cells(np.full((20, 40), 2, np.uint8))
    assert (cells[20:60] == 2).all() and not cells[:20].any() and not cells[60:].any()


def test_one_kind_is_learned_without_its_place() -> None:
    """The loss is lowest where the kind is seen somewhere and the rest is no garment."""
    kind = torch.tensor([3])

    def loss(part: float, other: int = 0) -> float:
        logits = torch.full((1, len(KINDS) + 1, CELLS, CELLS), -6.0)
        rows = int(part * CELLS)
        logits[:, 3, :rows] = 6.0
        logits[:, other, rows:] = 6.0
        return float(_one_kind(logits, kind))

    assert loss(0.5) < 0.1
    assert loss(0.0) > 5 and loss(0.5, other=4) > 3


def test_overlap_is_nothing_where_all_is_right_and_counts_no_unknown_cell() -> None:
    cells = torch.zeros((1, CELLS, CELLS), dtype=torch.int64)
    cells[:, :40], cells[:, 60:] = 2, UNKNOWN
    logits = torch.full((1, len(KINDS) + 1, CELLS, CELLS), -9.0)
    logits[:, 0, 40:60] = logits[:, 2, :40] = logits[:, 5, 60:] = 9.0
    assert float(_overlap(logits, cells)) < 0.01
    logits[:, 2, :40], logits[:, 0, :40] = -9.0, 9.0
    assert float(_overlap(logits, cells)) > 0.9


def test_the_mean_overlap_of_cells_by_hand() -> None:
    cells = np.zeros((1, CELLS, CELLS), np.uint8)
    cells[:, :40] = 1
    maps = ParserMaps(np.zeros((1, NUMBERS), np.float16), cells, np.zeros(1, np.int64), frozenset())

    class Half(torch.nn.Module):
        def forward(self, *maps: torch.Tensor) -> torch.Tensor:
            logits = torch.zeros((1, len(KINDS) + 1, CELLS, CELLS))
            logits[:, 1, :20] = logits[:, 0, 20:] = 1
            return logits

    figures = mean_iou(Fabric(accelerator="cpu"), Half(), maps)
    assert figures == {"val_miou": 0.5, f"val_iou_{KINDS[0]}": 0.5}


def test_a_decoder_learns_what_it_sees() -> None:
    """Two batches that it can tell apart: the loss falls, and every weight has a gradient."""
    torch.manual_seed(0)
    settings = settings_of("modern", {"width": 8, "dropout": 0.0})
    rows = np.random.default_rng(0).standard_normal((2, NUMBERS)).astype(np.float16)
    cells = np.zeros((2, CELLS, CELLS), np.uint8)
    cells[0, :30], cells[1] = 3, UNKNOWN
    maps = ParserMaps(rows, cells, np.array([0, 3]), frozenset())
    decoder = ParserDecoder(len(KINDS), 8, 0.0)
    training = garments_training(Fabric(accelerator="cpu"), decoder, {"train": maps, "val": maps}, settings)
    batch = CellBatch(
        torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(cells.astype(np.int64)), torch.tensor([0, 3])
    )
    totals = []
    for _ in range(12):
        losses = training.loss(decoder, batch)
        assert set(losses) == set(training.weights)
        total = sum((training.weights[name] * value for name, value in losses.items()), torch.zeros(()))
        training.optimiser.zero_grad()
        total.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in decoder.parameters())
        training.optimiser.step()
        totals.append(float(total.detach()))
    assert totals[-1] < 0.7 * totals[0]
    assert [tuple(each.shape[1:]) for each in split(batch.maps)] == [
        (24, 80, 80),
        (48, 40, 40),
        (120, 20, 20),
        (352, 10, 10),
    ]


def test_from_masks_to_a_parser(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data")
    (data / "ccp/masks/1.png").write_bytes(b"no picture")
    changes = {"epochs": 2, "batch": 4, "width": 8, "flat": 1, "drawn": 1}
    call = lambda: train_garments(  # noqa: E731
        str(data), tmp_path / "run", preset="modern", changes=changes, devices=Devices("cpu"), progress=Heard()
    )
    trained = call()
    assert trained.run.views == {"train": 11, "val": 2} and 0 <= trained.miou <= 1
    assert "1/0" in (tmp_path / "run/skipped.csv").read_text()
    assert call().best_epoch == trained.best_epoch, "a training that has ended is not begun again"
    exported = export_garments(tmp_path / "run", tmp_path / "parser", progress=Heard())
    assert exported.differing <= 0.01 and exported.size < 15e6
    parser = load_parser(tmp_path / "parser", single=True)
    assert parser.config.kinds == KINDS and parser.parse(np.zeros((30, 50, 3), np.uint8)).size == (50, 30)
    assert measure_parser(data / "ccp", "test", str(tmp_path / "parser"), Heard()).result.queries == 1
    with pytest.raises(TrainError, match="give a new folder"):
        export_garments(tmp_path / "run", tmp_path / "parser", progress=Heard())
