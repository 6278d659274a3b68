"""Joins a Ray cluster, or starts one on this machine for the time of a job.

A cluster that is started here listens on 127.0.0.1 alone, and asks for the token that Ray keeps in ``~/.ray``; one that
is joined listens as its owner started it. Ray is imported with the first photo that is encoded on it.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ..encode.runtime import cores
from ..errors import ClusterError

__all__ = ["AUTO", "check_ray", "joined"]

AUTO: Final = "auto"
LOOPBACK: Final = "127.0.0.1"

_ADDRESS = re.compile(r"([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")
_QUIET: Final[dict[str, Any]] = {"log_to_driver": False, "logging_level": "ERROR"}
_STORE = 256 << 20
"""Bytes of shared memory for the blocks that are under way, and 32 MB for each worker."""
_CONNECT_SECONDS = "5"
"""For one attempt to connect; Ray waits some three times as long in all."""
_ATTEMPTS = "RAY_gcs_server_port_wait_time_s"
"""How often Ray tries to connect, by its environment; without it 20 times."""


def check_ray(address: str) -> None:
    """Raise where a cluster can't be used, as far as that can be said without asking it.

    Args:
        address: of the cluster, HOST:PORT, or "auto".

    Raises:
        ClusterError: Ray is not installed, or this is no address.
    """
    if importlib.util.find_spec("ray") is None:
        raise ClusterError("--ray needs Ray, which is not installed: pip install 'lookseek[bulk]', or leave --ray out")
    if address != AUTO and not _ADDRESS.fullmatch(address):
        raise ClusterError(
            f"--ray {address} is no address of a Ray cluster: give HOST:PORT as ray start shows it, or auto"
        )


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Connect this process to a cluster for the time of a block.

    Args:
        address: as of ``check_ray``; "auto" is the cluster of ``RAY_ADDRESS``, or the one that runs on this machine,
            else a local one, started and ended with the block. A process that is connected already stays so.

    Raises:
        ClusterError: it does not answer, has other versions of Ray or Python, or can't be started.
    """
    os.environ.setdefault("RAY_py_gcs_connect_timeout_s", _CONNECT_SECONDS)  # before the import, which reads it
    import ray

    address = os.environ.get("RAY_ADDRESS", AUTO) if address == AUTO else address
    if ray.is_initialized():
        there = ray.get_runtime_context().gcs_address
        if address not in (AUTO, there):
            raise ClusterError(f"this process is connected to the Ray cluster {there}, not to {address}: give that one")
        yield
        return
    if not (_join(address) if address != AUTO else _join_running()):
        _start_local()
    try:
        yield
    finally:
        ray.shutdown()


def _join(address: str) -> bool:
    import ray

    try:
        _connect(address)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        said = str(error).strip().split("\n")[0]
        raise ClusterError(
            f"the Ray cluster {address} can't be joined ({said}): check that it runs, and run lookseek on one of its "
            f"machines (ray start --address={address}), with its token and its versions of Ray and Python"
        ) from error
    return True


def _join_running() -> bool:
    """Join the cluster of this machine; returns whether there is one."""
    import ray

    try:
        _connect(AUTO)
    except ConnectionError:
        return False
    except (RuntimeError, ValueError, ray.exceptions.RayError) as error:
        said = str(error).strip().split("\n")[0]
        raise ClusterError(
            f"the Ray cluster of this machine can't be joined ({said}): mend or stop it (ray stop), or leave --ray out"
        ) from error
    return True


def _start_local() -> None:
    import ray
    from ray._private import ray_constants

    # What Ray does on macOS and Windows: it calls this machine 127.0.0.1, and listens there alone.
    before, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        memory = _STORE + (cores() << 25)
        ray.init(address="local", num_cpus=cores(), include_dashboard=False, object_store_memory=memory, **_QUIET)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        said = str(error).strip().split("\n")[0]
        raise ClusterError(f"Ray can't start on this machine ({said}): leave --ray out, or give a cluster") from error
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
    if listening := {node["NodeManagerAddress"] for node in ray.nodes()} - {LOOPBACK}:
        ray.shutdown()
        raise ClusterError(
            f"Ray was to listen on {LOOPBACK} alone and listens on {', '.join(listening)}, where others could use this "
            "machine: install the Ray that lookseek[bulk] names, or start a cluster yourself and give its address"
        )


def _connect(address: str) -> None:
    import ray

    before = os.environ.get(_ATTEMPTS)
    os.environ[_ATTEMPTS] = "1"
    try:
        ray.init(address=address, **_QUIET)
    finally:
        os.environ.pop(_ATTEMPTS)
        os.environ.update({} if before is None else {_ATTEMPTS: before})
