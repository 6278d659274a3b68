"""What routers keep of the exact answers, and the share of the gallery that they visit for it."""

from __future__ import annotations

import numpy as np

from benchmarks.speed.routers import OWN, SHOWN
from lookseek.route.probability_mass import KEPT, Choice, choose
from lookseek.route.router import Router, select_keys, softmax
from lookseek.types import RouteMode

__all__ = ["Posteriors", "curve", "trade_off"]

LEVELS = (0.9, 0.95, 0.98, KEPT, 0.995, 0.999)
"""Shares of the exact answers that val is to keep."""


def trade_off(
    made: dict[str, tuple[Router, float]], posteriors: dict[str, Posteriors], best: dict[str, np.ndarray]
) -> list[str]:
    """A row a router: chosen on val, measured on test; of two of them with items' own labels too."""
    lines = [
        "| router | items' keys | fit s | temperature, mass | val: kept, visited | test: kept, visited | fewer visited "
        "| hard on test: kept, visited |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (_, took) in made.items():
        for own in (False, True) if name in OWN else (False,):
            choice = posteriors[name].choice(best, own=own)
            soft, hard = (posteriors[name].shares(mode, choice, best, own) for mode in ("soft", "hard"))
            cells = [name, "own label" if own else "predicted", f"{took:.0f}"]
            cells += [
                f"{choice.temperature:g}, {choice.probability_mass:.6f}",
                f"{choice.kept:.4f}, {choice.visited:.3f}",
            ]
            cells += [f"{soft[0]:.4f}, {soft[1]:.3f}", f"{1 / soft[1]:.1f}x", f"{hard[0]:.3f}, {hard[1]:.3f}"]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def curve(posteriors: dict[str, Posteriors], best: dict[str, np.ndarray]) -> list[str]:
    """What more or less of a promise costs: the share of exact answers required on val, and the share kept on test."""
    lines = [f"| required on val | {' | '.join(SHOWN)} |", f"|---|{'---|' * len(SHOWN)}"]
    for least in LEVELS:
        cells = [f"{least:.1%}"]
        for name in SHOWN:
            kept, visited = posteriors[name].shares("soft", posteriors[name].choice(best, least), best)
            cells.append(f"keeps {kept:.4f}, visits {visited:.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


class Posteriors:
    """A router's scores of val and test, computed once: an SVM takes milliseconds a row."""

    def __init__(self, router: Router, data: dict) -> None:
        self.router, self.data = router, data
        self.scores = {split: router.scores(data[split][0]) for split in ("val", "test")}

    def keys(self, split: str, own: bool = False) -> np.ndarray:
        """Each row's key: the one predicted, or its own label where it is a key."""
        keys = self.scores[split].argmax(axis=1)
        place = {key: column for column, key in enumerate(self.router.keys)}
        labels = self.data[split][1]
        return np.array([place.get(label, key) for label, key in zip(labels, keys, strict=True)]) if own else keys

    def choice(self, best: dict[str, np.ndarray], least: float = KEPT, own: bool = False) -> Choice:
        """What val chooses."""
        keys = self.keys("val", own)
        sizes = np.bincount(keys, minlength=len(self.router.keys))
        return choose(self.scores["val"], keys[best["val"]], sizes, least=least)

    def shares(self, mode: RouteMode, choice: Choice, best: dict[str, np.ndarray], own: bool = False) -> tuple:
        """(kept of the exact top 10, visited) on test."""
        taken = select_keys(softmax(self.scores["test"], choice.temperature), mode, choice.probability_mass)
        keys = self.keys("test", own)
        sizes = np.bincount(keys, minlength=taken.shape[1])
        kept = np.take_along_axis(taken, keys[best["test"]], axis=1).mean()
        return float(kept), float((taken @ sizes).mean() / len(keys))
