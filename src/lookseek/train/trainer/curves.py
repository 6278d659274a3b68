"""Learning curves, as a picture."""

from __future__ import annotations

from pathlib import Path

from .log import read_log
from .run_folder import CURVES

__all__ = ["draw_curves"]

TRAIN, VAL = "#8a94a6", "#1f6feb"


def draw_curves(folder: Path, title: str, figure_name: str, label: str) -> Path:
    """Draw a folder's log: losses at the left, at the right what chose the best epoch.

    Args:
        folder: that holds the log; the picture goes there.
        title: above both.
        figure_name: what the log calls that figure; the higher the better.
        label: what a reader calls it.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    lines = read_log(folder)
    epochs = [line for line in lines if "epoch" in line]
    validated = [line for line in epochs if figure_name in line]
    steps = [line for line in lines if "loss" in line]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    per_epoch = epochs[0]["step"] if epochs else 1
    left.plot([s["step"] / per_epoch for s in steps], [s["loss"] for s in steps], color=TRAIN, alpha=0.35, linewidth=1)
    for name, colour in (("train_loss", TRAIN), ("val_loss", VAL)):
        known = [line for line in epochs if name in line]
        numbers, values = [e["epoch"] for e in known], [e[name] for e in known]
        left.plot(numbers, values, color=colour, marker="o", markersize=3, label=name.removesuffix("_loss"))
    left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    left.legend(frameon=False)
    numbers, values = [e["epoch"] for e in validated], [e[figure_name] for e in validated]
    right.plot(numbers, values, color=VAL, marker="o", markersize=3)
    right.set(xlabel="epoch", ylabel=label)
    if validated:
        best = max(validated, key=lambda e: (e[figure_name], -e.get("val_loss", 0.0)))
        right.axvline(best["epoch"], color=VAL, alpha=0.3, linewidth=1)
        right.set_title(f"{best[figure_name]:.3f} in epoch {best['epoch']}", fontsize=9)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
    figure.suptitle(title, fontsize=10)
    path = folder / CURVES
    figure.savefig(path, dpi=110)
    return path
