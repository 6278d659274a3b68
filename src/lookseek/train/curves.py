"""Learning curves, as a picture."""

from __future__ import annotations

from pathlib import Path

from .journal import read_journal
from .run import CURVES, Run

__all__ = ["draw_curves"]

TRAIN, VAL = "#8a94a6", "#1f6feb"


def draw_curves(run: Run, folder: Path) -> Path:
    """Draw losses and accuracy by epoch, with the best epoch marked, into the run folder."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    lines = read_journal(folder)
    epochs = [line for line in lines if "epoch" in line]
    steps = [line for line in lines if "loss" in line]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    per_epoch = epochs[0]["step"] if epochs else 1
    left.plot([s["step"] / per_epoch for s in steps], [s["loss"] for s in steps], color=TRAIN, alpha=0.35, linewidth=1)
    numbers = [e["epoch"] for e in epochs]
    left.plot(numbers, [e["train_loss"] for e in epochs], color=TRAIN, marker="o", markersize=3, label="train")
    left.plot(numbers, [e["val_loss"] for e in epochs], color=VAL, marker="o", markersize=3, label="val")
    left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    left.legend(frameon=False)
    right.plot(numbers, [e["val_accuracy"] for e in epochs], color=VAL, marker="o", markersize=3)
    right.set(xlabel="epoch", ylabel="accuracy on val")
    if epochs:
        best = max(epochs, key=lambda e: (e["val_accuracy"], -e["val_loss"]))
        right.axvline(best["epoch"], color=VAL, alpha=0.3, linewidth=1)
        right.set_title(f"{best['val_accuracy']:.3f} in epoch {best['epoch']}", fontsize=9)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
    photos = f"{run.photos['train']:,} photos, val {run.photos['val']:,}"
    figure.suptitle(f"{run.settings.backbone}, preset {run.preset}, from {run.weights}: {photos}", fontsize=10)
    path = folder / CURVES
    figure.savefig(path, dpi=110)
    return path
