"""The files of examples/cluster: what can be checked without Docker and without starting a unit."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lookseek.cli import main
from lookseek.index.address import place_of

yaml = pytest.importorskip("yaml", reason="schemathesis brings PyYAML")
FOLDER = Path(__file__).parents[1] / "examples" / "cluster"


def serve_as_written(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    """The command line is one that ``lookseek serve`` takes: with --limits it prints, and opens nothing."""
    assert command[0] == "serve"
    assert place_of(command[1]).name == "shop"
    monkeypatch.setattr(sys, "argv", ["lookseek", *command, "--limits"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0


def test_the_compose_file_starts_two_services_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    told = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
    services = told["services"]
    assert services["one"] == services["two"]
    serve_as_written(monkeypatch, services["one"]["command"])
    for service in services.values():
        assert set(service.get("secrets", ())) <= set(told["secrets"])
        assert set(service.get("depends_on", ())) <= set(services)
        named = [volume.partition(":")[0] for volume in service.get("volumes", ())]
        assert all(name in told["volumes"] or (FOLDER / name).exists() for name in named)
    proxied = (FOLDER / "Caddyfile").read_text("utf-8")
    assert "one:8000 two:8000" in proxied
    assert (FOLDER / "../..").joinpath(services["one"]["build"]["dockerfile"]).is_file()
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    assert "password:" not in text.lower().replace("db_password:", "")  # secrets are files


def test_the_service_file_names_both_roles() -> None:
    known = configparser.ConfigParser()
    known.read(FOLDER / "pg_service.conf.example")
    assert known.sections() == ["writer", "reader"]
    assert {known["writer"]["dbname"], known["reader"]["dbname"]} == {"catalogue"}


def test_the_unit_is_one_that_systemd_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FOLDER / "lookseek@.service")
    start = shlex.split(unit["Service"]["ExecStart"], comments=False)
    serve_as_written(monkeypatch, [part.replace("%i", "8001") for part in start[1:]])
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here: the unit was read as an INI file alone")
    copied = tmp_path / "lookseek@.service"
    text = (FOLDER / "lookseek@.service").read_text("utf-8")
    copied.write_text(text.replace("/opt/lookseek/bin/lookseek", sys.executable))
    done = subprocess.run([program, "verify", "--man=no", copied], capture_output=True, text=True, check=False)
    assert "lookseek@" not in done.stderr, done.stderr
