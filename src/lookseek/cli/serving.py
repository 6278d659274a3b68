"""Commands that run the web service: serve, demo."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..errors import QueryError
from .app import app
from .console import err, escape, out, print_line, program_name
from .output import (
    print_summary,
)
from .progress_bars import ProgressBars


@app.command
def serve(
    index: str,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    keys: Path | None = None,
    new_key: Literal["read", "write"] | None = None,
    name: str = "",
    also: Annotated[list[str] | None, Parameter(negative=())] = None,
    rate: int = 0,
    image_urls: Annotated[bool, Parameter(negative=())] = False,
    trusted_proxy: Annotated[list[str] | None, Parameter(negative=())] = None,
    allow_origin: Annotated[list[str] | None, Parameter(negative=())] = None,
    path_prefix: str = "",
    keep_searches: Annotated[bool, Parameter(negative=())] = False,
    limits: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Answer searches over a web page and a REST API, until Ctrl-C.

    Only this machine reaches it unless --host says otherwise; then the address for other devices is printed, and on a
    terminal its QR code. Without keys everybody who reaches it may search and nobody may change the index.

    Args:
        index: the folder or address of the index.
        host: the address to listen at; 0.0.0.0 for all of this machine's.
        port: the port to listen at; 0 for any that is free.
        keys: a file of API keys. Those that may write switch writing on; any that may only read closes the rest.
        new_key: make a key that may read or write, add its hash to the file of --keys, print it once, and end.
        name: of the new key: who will have it.
        also: a further name that the service is called by, e.g. shop.example.org; may be repeated.
        rate: requests a minute that one client may send; 0 for no limit.
        image_urls: let queries name photos by public addresses, which the service fetches.
        trusted_proxy: the address or network of a proxy before the service, whose X-Forwarded-For names the client; may
            be repeated. Without it these headers are ignored.
        allow_origin: the origin of a shop's pages, e.g. https://shop.example, which may search from there; may be
            repeated. With --new-key read the key is bound to it.
        path_prefix: the path below which a proxy puts the service, e.g. /search.
        keep_searches: count words that find nothing close, for the owner's page at /admin: in memory, without photos.
        limits: print what one request and one client may cost, and what comes beyond, and end.
    """
    try:
        from ..serve.guards.api_keys import make_key, read_keys
        from ..serve.qr_code import qr_code
        from ..serve.run import configure_logging, network_url
        from ..serve.run import serve as run
        from ..serve.settings import Settings
        from ..serve.settings import limits as limits_of
    except ModuleNotFoundError as error:
        raise QueryError(f"serving needs {error.name}: pip install 'lookseek[serve]'") from error
    if new_key is not None:
        if keys is None:
            raise QueryError(f"--new-key {new_key} needs the file that knows keys: give --keys FILE")
        print_line(make_key(keys, new_key, name or new_key, tuple(allow_origin or ())))
        err.print(f"this key is shown once; its hash is in {escape(str(keys))}", soft_wrap=True)
        return 0
    settings = Settings(
        index,
        host,
        port,
        keys,
        tuple(also or ()),
        image_urls,
        rate,
        trusted_proxies=tuple(trusted_proxy or ()),
        path_prefix=path_prefix,
        allow_origins=tuple(allow_origin or ()),
        keep_searches=keep_searches,
    )
    if limits:
        for limit in limits_of(settings):
            print_line(f"{limit.what:<38} {limit.value:<45} {limit.beyond}")
        return 0
    if keys is not None:
        accepted = read_keys(keys)
        who = "everybody who reaches it" if accepted.reads_open else "a key"
        err.print(f"searching is for {who}, writing for {'a key' if accepted.writes_possible else 'nobody'}")
    configure_logging(short=sys.stderr.isatty())

    def ready(address: str) -> None:
        print_line(f"serving {index} at {address} (Ctrl-C ends it)")
        if elsewhere := network_url(host, address):
            print_line(f"from other devices of this network: {elsewhere}{settings.path_prefix}/")
            if sys.stdout.isatty():
                print_line(qr_code(f"{elsewhere}{settings.path_prefix}/"))

    run(settings, ready)
    return 0


@app.command
def demo(
    *,
    source: str | None = None,
    download: str | None = None,
    folder: Path = Path("lookseek-demo"),
    port: int = 8000,
    no_serve: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Index a catalogue, search it, draw the results, and serve a page to search it with: the whole way in one go.

    Args:
        source: your photos, a folder or a table; without it garments are drawn.
        download: "clothing" fetches some 3,800 CC0 photos from GitHub; says first how large they are.
        folder: where the demo keeps what it makes.
        port: the port of the page; another one is taken where it is in use.
        no_serve: end with the picture.
    """
    from .demo_run import run_demo

    with ProgressBars(err) as progress:
        result = run_demo(source, download, folder, progress=progress, log=lambda line: err.print(line, markup=False))
    print_summary(result.summary, str(result.index), progress.hidden_skips)
    print_line(f"picture of results: {result.picture}")
    out.print("go on with:")
    for command in result.commands:
        print_line(f"  {program_name()} {command}")
    if result.summary.interrupted or no_serve:
        return 130 if result.summary.interrupted else 0
    out.print()
    return _serve_demo(str(result.index), port)


def _serve_demo(index: str, port: int) -> int:
    """Serve the page of a demo; without the extra ``serve``, print how to install it."""
    try:
        from ..serve.run import free_port
        from ..serve.run import serve as run
        from ..serve.settings import Settings
    except ModuleNotFoundError:
        err.print("the page needs one thing more: pip install 'lookseek[serve]'", soft_wrap=True)
        return 0
    settings = Settings(index, port=free_port(port))
    run(settings, lambda address: print_line(f"the page: {address} (Ctrl-C ends it)"))
    return 0
