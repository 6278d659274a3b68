"""What serving.py found, in Markdown."""

from __future__ import annotations

import contextlib
import platform
import subprocess
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.paths import ROOT
from lookseek.encode.runtime import cores

__all__ = ["CLIENTS", "made", "page"]

CLIENTS = 1, 4, 16

_BUSY = (
    "**The machine was not quiet**: other work shared the cores, more in some rounds than in others. Times are too "
    "long, and what was measured apart can't be compared."
)


def page(facts: dict[str, Any]) -> str:
    """All of it in Markdown."""
    cells, floor = facts["cells"], facts["floor"]
    lines = [
        "# The service under load",
        "",
        facts["made"],
        "",
        *([_BUSY, ""] if float(facts["load"]) > 1 else []),
        "```",
        facts["told"],
        "```",
        "",
        f"The classic way has ResNet-50 with {facts['weights']} weights at fp32 in eager torch, a numpy product and "
        f"argsort over {facts['items']:,} x 2048, and takes one photo a request. lookseek serves {facts['items']:,} "
        f"items with the model {facts['model']}. Medians of {facts['rounds']} rounds of {facts['seconds']:g} s for "
        f"each row, after one second that does not count; the machine's load was {facts['load']} as it began.",
        "",
        "| asked | clients | service | p50 ms | p95 ms | answers a second (lowest to highest) | times classic |",
        "|---|---|---|---|---|---|---|",
    ]
    for asked in ("photo", "words"):
        for clients in CLIENTS:
            for name in ("lookseek", "classic"):
                cell = cells.get(f"{name} {asked} {clients}")
                if cell is None:
                    continue
                base = cells[f"classic photo {clients}"]["rate"]
                times = f"{cell['rate'] / base:.1f}" if asked == "photo" and name == "lookseek" and base else ""
                lines.append(
                    f"| {asked} | {clients} | {name} | {cell['p50']:.1f} | {cell['p95']:.1f} | {cell['rate']:.1f} "
                    f"({cell['lowest']:.1f} to {cell['highest']:.1f}) | {times} |"
                )
    other = sum(n for cell in cells.values() for status, n in cell["statuses"].items() if status != "200")
    best = {kind: max(cells[f"lookseek {kind} {n}"]["rate"] for n in CLIENTS) for kind in ("photo", "words")}
    bound = 1000 / (floor["encode"] + floor["compare"])
    lines += [
        "",
        f"Answers with another status than 200: {other}.",
        "",
        "## How far from the floor",
        "",
        "Medians of the same rounds. In one process, on all cores, without a service and with nobody who asks: "
        f"{floor['encode']:.1f} ms a photo "
        f"to decode and encode it (batches, look and colour), {floor['compare']:.1f} ms to compare and fetch ten "
        f"({floor['compare, one thread']:.1f} ms on one thread). So no service of these parts answers more than "
        f"{bound:.0f} photos a second here; it answers {best['photo']:.0f}, {best['photo'] / bound:.0%} of that. The "
        f"rest are HTTP, forms and JSON in Python, and the process that asks. For words: {floor['read']:.1f} ms to "
        f"read them, {floor['words']:.1f} ms with the comparison, so {1000 / floor['words']:.0f} a second at the most, "
        f"{best['words']:.0f} answered, {best['words'] * floor['words'] / 1000:.0%}.",
    ]
    return "\n".join([*lines, *_overload_lines(facts), *_fault_lines(facts)]) + "\n"


def _overload_lines(facts: dict[str, Any]) -> list[str]:
    if not facts["overload"]:
        return []
    cell, watched = facts["overload"]
    total = sum(cell["statuses"].values())
    quarter = max(1, len(watched.megabytes) // 4)
    first, last = median(watched.megabytes[:quarter]), median(watched.megabytes[-quarter:])
    cuts = quantiles(watched.healthz, n=100, method="inclusive")
    refused = cell["statuses"].get("503", 0)
    rest = {status: n for status, n in cell["statuses"].items() if status not in ("200", "503")}
    seconds = cell["job"]["seconds"]
    return [
        "",
        "## Four times more than it can",
        "",
        f"Photos at random moments, {cell['job']['rate']:.0f} a second for {seconds:.0f} s, whether answers "
        f"came or not ({total / seconds:.0f} a second were sent; the generator was {cell['late']:.2f} s behind at "
        "the worst, which counts as waiting).",
        "",
        "| what | |",
        "|---|---|",
        f"| answered with 200 | {cell['rate']:.1f} a second, {cell['statuses'].get('200', 0) / total:.1%} |",
        f"| their p50, p95, p99 | {cell['p50']:.0f}, {cell['p95']:.0f}, {cell['p99']:.0f} ms |",
        f"| refused with 503 and Retry-After | {refused / total:.1%}, p50 {cell['refused_p50']:.0f} ms |",
        f"| anything else | {rest or 'none'} |",
        f"| /healthz p50, p99, worst of {len(watched.healthz):,} | {cuts[49]:.1f}, {cuts[98]:.1f}, "
        f"{max(watched.healthz):.1f} ms; failed {watched.failed} |",
        f"| memory, median of the first and of the last quarter | {first:.0f} MB, {last:.0f} MB |",
        f"| threads, fewest and most | {min(watched.threads)}, {max(watched.threads)} |",
    ]


def _fault_lines(facts: dict[str, Any]) -> list[str]:
    before, after, tried = facts["faults"]
    count = sum(sum(statuses.values()) for statuses in tried.values())
    errors = sum(n for statuses in tried.values() for status, n in statuses.items() if status >= 500 and status != 503)
    lines = [
        "",
        "## What no honest client asks",
        "",
        f"{count} requests, one by one, on connections of their own (`benchmarks/service/hostile_requests.py`). "
        f"Answers of 500 and above, but for 503 with Retry-After: {errors}. "
        "The same photo was answered alike before and after; memory "
        f"{before:.0f} MB before, {after:.0f} MB after.",
        "",
        "| kind | tried | outcomes: status and how often |",
        "|---|---|---|",
    ]
    for kind, statuses in tried.items():
        outcomes = ", ".join(f"{status or 'closed'}: {n}" for status, n in sorted(statuses.items()))
        lines.append(f"| {kind} | {sum(statuses.values())} | {outcomes} |")
    return lines


def made() -> str:
    """When, of what, and on which machine."""
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(line for line in lines if line.startswith("model name")).partition(": ")[2]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("uvicorn", "fastapi", "torch", "onnxruntime"))
    return (
        f"Written by `python -m benchmarks.service.serving --write` on {date.today()}, commit {commit.stdout.strip()}: "
        f"{processor}, {cores()} cores, Python {platform.python_version()}, {versions}."
    )
