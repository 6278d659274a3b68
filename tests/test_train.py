"""A training from its photos to its figures: it learns, it can be killed, it says what it did."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard
from helpers.trainings import SMALL, trained, write_table
from helpers.waiting import PATIENCE, until
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_cli import Said

from lookseek import images
from lookseek.errors import TrainError
from lookseek.evaluate.details import read_details
from lookseek.evaluate.result import read_result
from lookseek.train.classifier.job import train_classifier
from lookseek.train.classifier.network import build_network
from lookseek.train.classifier.run import read_run
from lookseek.train.classifier.settings import PRESETS, ClassifierSettings, settings_of
from lookseek.train.labelled import read_labelled
from lookseek.train.photos import in_order
from lookseek.train.trainer import loop
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.interrupt import StopRequest
from lookseek.train.trainer.log import TrainingLog, read_log
from lookseek.train.trainer.schedule import Schedule

LINES = list[str]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def finished(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    trained(table, out)
    return out


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "best.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_it_learns(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    lines = ["id,image,shade,split"]
    for number in range(120):
        shade = ("dark", "light")[number % 2]
        pixels = chance.integers(0, 140, (40, 40, 3), np.uint8) + np.uint8(100 * (number % 2))
        (tmp_path / f"{number}.png").write_bytes(images.to_png(pixels))
        split = "train" if number < 80 else "val" if number < 100 else "test"
        lines.append(f"{number},{number}.png,{shade},{split}")
    (tmp_path / "shades.csv").write_text("\n".join(lines))
    done = train_classifier(
        str(tmp_path / "shades.csv"), tmp_path / "run", preset="baseline", changes=SMALL, weights="random",
        label="shade", devices=Devices("cpu"), progress=Heard(),
    )  # fmt: skip
    assert done.test is not None
    assert done.test.metrics["accuracy"].value >= 0.9  # chance is .5
    losses = [line["train_loss"] for line in read_log(tmp_path / "run") if "epoch" in line]
    assert losses[-1] < losses[0]


def test_the_baseline_is_the_classic_system_s() -> None:
    assert PRESETS["baseline"] == ClassifierSettings(
        backbone="resnet50", epochs=10, batch=32, rate=1e-3, optimiser="adam", weight_decay=0.0, deepest_rate=1.0,
        frozen=0.0, warm_up=0.0, cosine=False, smoothing=0.0, augment="none", balance=0.0, average=0.0, size=224,
        resize="squash", precision="32-true", seed=0,
    )  # fmt: skip


def test_the_figures_are_those_of_the_weights_that_are_kept(table: Path, finished: Path) -> None:
    data = read_labelled(str(table), "", Heard())
    run = read_run(finished)
    network = run.network(finished)
    with torch.no_grad():
        found = torch.cat(
            [network(photos).argmax(1) for photos, _ in in_order(data.splits["test"], 32, run.settings.resize, 8, 0)]
        )
    labels = torch.tensor([example.label for example in data.splits["test"]])
    result = read_result(finished / "test.json")
    assert result.metrics["accuracy"].value == pytest.approx((found == labels).float().mean().item())
    assert result.queries == 10
    assert result.model["first_weights"] == "random numbers"
    details = read_details(finished / "test.queries.csv")
    values = [value for _, value in sorted(details["", "accuracy"][""].items())]
    right = [bool(x) for _, x in sorted(zip([e.id for e in data.splits["test"]], found == labels, strict=True))]
    assert values == [float(x) for x in right]


def test_the_best_epoch_is_kept(table: Path, tmp_path: Path) -> None:
    done = trained(table, tmp_path / "run", epochs=3)
    epochs = [line for line in read_log(tmp_path / "run") if "epoch" in line]
    best = max(epochs, key=lambda line: (line["val_accuracy"], -line["val_loss"]))
    assert done.best_epoch == best["epoch"]
    assert done.val_accuracy == best["val_accuracy"]


def test_two_trainings_of_one_seed_end_alike_and_of_another_do_not(table: Path, finished: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "again")
    assert same(weights(finished), weights(tmp_path / "again"))
    trained(table, tmp_path / "other", seed=1)
    assert not same(weights(finished), weights(tmp_path / "other"))


class StopAfter:
    """Asks to stop after some photos, as Ctrl-C does; the signal itself is sent to processes of their own below."""

    def __init__(self, photos: int) -> None:
        self.left, self.stop = photos, StopRequest()

    @contextmanager
    def deferred_interrupt(self) -> Iterator[StopRequest]:
        yield self.stop

    def phase(self, name: str, total: int | None) -> None:
        self.training = name.startswith("training")

    def advance(self, entries: int) -> None:
        if self.training:
            self.left -= entries
            if self.left <= 0:
                self.stop.requested = True

    def skipped(self, skipped: object) -> None:
        raise AssertionError(skipped)


@pytest.mark.parametrize("photos", [7, 15, 30, 45], ids=lambda n: f"after {n} photos")
def test_stopped_and_gone_on_with_it_ends_with_the_same_weights(
    table: Path, finished: Path, tmp_path: Path, photos: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = StopAfter(photos)
    arguments = {"preset": "modern", "changes": SMALL, "weights": "random", "devices": Devices("cpu")}
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(loop, "deferred_interrupt", stopping.deferred_interrupt)
        train_classifier(str(table), tmp_path / "run", **arguments, progress=stopping)  # type: ignore[arg-type]
    assert not (tmp_path / "run" / "test.json").exists()
    train_classifier(str(table), tmp_path / "run", **arguments, progress=Heard())  # type: ignore[arg-type]
    assert same(weights(finished), weights(tmp_path / "run"))
    assert read_log(tmp_path / "run") == read_log(finished)


CHILD = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from lookseek.train.classifier.job import train_classifier
from lookseek.train.trainer import loop
from lookseek.train.trainer.devices import Devices
loop.SAVE_SECONDS = 0.0
class Telling:
    def phase(self, name, total): print("phase", name, flush=True)
    def advance(self, entries): print("step", flush=True)
    def skipped(self, skipped): raise AssertionError(skipped)
train_classifier(sys.argv[1], Path(sys.argv[2]), preset="modern", changes=eval(sys.argv[3]), weights="random",
                 devices=Devices("cpu"), progress=Telling())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_it_goes_on_from_its_checkpoint_and_ends_with_the_same_weights(
    table: Path, finished: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", CHILD, str(table), str(tmp_path / "run"), repr(SMALL)]
    for delay in (0.0, 0.02):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        training = steps = 0
        with child.stdout:
            for line in child.stdout:
                training |= line.startswith("phase training")
                steps += bool(training) and line.startswith("step")
                if steps == 4:
                    time.sleep(delay)
                    child.kill()
                    break
        assert child.wait() != 0
    step = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["state"]["step"]
    assert step >= 2, "what the first run learned was kept"
    trained(table, tmp_path / "run")
    assert same(weights(finished), weights(tmp_path / "run"))
    assert read_result(tmp_path / "run" / "test.json").metrics == read_result(finished / "test.json").metrics


def test_a_finished_run_is_not_measured_again(table: Path, finished: Path) -> None:
    before = (finished / "test.json").read_bytes()
    heard = Heard()
    again = train_classifier(
        str(table), finished, preset="modern", changes=SMALL, weights="random", devices=Devices("cpu"), progress=heard
    )
    assert again.test == read_result(finished / "test.json")
    assert (finished / "test.json").read_bytes() == before
    assert not any("measuring" in phase or "looking" in phase for phase in heard.phases)


@pytest.mark.parametrize(("changes", "said"), [({"seed": 3}, "seed 0, now 3"), ({"epochs": 9}, "epochs 2, now 9")])
def test_another_training_in_the_same_folder_is_refused(
    table: Path, finished: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(TrainError, match=said):
        trained(table, finished, **changes)


def test_other_photos_are_another_training(table: Path, finished: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"data .*photos .*content"):
        trained(write_table(tmp_path, 31), finished)


def test_a_folder_with_other_things_is_left_alone(table: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(TrainError, match="other things than a training run"):
        trained(table, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_an_index_is_no_place_for_a_training(table: Path, ready: tuple[Path, Path]) -> None:
    before = sorted(path.name for path in ready[1].iterdir())
    with pytest.raises(TrainError, match="other things than a training run"):
        trained(table, ready[1])
    assert sorted(path.name for path in ready[1].iterdir()) == before


def test_two_trainings_of_one_folder_at_once(table: Path, tmp_path: Path) -> None:
    class Second(Heard):
        def phase(self, name: str, total: int | None) -> None:
            super().phase(name, total)
            if name.startswith("training"):
                with pytest.raises(TrainError, match="another process trains"):
                    trained(table, tmp_path / "run")

    train_classifier(
        str(table), tmp_path / "run", preset="modern", changes=SMALL | {"epochs": 1}, weights="random",
        devices=Devices("cpu"), progress=Second(),
    )  # fmt: skip


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no checkpoint", None])
def test_a_damaged_checkpoint_says_what_to_do(table: Path, tmp_path: Path, damage: bytes | None) -> None:
    trained(table, tmp_path / "run", epochs=1)
    file = tmp_path / "run" / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[: len(file.read_bytes()) // 2] if damage is None else damage)
    with pytest.raises(TrainError, match=r"checkpoint\.pt can't be read .*delete it to train this run"):
        trained(table, tmp_path / "run", epochs=1)


def test_broken_photos_are_left_out_listed_and_said(tmp_path: Path) -> None:
    table = write_table(tmp_path / "shop")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    (table.parent / rows[0]["image"]).write_bytes(b"no photo")
    (table.parent / rows[45]["image"]).write_bytes(b"\xff\xd8\xff cut")
    heard = Heard()
    done = train_classifier(
        str(table), tmp_path / "run", preset="modern", changes=SMALL | {"epochs": 1}, weights="random",
        devices=Devices("cpu"), progress=heard,
    )  # fmt: skip
    assert done.run.photos == {"train": 29, "val": 10, "test": 9}
    assert {skipped.where for skipped in heard.left_out} == {rows[0]["id"], rows[45]["id"]}
    listed = list(csv.DictReader((tmp_path / "run" / "skipped.csv").read_text().splitlines()))
    assert [row["id"] for row in listed] == [rows[0]["id"], rows[45]["id"]]


def test_photos_that_were_repaired_after_a_start_that_failed_are_looked_at_again(tmp_path: Path) -> None:
    table = write_table(tmp_path / "shop", 10, 4, 0)
    photos = {path: path.read_bytes() for path in table.parent.glob("*.jpg")}
    for path in photos:
        path.write_bytes(b"not there yet")
    with pytest.raises(TrainError, match="none of the photos of train or val can be read"):
        trained(table, tmp_path / "run", epochs=1)
    for path, content in photos.items():
        path.write_bytes(content)
    assert trained(table, tmp_path / "run", epochs=1).run.photos == {"train": 10, "val": 4, "test": 0}


def test_a_checkpoint_deleted_to_begin_again_takes_its_figures_along(table: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "run", epochs=1)
    (tmp_path / "run" / "checkpoint.pt").unlink()
    (tmp_path / "run" / "test.json").write_text("figures of other weights")
    again = trained(table, tmp_path / "run", epochs=1)
    assert again.test is not None
    assert read_result(tmp_path / "run" / "test.json") == again.test


def test_random_numbers_are_not_frozen(table: Path, tmp_path: Path) -> None:
    trained(table, tmp_path / "run", epochs=1, frozen=1.0, average=0.0)
    torch.manual_seed(0)
    begun = build_network("timm/test_resnet", 2, "random").network.state_dict()
    learned = weights(tmp_path / "run")
    assert not any(torch.equal(begun[name], learned[name]) for name in begun if name.endswith("conv1.weight"))


def test_the_logs_hold_every_epoch_and_tensorboard_reads_them(finished: Path) -> None:
    lines = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    epochs = [line for line in lines if "epoch" in line]
    assert [line["epoch"] for line in epochs] == [1, 2]
    assert {"step", "train_loss", "val_accuracy", "val_loss"} <= epochs[0].keys()
    board = EventAccumulator(str(finished / "tensorboard"))
    board.Reload()
    assert [event.value for event in board.Scalars("val_accuracy")] == pytest.approx(
        [line["val_accuracy"] for line in epochs]
    )


def test_a_log_forgets_what_was_written_after_the_checkpoint(tmp_path: Path) -> None:
    journal = TrainingLog(tmp_path, 0)
    for step in (10, 20, 30):
        journal.write(step, {"loss": 1.0 / step})
    journal.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 40, "lo')  # a kill cut it short
    TrainingLog(tmp_path, 20).close()
    assert [line["step"] for line in read_log(tmp_path)] == [10, 20]


def test_learning_curves_are_a_picture(finished: Path) -> None:
    content = (finished / "curves.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000


def test_the_rate_rises_then_falls_to_nothing() -> None:
    shares = np.array([Schedule(0.1, cosine=True).factor(step, 200) for step in range(200)])
    assert np.argmax(shares) in (19, 20)
    assert (np.diff(shares[:20]) > 0).all()
    assert (np.diff(shares[21:]) < 0).all()
    assert shares[-1] < 0.001
    assert {Schedule().factor(step, 50) for step in range(50)} == {1.0}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch": 1}, "batch is 1"),
        ({"rate": -1.0}, "rate is -1"),
        ({"size": 20}, "size is 20"),
        ({"precision": "fp4"}, "precision 'fp4' is unknown: use one of auto"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_out_of_range(changes: dict[str, object], said: str) -> None:
    with pytest.raises(TrainError, match=said):
        settings_of("modern", changes)


def test_an_unknown_preset() -> None:
    with pytest.raises(TrainError, match="no preset 'best': use one of baseline, modern"):
        settings_of("best", {})


@pytest.mark.parametrize(
    "devices", [Devices("cuda"), Devices("cpu", devices="two"), Devices("cpu", devices="0"), Devices("abacus")]
)
def test_devices_that_are_not_there(table: Path, tmp_path: Path, devices: Devices) -> None:
    if devices.accelerator == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has what the test takes for missing")
    with pytest.raises(TrainError, match=rf"accelerator {devices.accelerator}, .*give --accelerator cpu"):
        train_classifier(str(table), tmp_path / "run", changes=SMALL, devices=devices, progress=Heard())
    assert not (tmp_path / "run").exists()


def test_two_devices_share_each_batch(table: Path, tmp_path: Path) -> None:
    """Lightning starts the second process of itself; what both learn is one network."""
    arguments = ["train", "classifier", str(table), str(tmp_path / "run"), "--backbone", "timm/test_resnet"]
    options = ["--size", "32", "--epochs", "1", "--batch", "8", "--accelerator", "cpu", "--devices", "2"]
    command = [sys.executable, "-m", "lookseek.cli", *arguments, *options, "--weights", "random"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert read_result(tmp_path / "run" / "test.json").queries == 10
    assert [line["epoch"] for line in read_log(tmp_path / "run") if "epoch" in line] == [1]
    assert done.stdout.count("accuracy on test") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to signal")
def test_two_devices_stop_together_and_go_on(table: Path, tmp_path: Path) -> None:
    options = ["--size", "32", "--epochs", "40", "--batch", "8", "--accelerator", "cpu", "--devices", "2"]
    source = ["train", "classifier", str(table), str(tmp_path / "run"), "--backbone", "timm/test_resnet"]
    command = [sys.executable, "-m", "lookseek.cli", *source, *options, "--weights", "random"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    until(lambda: len(read_log(tmp_path / "run")) >= 3, "the second epoch", every=0.1)
    os.killpg(child.pid, signal.SIGINT)  # what a terminal does: all of its processes hear of it
    said, _ = child.communicate(timeout=PATIENCE)
    assert b"the same command goes on from here" in said
    assert torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["state"]["step"] > 0


# as a person uses it


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: Said(capsys, *arguments)


def test_the_command_says_what_came_of_it_and_from_what_weights(
    table: Path, tmp_path: Path, say: Callable[..., Said]
) -> None:
    options = ("--backbone", "timm/test_resnet", "--size", 32, "--epochs", 1, "--batch", 8, "--weights", "random")
    said = say("train", "classifier", table, tmp_path / "run", *options)
    assert said.code == 0
    first, best, test, curves = said.out.strip().splitlines()
    assert first == (
        "timm/test_resnet · preset modern · first weights: random numbers · seed 0 · 30 photos of dress, shirt"
    )
    assert re.fullmatch(r"best epoch 1 of 1, chosen by its accuracy on val: 0\.\d+ \(10 photos\)", best)
    share = r"[01]\.\d+"
    assert re.fullmatch(
        rf"accuracy on test {share} \(10 photos, 95 % interval {share} to {share}\): dress {share}, shirt {share}", test
    )
    assert curves.endswith("curves.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train",), "lookseek train --list names the recipes"),
        (("train", "clasifier", "DATA", "OUT"), "no recipe 'clasifier': did you mean classifier?"),
        (("train", "classifier", "nothing-there", "OUT"), "'nothing-there' is not there"),
    ],
)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], said: str, say: Callable[..., Said], tmp_path: Path) -> None:
    found = say(*(str(tmp_path / a) if a == "OUT" else a for a in arguments))
    assert found.code == 1
    assert said in found.err
    assert found.out == ""
