"""The loop that all recipes share: losses by name, validation, trainings that go on as if they had never stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.catalogues import Heard
from safetensors.torch import load_file
from torch import Tensor, nn

from lookseek.errors import TrainError
from lookseek.train.trainer import loop
from lookseek.train.trainer.batches import LoadedBatches
from lookseek.train.trainer.checkpoint import TrainingState
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.interrupt import StopRequest
from lookseek.train.trainer.launch import launch
from lookseek.train.trainer.log import read_log
from lookseek.train.trainer.loop import Training, Validation, fit
from lookseek.train.trainer.schedule import Schedule

torch.set_num_threads(1)

ROWS, BATCH = 22, 4


class Rows:
    """22 rows in batches of 4, the last of two: the mean of a row's five numbers is what is to be learned."""

    examples = ROWS

    def __init__(self) -> None:
        self.numbers = torch.randn(ROWS, 5, generator=torch.Generator().manual_seed(5))

    def __len__(self) -> int:
        return math.ceil(ROWS / BATCH)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(BATCH)[first:]:
            yield self.numbers[rows], self.numbers[rows].mean(1, keepdim=True)


def squared(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Mapping[str, Tensor]:
    return {"squared": (model(batch[0]) - batch[1]).square().mean()}


def toy(**changes: Any) -> Training[tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))
    rows = Rows().numbers

    def validate(network: nn.Module) -> Validation:
        assert not network.training
        with torch.no_grad():
            error = float((network(rows) - rows.mean(1, keepdim=True)).square().mean())
        return Validation((-error,), {"val_error": error})

    groups = [{"params": network[0].parameters(), "lr": 1e-3}, {"params": network[3].parameters(), "lr": 1e-2}]
    made = Training(
        network=network,
        optimiser=torch.optim.AdamW(groups),
        batches=Rows(),
        loss=squared,
        weights={"squared": 1.0},
        validate=validate,
        epochs=4,
        seed=(3,),
        schedule=Schedule(0.1, cosine=True),
        average=0.9,
    )
    return replace(made, **changes)


def run(folder: Path, progress: Any = None, **changes: Any) -> TrainingState:
    return fit(launch(Devices("cpu", "1"), "32-true"), toy(**changes), folder, progress or Heard())


def weights(folder: Path) -> list[Tensor]:
    return list(load_file(folder / "best.safetensors").values())


def same(one: Path, other: Path) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


def epochs_of(folder: Path) -> list[dict[str, Any]]:
    return [line for line in read_log(folder) if "epoch" in line]


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """Ask to stop after some steps, as Ctrl-C does."""

    def make(steps: int) -> Any:
        class Stopping(Heard):
            def advance(self, entries: int) -> None:
                super().advance(entries)
                self.steps = getattr(self, "steps", -1) + 1
                stop.requested = self.steps == steps

        @contextmanager
        def deferred_interrupt() -> Iterator[StopRequest]:
            stop.requested = False
            yield stop

        stop = StopRequest()
        monkeypatch.setattr(loop, "deferred_interrupt", deferred_interrupt)
        return Stopping()

    return make


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    state = run(tmp_path, epochs=30)
    epochs = epochs_of(tmp_path)
    best = min(epochs, key=lambda line: line["val_error"])
    assert (state.best_epoch, state.best_score) == (best["epoch"], (-best["val_error"],))
    assert best["val_error"] < 0.2 * epochs[0]["val_error"]


@pytest.mark.parametrize("steps", [1, 5, 6, 7, 23])
def test_stopped_anywhere_it_ends_with_the_same_weights(
    tmp_path: Path, steps: int, stop_after: Callable[[int], Any]
) -> None:
    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", stop_after(steps))
    assert torch.load(tmp_path / "parts" / "checkpoint.pt", weights_only=True)["state"]["step"] == steps
    run(tmp_path / "parts")
    assert same(tmp_path / "whole", tmp_path / "parts")
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")


@pytest.mark.parametrize("judged", [(0.75, 0.5), (0.75, math.inf)], ids=["accuracy and loss", "one figure"])
def test_a_checkpoint_of_the_first_format_goes_on(
    tmp_path: Path, judged: tuple[float, float], stop_after: Callable[[int], Any]
) -> None:
    def validate(_: nn.Module) -> Validation:
        """As good as the checkpoint's best epoch, which stays the best."""
        accuracy, loss = judged
        return Validation((accuracy,) if math.isinf(loss) else (accuracy, -loss), {})

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after(8), validate=validate)
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del checkpoint["state"]["best_score"]
    checkpoint["state"] |= {"best_accuracy": judged[0], "best_loss": judged[1]}
    torch.save(checkpoint | {"format": 1}, tmp_path / "checkpoint.pt")
    before = weights(tmp_path)
    state = run(tmp_path, validate=validate)
    assert (state.step, state.best_epoch) == (24, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, weights(tmp_path), strict=True))


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    run(tmp_path, epochs=1)
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    torch.save(checkpoint | {"format": 9}, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainError, match=r"format 9, not 2.*delete it to train this run from its beginning"):
        run(tmp_path, epochs=1)


