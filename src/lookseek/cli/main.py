"""The entry point: runs a command, and turns errors into one line and an exit status."""

from __future__ import annotations

import sys

from cyclopts import CycloptsError

from ..errors import LookseekError
from . import (  # noqa: F401  each registers its commands on the app
    evaluating,
    indexing,
    models,
    moving,
    searching,
    serving,
    training,
)
from .app import app
from .console import err, escape
from .usage import UsageError, example_of


def main() -> None:
    """Run the command line and exit.

    0: all well. 1: an error, printed in one line. 2: wrong usage. 3: an index job skipped something, and printed it.
    4: it kept nothing. 130: stopped by Ctrl-C.
    """
    try:
        code = app(sys.argv[1:], exit_on_error=False, print_error=True, result_action="return_value") or 0
    except CycloptsError:
        err.print(example_of(sys.argv[1:]), markup=False, soft_wrap=True)
        code = 2
    except UsageError as error:
        _print_error(str(error))
        err.print(example_of(sys.argv[1:]), markup=False, soft_wrap=True)
        code = 2
    except LookseekError as error:
        _print_error(str(error))
        code = 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        _print_error(f"{what}: check that the disk is there, has room, and may be written")
        code = 1
    except KeyboardInterrupt:
        err.print("stopped: the same command goes on from here")
        code = 130
    sys.exit(code)


def _print_error(text: str) -> None:
    shown = escape(text, keep="\n")  # a filter's error shows the place on a line of its own
    err.print(f"[red]error:[/] {shown}", soft_wrap=True)
