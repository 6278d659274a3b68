"""The entry point: runs a command, and turns errors into one line and an exit status."""

from __future__ import annotations

import sys

from cyclopts import CycloptsError

from ..errors import LookseekError
from . import evaluating, indexing, searching, serving, training  # noqa: F401  each registers its commands on the app
from .app import app
from .console import err, escape


def main() -> None:
    """Run the command line and exit with 0, 1 (an error, printed in one line), 2 (wrong use) or 130 (Ctrl-C)."""
    try:
        code = app(sys.argv[1:], exit_on_error=False, print_error=True, result_action="return_value") or 0
    except CycloptsError:
        code = 2
    except LookseekError as error:
        err.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        code = 1
    except OSError as error:
        line = f"{escape(str(error))}: check that the disk is there, has room, and may be written"
        err.print(f"[red]error:[/] {line}", soft_wrap=True)
        code = 1
    except KeyboardInterrupt:
        err.print("stopped: the same command goes on from here")
        code = 130
    sys.exit(code)