def test_losses_are_added_by_weight_and_logged_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_STEPS", 1)

    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Mapping[str, Tensor]:
        made = model(batch[0])
        squared = (made - batch[1]).square().mean()
        return {"squared": squared, "size": made.abs().mean(), "rows": torch.tensor(float(len(made)))}

    run(tmp_path / "named", loss=loss, weights={"squared": 0.5, "size": 0.25, "rows": 0.0})
    steps = [line for line in read_log(tmp_path / "named") if "loss" in line]
    assert [line["rows"] for line in steps[:6]] == [4, 4, 4, 4, 4, 2]
    for line in steps:
        assert line["loss"] == pytest.approx(0.5 * line["squared"] + 0.25 * line["size"])
    run(tmp_path / "half", loss=squared, weights={"squared": 0.5})
    run(tmp_path / "watched", loss=loss, weights={"squared": 0.5, "size": 0.0, "rows": 0.0})
    assert same(tmp_path / "half", tmp_path / "watched")  # what has no weight teaches nothing
    assert not same(tmp_path / "half", tmp_path / "named")


def test_a_single_loss_is_logged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOG_STEPS", 1)
    run(tmp_path, epochs=1)
    assert {frozenset(line) for line in read_log(tmp_path) if "loss" in line} == {frozenset(["step", "loss", "rate"])}


def test_each_group_follows_the_schedule_from_its_own_rate(tmp_path: Path) -> None:
    seen = []

    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Mapping[str, Tensor]:
        seen.append(tuple(group["lr"] for group in training.optimiser.param_groups))
        return squared(model, batch)

    training = toy(loss=loss)
    fit(launch(Devices("cpu", "1"), "32-true"), training, tmp_path, Heard())
    factors = [training.schedule.factor(step, 24) for step in range(24)]
    assert seen == [(1e-3 * factor, 1e-2 * factor) for factor in factors]


def test_validation_comes_every_few_epochs_and_patience_ends_it(tmp_path: Path) -> None:
    scores = iter([1.0, 2.0, 2.0, 1.5, 9.0])
    state = run(
        tmp_path,
        epochs=40,
        every=2,
        patience=2,
        validate=lambda _: Validation((score := next(scores),), {"val": score}),
    )
    lines = epochs_of(tmp_path)
    assert [line["epoch"] for line in lines if "val" in line] == [2, 4, 6, 8]
    assert (state.best_epoch, lines[-1]["epoch"]) == (4, 8)
    again = run(tmp_path, epochs=40, every=2, patience=2)
    assert again.step == state.step  # a training that has ended does nothing


def test_the_last_epoch_is_validated(tmp_path: Path) -> None:
    run(tmp_path, epochs=5, every=3)
    assert [line["epoch"] for line in epochs_of(tmp_path) if "val_error" in line] == [3, 5]


def test_what_is_no_number_is_never_the_best(tmp_path: Path) -> None:
    scores = iter([math.nan, -7.0, math.nan, -8.0])
    assert run(tmp_path, validate=lambda _: Validation((next(scores),), {})).best_epoch == 2


def test_further_numbers_decide_between_equals(tmp_path: Path) -> None:
    scores = iter([(0.5, -2.0), (0.5, -1.0), (0.5, -1.0), (0.4, 0.0)])
    assert run(tmp_path, validate=lambda _: Validation(next(scores), {})).best_epoch == 2


def test_without_an_average_the_network_itself_is_kept(tmp_path: Path) -> None:
    training = toy(average=0.0, validate=lambda _: Validation((0.0,), {}), epochs=1)
    fit(launch(Devices("cpu", "1"), "32-true"), training, tmp_path, Heard())
    kept = load_file(tmp_path / "best.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in training.network.state_dict().items())


def test_progress_counts_examples_to_the_last(tmp_path: Path) -> None:
    heard = Heard()
    run(tmp_path, heard, epochs=3)
    assert heard.phases == ["training, 3 epochs"]
    assert heard.done == 3 * ROWS


class Squares(torch.utils.data.Dataset[tuple[int, int]]):
    def __getitem__(self, key: int) -> tuple[int, int]:
        return key, key * key


class Pairs:
    """An order of a recipe's own: here two classes by two photos."""

    examples = 12

    def __len__(self) -> int:
        return 3

    def epoch(self, epoch: int, first: int) -> Iterator[list[int]]:
        for batch in range(first, 3):
            yield [100 * epoch + 4 * batch + place for place in range(4)]


@pytest.mark.parametrize("workers", [0, 1])
def test_any_order_of_keys_is_loaded(workers: int) -> None:
    batches = LoadedBatches(Squares(), Pairs(), workers)
    assert (len(batches), batches.examples) == (3, 12)
    numbers, squares = zip(*batches.epoch(1, 1), strict=True)
    assert torch.cat(numbers).tolist() == [*range(104, 112)]
    assert torch.equal(torch.cat(squares), torch.cat(numbers) ** 2)
    assert [len(list(batches.epoch(epoch))) for epoch in (0, 1)] == [3, 3]
