"""Verbs that make models: train, export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import TrainError
from .console import err, print_line
from .progress_bars import ProgressBars

if TYPE_CHECKING:  # what costs time to import is imported by the verb that needs it
    from ..train.trainer.devices import Machine

from .app import app


@app.command
def train(
    recipe: str | None = None,
    data: str | None = None,
    out: Path | None = None,
    /,
    *,
    list: Annotated[bool, Parameter(negative=())] = False,
    preset: str = "modern",
    label: str = "",
    backbone: str | None = None,
    model: str | None = None,
    weights: str = "local",
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    size: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    tune: str | None = None,
    tune_epochs: int | None = None,
    tune_batch: int | None = None,
    tune_rate: float | None = None,
    checkpointing: bool | None = None,
    projection: float | None = None,
    hidden: float | None = None,
    ablation: Annotated[bool, Parameter(negative=())] = False,
    accelerator: str = "auto",
    devices: str = "auto",
    nodes: int = 1,
    workers: int | None = None,
) -> int:
    """Train a model on labelled photos, into a run folder that lookseek export makes a model of.

    Stop it with Ctrl-C whenever you like, or let it be killed: the same command goes on from there and ends with the
    same weights. The best epoch on val is kept, and measured on test once, at the end.

    Args:
        recipe: its name; --list names them all.
        data: photos with classes, or triplets, in splits train, val and test: --list says in which forms.
        out: the run folder.
        list: print the recipes and presets.
        preset: modern, or the classic settings: baseline of the classifier, clip4cir of the combiner.
        label: the column of the class; "category" if none is named.
        backbone: efficientnet-lite2, a name of torchvision (resnet50, densenet121) or of timm (timm/NAME).
        model: of the combiner: whose features are joined, a model folder or a CLIP of open_clip, e.g. open_clip/RN50.
        weights: the first ones: local (published ones where this machine has them), published (fetched if need be),
            random, or a file (.safetensors, .pth); of a CLIP also a tag of open_clip.
        epochs: times the photos are gone through.
        batch: photos a step.
        rate: the highest learning rate.
        size: of the network's input, pixels a side.
        seed: of all that chance decides.
        precision: auto, 32-true, bf16-mixed or 16-mixed.
        tune: of the combiner: which towers of a CLIP learn first: none, image, text or both.
        tune_epochs: of that.
        tune_batch: triplets a step of that.
        tune_rate: learning rate of that.
        checkpointing: whether that computes activations twice to keep few of them.
        projection: of the combiner: its first layers' size, in multiples of the features'.
        hidden: of the combiner: its middle layers' size, in multiples of the features'.
        ablation: of the combiner: train and measure sum and Combiner with none, one and both towers tuned, as a table.
        accelerator: auto, cpu, cuda, mps: as Lightning Fabric names them.
        devices: how many of a node's, or auto.
        nodes: how many.
        workers: processes a device that decode photos.
    """
    from . import tables

    if list:
        for line in tables.recipes_listed():
            print_line(line)
        return 0
    if recipe is None or data is None or out is None:
        raise TrainError("lookseek train RECIPE DATA OUT: lookseek train --list names the recipes")
    from ..train.recipes import check_options
    from ..train.recipes import recipe as named
    from ..train.trainer.devices import Machine
    from ..train.trainer.memory import keep_freed_memory

    shared = {"epochs": epochs, "batch": batch, "rate": rate, "seed": seed, "precision": precision}
    of_classifier = {"backbone": backbone, "size": size, "label": label or None}
    of_combiner = {"tune": tune, "tune_epochs": tune_epochs, "tune_batch": tune_batch, "tune_rate": tune_rate}
    of_combiner |= {"checkpointing": checkpointing, "projection": projection, "hidden": hidden}
    own: dict[str, dict[str, Any]] = {
        "classifier": of_classifier,
        "align": {},
        "combiner": {**of_combiner, "model": model, "ablation": ablation or None},
    }
    check_options(named(recipe), own)
    keep_freed_memory()  # of the whole process, so it is for the program to say and not for a function
    machine = Machine(accelerator, devices, nodes, workers)
    if recipe == "combiner":
        return _train_combiner(data, out, preset, shared | of_combiner, model, weights, machine, ablation)
    if recipe == "align":
        return _train_align(data, out, preset, shared, weights, machine)
    from ..train.classifier.job import train_classifier

    with ProgressBars(err) as watch:
        trained = train_classifier(
            data,
            out,
            preset=preset,
            changes={**shared, "backbone": backbone, "size": size},
            weights=weights,
            label=label,
            machine=machine,
            progress=watch,
        )
    if watch.hidden_skips:
        err.print(f"... and {watch.hidden_skips:,} more skipped, broken ones are listed in {out / 'skipped.csv'}")
    if not trained.lead:
        return 0
    for line in tables.trained_said(trained):
        print_line(line)
    for note in trained.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    print_line(f"learning curves: {out / 'curves.png'}")
    return 0


@app.command
def export(
    run: str,
    model: Path,
    /,
    *,
    int8: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Make a model folder of a training, or of a model of open_clip: without torch, for index and search.

    The folder is checked against what it was made of on 64 photos, and describes itself (README.md). A training's best
    epoch is taken, and its classes too.

    Args:
        run: the folder that lookseek train wrote, or a model of open_clip: open_clip/NAME:TAG@REVISION,
            open_clip/NAME:FILE, hf-hub:OWNER/NAME@REVISION or local-dir:FOLDER.
        model: the model folder to make; its name becomes the model's.
        int8: in 8 bits, calibrated on the training's photos: faster, a little less exact; the card says how much.
    """
    from ..train.openclip.source import is_source
    from ..train.trainer.run_folder import recipe_of

    lines: Sequence[str]
    with ProgressBars(err) as watch:
        if is_source(run):
            from ..train.openclip.export import export_published

            if int8:
                raise TrainError("a model of open_clip has no classes to judge 8 bits by: leave --int8 out")
            lines = export_published(run, model, progress=watch).lines()
        elif recipe_of(Path(run)) == "combiner":
            from ..train.combiner.export import export_combiner

            if int8:
                raise TrainError("a Combiner is small and its model has its own precision: leave --int8 out")
            lines = export_combiner(Path(run), model, progress=watch).lines()
        elif recipe_of(Path(run)) == "align":
            from ..train.align.export import export_align

            if int8:
                raise TrainError("a joint space has no classes to judge 8 bits by: leave --int8 out")
            lines = export_align(Path(run), model, progress=watch).lines()
        else:
            from ..train.export import export as make

            lines = make(Path(run), model, int8=int8, progress=watch).lines()
    for line in lines:
        print_line(line)
    return 0


