"""A process of its own for what the engine writes, so that a signal ends that process and is an error here.

The engine writes through mapped files. Where a disk has no room for a page of one, the kernel sends SIGBUS, which no
code of ours can turn into an error; asking for room beforehand leaves the time between, in which another program may
take it (docs/decisions/store.md). The process also keeps the engine's work off this one's Python lock.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Pipe
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import Any

from ..errors import IndexDamaged, IndexFolderError, IndexFull
from .schema import Layout

__all__ = ["CAN_SHARE", "EngineProcess"]

CAN_SHARE = os.name == "posix" and bool(sys.executable) and not getattr(sys, "frozen", False)
"""Whether there are such processes; on Windows, which has no SIGBUS, and in a program that is one file with its Python,
the engine writes in this process."""
_CHILD = "import sys; sys.path[:] = sys.argv[2:]; from lookseek.store.engine_child import main; main(int(sys.argv[1]))"


class EngineProcess:
    """One process, which has one store of the engine open at a time. Its methods may be called by any thread.

    A thread of its own speaks with the process, so that a Ctrl-C here never cuts a message in two.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lookseek-engine")
        self._pipe, theirs = Pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", _CHILD, str(theirs.fileno()), *sys.path],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # a Ctrl-C at the terminal is this process's to handle
            )
        finally:
            theirs.close()
        # who forgets to close a store leaves no process behind
        self._forgotten = weakref.finalize(self, _kill, self._process, os.getpid())
        self._forgotten.atexit = False  # then it ends by itself, since the pipe does

    @property
    def alive(self) -> bool:
        """Whether it can be called."""
        return self._process.poll() is None

    def begin(self, method: str, folder: Path, layout: Layout, lock: int | None) -> None:
        """Make a store, or open one.

        Args:
            method: "create" or "open".
            folder: its.
            layout: its.
            lock: a descriptor of a lock that is held until the process has closed the store or has ended, whatever
                becomes of this one; None for none.

        Raises:
            LookseekError: as ``EdgeStore`` raises it, or as ``call`` does.
        """
        place = folder.absolute()  # this process may have moved to another folder since that one began
        self._thread.submit(self._exchange, folder, (method, (place, dict(layout)), {}), lock).result()

    def call(self, folder: Path, method: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """Call a method of the open store.

        Raises:
            IndexFull: the process was ended by SIGBUS.
            IndexDamaged: it was ended otherwise.
        """
        return self._thread.submit(self._exchange, folder, (method, arguments, dict(named)), None).result()

    def post(self, folder: Path, method: str, *arguments: Any) -> None:
        """Call a method whose answer nobody needs, without waiting: also while objects are collected, in any thread."""
        with suppress(RuntimeError):  # it has ended
            self._thread.submit(self._exchange, folder, (method, arguments, {}), None)

    def end(self) -> None:
        """End the process, also in the middle of a call."""
        self._forgotten()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._pipe.close()

    def _exchange(self, folder: Path, message: tuple[str, tuple[Any, ...], dict[str, Any]], lock: int | None) -> Any:
        method, arguments, named = message
        try:
            if method in ("create", "open"):
                named = {"shares_lock": lock is not None}
            self._pipe.send((method, arguments, named))
            if lock is not None:
                send_handle(self._pipe, lock, self._process.pid)
            answer = self._pipe.recv()
        except (EOFError, OSError):
            raise self._error_of_its_end(folder) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _error_of_its_end(self, folder: Path) -> IndexFolderError:
        ended = self._process.wait()
        if ended == -signal.SIGBUS:
            return IndexFull(
                f"{folder} can't be written: another program took the room on its disk while the engine wrote: make "
                "room and run the same again. What was published is whole and answers"
            )
        how = f"was ended by signal {-ended}" if ended < 0 else f"ended with status {ended}"
        return IndexDamaged(
            f"{folder} can't be written: the process of the engine {how}: run the same again; if it happens again, "
            "lookseek check says whether the index is damaged. What was published is as it was"
        )


def _kill(process: subprocess.Popen[bytes], owner: int) -> None:
    """End a process, unless this one was forked from its owner."""
    if os.getpid() != owner:
        return
    with suppress(ProcessLookupError, PermissionError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
