"""Several services on one standby of PostgreSQL, and how long nobody can write when the primary dies.

    python -m benchmarks.scale.services [--items 20000] [--seconds 15] [--write]

A primary and a synchronous standby on this machine; an index of drawn photos by the default model, filled up with drawn
vectors and searched by its graph. One, two and four services, each ``lookseek serve`` as a process of its own, send
their searches to the standby, while eight clients ask by items as fast as they get answers, each of the services in
turn. Prints a Markdown table: answers a second, milliseconds that one waits, and those of the processor, of services
and servers. Then the primary is killed with signal 9 while somebody edits through the address of both, and the
standby is promoted at once: seconds until an edit is acknowledged again. Three times, each with a new standby.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import tempfile
import threading
import time
from pathlib import Path

import httpx2
import numpy as np

from lookseek.errors import IndexUnreachable
from lookseek.index.address import place_of
from lookseek.index.next_generation import NextGeneration
from lookseek.types import Point
from tests.helpers.catalogues import indexed, write_photos
from tests.helpers.postgres import Server, Servers
from tests.helpers.serving import served_by_command
from tests.helpers.waiting import until

from .page import replace_part
from .places import draw_vectors
from .processor import processor_seconds

BEGIN, END = "<!-- services -->", "<!-- end of services -->"
SERVICES, CLIENTS, FAILOVERS, BATCH = (1, 2, 4), 8, 3, 1_000


def with_standby(servers: Servers, primary: Server) -> Server:
    """Return a new synchronous standby of a server."""
    standby = servers.start(standby_of=primary)
    primary.query(f"ALTER SYSTEM SET synchronous_standby_names = '{standby.top.name}'")
    primary.query("SELECT pg_reload_conf()")
    until(lambda: ("sync",) in primary.query("SELECT sync_state FROM pg_stat_replication"), "the standby")
    return standby


def address_of(first: Server, second: Server, target: str) -> str:
    """Return the address of an index on two servers."""
    hosts = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
    return f"postgresql://lookseek@{hosts}/postgres?target_session_attrs={target}#shop"


def fill(address: str, items: int, photos: Path) -> None:
    """Index drawn photos, fill up with drawn vectors, and build the graph."""
    write_photos(photos, items=10)
    indexed(photos, address)  # type: ignore[arg-type]
    place, random = place_of(address), np.random.default_rng(0)
    manifest = place.published()
    assert manifest is not None
    layout = manifest.spec.layout
    directions = {name: random.standard_normal((32, spec.dim)).astype(np.float32) for name, spec in layout.items()}
    with place.writing() as writer:
        draft = NextGeneration(writer, manifest.spec, manifest.runtime, "")
        store = draft.writable()
        for start in range(0, items, BATCH):
            rows = {name: draw_vectors(random, directions[name], BATCH) for name in layout}
            store.add(
                [
                    Point(f"drawn-{start + n}", {name: rows[name][n] for name in layout}, {}, f"h{start + n}")
                    for n in range(BATCH)
                ]
            )
        draft.publish(manifest.fields, encoded=True)
        draft.build_graph()
        draft.close()


def ask(url: str, items: int, number: int, stop: threading.Event, took: list[float]) -> None:
    """Ask by one item after another until told to stop; ``took`` gets the seconds of each answer."""
    with httpx2.Client(base_url=url, timeout=120) as client:
        for n in itertools.count(number, CLIENTS):
            if stop.is_set():
                return
            began = time.perf_counter()
            client.post("/v1/search", json={"item": f"drawn-{n * 7919 % items}", "k": 10}).raise_for_status()
            took.append(time.perf_counter() - began)


def throughput(address: str, services: int, items: int, seconds: float, servers: list[Server]) -> list[str]:
    """Return the cells of a number of services: answers a second, what one waits, what the processor takes."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(served_by_command(address)) for _ in range(services)]  # type: ignore[arg-type]
        pids = [process.pid for process, _ in started]
        pids += [int((server.data / "postmaster.pid").read_text().split()[0]) for server in servers]
        for _, url in started:
            httpx2.post(f"{url}/v1/search", json={"item": "drawn-1", "k": 10}, timeout=120).raise_for_status()
        stop, took = threading.Event(), list[float]()
        clients = [
            threading.Thread(target=ask, args=(started[n % services][1], items, n, stop, took)) for n in range(CLIENTS)
        ]
        used, began = processor_seconds(*pids), time.perf_counter()
        for client in clients:
            client.start()
        time.sleep(seconds)
        stop.set()
        for client in clients:
            client.join()
        lasted, used = time.perf_counter() - began, processor_seconds(*pids) - used
    waited = np.percentile(np.array(took) * 1000, [50, 95])
    cells = (len(took) / lasted, *waited, used / len(took) * 1000, used / lasted)
    return [f"{cell:,.0f}" for cell in cells[:3]] + [f"{cells[3]:.1f}", f"{cells[4]:.1f}"]