def _train_align(data: str, out: Path, preset: str, changes: dict[str, Any], weights: str, machine: Machine) -> int:
    """The recipe align."""
    if weights != "local":
        raise TrainError("align begins with the weights of its package: leave --weights out")
    from ..train.align.job import train_align
    from . import tables

    with ProgressBars(err) as watch:
        aligned = train_align(data, out, preset=preset, changes=changes, machine=machine, progress=watch)
    for line in tables.aligned_said(aligned, out):
        print_line(line)
    return 0


def _train_combiner(
    data: str,
    out: Path,
    preset: str,
    changes: dict[str, Any],
    model: str | None,
    weights: str,
    machine: Machine,
    ablation: bool,
) -> int:
    from ..encode.model import DEFAULT
    from ..train.combiner.ablation import ABLATION, ablate
    from ..train.combiner.job import train_combiner
    from . import tables
    from .console import out as console

    what: dict[str, Any] = {"preset": preset, "model": model or DEFAULT, "weights": weights, "machine": machine}
    with ProgressBars(err) as watch:
        if ablation:
            rows = ablate(data, out, changes=changes, progress=watch, **what)
        else:
            trained = train_combiner(data, out, changes=changes, progress=watch, **what)
    if watch.hidden_skips:
        err.print(
            f"... and {watch.hidden_skips:,} more left out, all listed in skipped.csv of {out}",
            soft_wrap=True,
        )
    if ablation:
        print_line(rows.about)
        console.print(tables.ablation_said(rows))
        print_line(f"all figures with their intervals: {out / ABLATION}")
    else:
        for line in tables.combiner_said(trained):
            print_line(line)
        print_line(f"learning curves: {out / 'combiner' / 'curves.png'}")
    for note in rows.notes if ablation else trained.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    return 0
