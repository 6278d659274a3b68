"""What an honest client waits while four others ask for what is dear.

    python -m benchmarks.service.beside_attackers [--seconds 40] [--kind NAME ...]

``lookseek serve`` as a process of its own over drawn garments and copies of one; each client has an address of its own,
named by a proxy that is trusted. An honest client asks with a photo, again a fifth of a second after each answer; alone
first, then beside four attackers who ask for one dear request as fast as they get answers (those of
``tests/helpers/dear_requests.py``), or hold bodies that drip. Prints p50 and p95 in milliseconds, and how many times as
long as alone, which is measured again before each kind. All share this machine's cores; the attackers are a process of
their own, which runs at a lower priority, as if it were elsewhere: what is measured is the service.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx2
import numpy as np

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from tests.helpers.catalogues import indexed, write_photos
from tests.helpers.dear_requests import DEAR, fresh, many_copies
from tests.helpers.serving import served_by_command

ATTACKERS = 4
_PAUSE = 0.2
KINDS = (
    "8 GIFs of 7,071 x 7,071",
    "1,000 letters of plain words",
    "all facets, 1,000 values each",
    "500 of copies without duplicates",
    "3,000 results",
    "a filter of 1,500 numbers",
    "a page of 200 with a long address",
    "a body of 200,000 fields",
    "bodies that drip",
)


def honest(address: str, seconds: float) -> list[float]:
    """Milliseconds of each answer; a refusal with Retry-After counts with the wait until the answer."""
    photo = base64.b64encode(images.to_jpeg(draw(next(iter(drawn_specs(1, 1, 3))), 256))).decode()
    took, end = list[float](), time.monotonic() + seconds
    with httpx2.Client(base_url=address, timeout=120, headers={"X-Forwarded-For": "192.0.2.1"}) as ask:
        while time.monotonic() < end:
            began = time.perf_counter()
            while (told := ask.post("/v1/search", json={"image": photo})).status_code in (429, 503):
                time.sleep(float(told.headers["Retry-After"]))
            told.raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(_PAUSE)
    return took


def attack(address: str, kind: str, started: Event, stop: Event) -> None:
    """Attack by four clients until told to stop."""
    os.nice(10)
    one = drip if kind == "bodies that drip" else ask_for
    others = [threading.Thread(target=one, args=(address, kind, number, stop)) for number in range(ATTACKERS)]
    for other in others:
        other.start()
    started.set()
    for other in others:
        other.join()


def ask_for(address: str, kind: str, number: int, stop: Event) -> None:
    """Ask for one thing again and again; refusals are taken at their word for a tenth of a second."""
    method, path, how = DEAR[kind]
    forwarded = {"X-Forwarded-For": f"192.0.2.{100 + number}"}
    with httpx2.Client(base_url=address, timeout=120) as ask:
        for turn in itertools.count():
            if stop.is_set():
                break
            asked = fresh(how, ATTACKERS * turn + number)
            told = ask.request(method, path, **{**asked, "headers": {**asked.get("headers", {}), **forwarded}})
            if told.status_code in (429, 503):
                stop.wait(0.1)


def drip(address: str, kind: str, number: int, stop: Event) -> None:
    """Send a byte of a body each half second."""
    host, _, port = address.removeprefix("http://").partition(":")
    head = f"POST /v1/search HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json"
    while not stop.is_set():
        with socket.create_connection((host, int(port)), 30) as line:
            try:
                line.sendall(head.encode() + b"\r\nContent-Length: 40000000\r\n\r\n")
                while not stop.wait(0.5):
                    line.sendall(b" ")
            except OSError:
                continue


def beside(address: str, seconds: float, kind: str) -> list[float]:
    """Milliseconds of the honest client beside four attackers of a kind."""
    spawn = multiprocessing.get_context("spawn")
    started, stop = spawn.Event(), spawn.Event()
    others = spawn.Process(target=attack, args=(address, kind, started, stop))
    others.start()
    try:
        if not started.wait(60):
            raise SystemExit(f"the attackers did not start: {kind}")
        time.sleep(1)
        return honest(address, seconds)
    finally:
        stop.set()
        others.join()


def main() -> None:
    """Measure and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=40.0, help="of each kind")
    options.add_argument("--kind", action="append", choices=KINDS, help="of attackers, perhaps several; all without")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        write_photos(top / "photos", items=20, views=2)
        indexed(top / "photos", top / "index")
        many_copies(top / "index")
        with served_by_command(top / "index", "--trusted-proxy", "127.0.0.1") as (_, address):
            honest(address, 2)  # does not count
            print("| beside four who ask for | answers | p50 ms | p95 ms | times alone |\n|---|---|---|---|---|")
            for kind in chosen.kind or KINDS:
                alone, took = honest(address, chosen.seconds / 4), beside(address, chosen.seconds, kind)
                quiet, loud = np.percentile(alone, [50, 95]), np.percentile(took, [50, 95])
                times = f"{loud[0] / quiet[0]:.1f}, {loud[1] / quiet[1]:.1f}"
                print(f"| nothing | {len(alone)} | {quiet[0]:.0f} | {quiet[1]:.0f} | |")
                print(f"| {kind} | {len(took)} | {loud[0]:.0f} | {loud[1]:.0f} | {times} |", flush=True)


if __name__ == "__main__":
    main()