def failover(primary: Server, standby: Server) -> tuple[float, float]:
    """Kill the primary and promote the standby; returns seconds until that is done and until an edit is possible."""
    place = place_of(address_of(primary, standby, "read-write"))

    def edit() -> None:
        with place.writing() as writer:
            manifest = place.published()
            assert manifest is not None
            draft = NextGeneration(writer, manifest.spec, manifest.runtime, "", few=True)
            draft.writable().add(draft.store.get(["drawn-7"]))
            draft.publish(manifest.fields, encoded=True)
            draft.close()

    edit()
    primary.kill()
    began = time.perf_counter()
    standby.query("ALTER SYSTEM SET synchronous_standby_names = ''")
    standby.promote()
    promoted = time.perf_counter() - began
    while True:
        with contextlib.suppress(IndexUnreachable):
            edit()
            return promoted, time.perf_counter() - began
        time.sleep(0.01)


def main() -> None:
    """Measure, print, and with ``--write`` put the table into the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=20_000)
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    servers = Servers()
    try:
        primary = servers.start()
        primary.query("CREATE EXTENSION vector")
        standby = with_standby(servers, primary)
        with tempfile.TemporaryDirectory() as folder:
            fill(address_of(primary, standby, "read-write"), chosen.items, Path(folder) / "photos")
        searching, columns = address_of(primary, standby, "prefer-standby"), []
        for services in SERVICES:
            columns.append(throughput(searching, services, chosen.items, chosen.seconds, [primary, standby]))
            print(services, columns[-1], flush=True)
        times = []
        for n in range(FAILOVERS):
            times.append(failover(primary, standby))
            print(
                f"failover {n + 1}: promoted after {times[-1][0]:.2f} s, an edit after {times[-1][1]:.2f} s", flush=True
            )
            primary, standby = standby, with_standby(servers, standby)
    finally:
        servers.stop()
    rows = ("answers a second", "ms that one waits", "ms, 95th percentile", "ms of the processor", "cores in use")
    lines = [
        f"| {chosen.items:,} items, {CLIENTS} clients | " + " | ".join(f"{n} services" for n in SERVICES) + " |",
        "|---|" + "---|" * len(SERVICES),
        *(f"| {row} | " + " | ".join(column[place] for column in columns) + " |" for place, row in enumerate(rows)),
        "",
        f"| {FAILOVERS} failovers, s after the primary is killed | median | slowest |",
        "|---|---|---|",
    ]
    for place, what in enumerate(("the standby is promoted", "an edit is acknowledged")):
        seconds = [pair[place] for pair in times]
        lines.append(f"| {what} | {np.median(seconds):.2f} | {max(seconds):.2f} |")
    table = "\n".join(lines).replace("1 services", "1 service")
    print(table)
    if chosen.write:
        replace_part(BEGIN, END, table)


if __name__ == "__main__":
    main()
