"""Training photos in batches: what chance decides depends on the seed and the place alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from helpers.catalogues import Heard
from helpers.trainings import SMALL, write_table
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.train.classifier.batches import ShuffledOrder, training_batches
from lookseek.train.classifier.settings import ClassifierSettings, settings_of
from lookseek.train.labelled import Example, LabelledPhotos, read_labelled
from lookseek.train.photos import in_order
from lookseek.train.trainer.seeds import derive_seed

MODERN = settings_of("modern", SMALL)
BASELINE = settings_of("baseline", SMALL)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> LabelledPhotos:
    return read_labelled(str(write_table(tmp_path_factory.mktemp("shop"), 21, 5, 5)), "", Heard())


def all_of(
    data: LabelledPhotos, how: ClassifierSettings, epoch: int, first: int = 0, workers: int = 0
) -> list[torch.Tensor]:
    batches = training_batches(data.splits["train"], how, workers)
    return [part for batch in batches.epoch(epoch, first) for part in batch]


def same(some: list[torch.Tensor], others: list[torch.Tensor]) -> bool:
    return len(some) == len(others) and all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


def test_photos_and_labels_come_as_the_network_takes_them(data: LabelledPhotos) -> None:
    photos, labels = next(training_batches(data.splits["train"], MODERN, 0).epoch(0))
    assert photos.dtype == torch.uint8
    assert photos.shape == (8, 3, 32, 32)
    assert labels.dtype == torch.int64
    assert labels.shape == (8,)


def test_an_epoch_is_the_same_however_it_is_reached(data: LabelledPhotos) -> None:
    whole = all_of(data, MODERN, 3)
    torch.manual_seed(99)  # whatever ran before
    assert same(whole, all_of(data, MODERN, 3))
    assert same(whole[2:], all_of(data, MODERN, 3, first=1))  # gone on with after the first batch
    assert same(whole, all_of(data, MODERN, 3, workers=1))
    assert not same(whole, all_of(data, MODERN, 4))
    assert not same(whole, all_of(data, settings_of("modern", SMALL | {"seed": 1}), 3))


def test_the_plain_preset_sees_each_photo_once_and_unchanged(data: LabelledPhotos) -> None:
    batches = training_batches(data.splits["train"], BASELINE, 0)
    shown = torch.cat([photos for photos, _ in batches.epoch(0)])
    known = torch.cat([photos for photos, _ in in_order(data.splits["train"], BASELINE.size, BASELINE.resize, 8, 0)])
    assert len(shown) == len(known) == 21
    assert sorted(photo.sum().item() for photo in shown) == sorted(photo.sum().item() for photo in known)
    assert not torch.equal(shown, known)  # in another order


def test_strong_changes_make_another_photo_each_epoch(data: LabelledPhotos) -> None:
    first, second = (torch.cat(all_of(data, MODERN, epoch)[0::2]) for epoch in (0, 1))
    assert not any(torch.equal(a, b) for a in first for b in second)


def examples(sizes: dict[int, int]) -> list[Example]:
    return [Example(f"{label}-{n}", b"", label) for label, size in sizes.items() for n in range(size)]


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(2, 40), st.integers(1, 4), st.integers(0, 5))
def test_every_photo_is_in_one_batch_of_one_device(count: int, batch: int, ranks: int, epoch: int) -> None:
    how = settings_of("baseline", {"batch": max(batch, 2 * ranks)})
    orders = [ShuffledOrder(examples({0: count}), how, rank, ranks) for rank in range(ranks)]
    by_rank = [list(order.epoch(epoch)) for order in orders]
    assert len({len(batches) for batches in by_rank}) == 1  # devices go in step
    rows = [row for batches in by_rank for places in batches for row, _ in places]
    assert len(rows) == len(set(rows))
    left_out = count - len(rows)
    assert 0 <= left_out < 2 * ranks
    if len(orders[0]) > 1:
        assert all(places for batches in by_rank for places in batches)


def test_a_last_batch_of_one_is_left_out() -> None:
    order = ShuffledOrder(examples({0: 17}), settings_of("baseline", {"batch": 8}))
    assert [len(places) for places in order.epoch(0)] == [8, 8]


@pytest.mark.parametrize(("balance", "share"), [(0.0, 0.1), (0.5, 0.25), (1.0, 0.5)])
def test_balance_draws_small_classes_more_often(balance: float, share: float) -> None:
    some = examples({0: 180, 1: 20})
    order = ShuffledOrder(some, settings_of("modern", {"balance": balance}))
    drawn: Counter[int] = Counter()
    for epoch in range(30):
        drawn.update(some[row].label for places in order.epoch(epoch) for row, _ in places)
    assert drawn[1] / drawn.total() == pytest.approx(share, abs=0.03)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=4))
def test_seeds_differ_from_their_neighbours(parts: list[int]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63
    assert derive_seed(*parts) == derive_seed(*parts)
    assert derive_seed(*parts) != derive_seed(*parts[:-1], parts[-1] + 1)


def test_a_photo_that_is_gone_says_so(tmp_path: Path) -> None:
    gone = [Example("a", tmp_path / "gone.jpg", 0), Example("b", tmp_path / "gone.jpg", 1)]
    with pytest.raises(Exception, match=r"gone\.jpg"):
        next(training_batches(gone, MODERN, 0).epoch(0))
