"""Models of the Hugging Face hub: a repository at one revision, fetched once and read from this machine ever after.

A model is named ``hf:OWNER/NAME@REVISION``. What is under a name can change, what is under a revision can't. Only files
that a model folder has are fetched, into lookseek's cache, and then checked as any model folder is. huggingface_hub
does the talking: its ``HF_HUB_OFFLINE``, ``HF_ENDPOINT`` and ``HF_TOKEN`` hold.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import LookseekError, ModelError
from .caches import cache_folder
from .folder import FILES, read_sums

__all__ = ["PREFIX", "HubId", "fetched", "is_hub", "model_folder", "page", "parse_id"]

PREFIX = "hf:"
"""Before a repository that holds a lookseek model folder."""

_REPOSITORY = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
_REVISION = r"[0-9a-f]{40}"


@dataclass(frozen=True, slots=True)
class HubId:
    """A repository of the hub at one of its commits.

    Args:
        repository: ``OWNER/NAME``.
        revision: the commit, 40 hex digits.
    """

    repository: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"


def is_hub(name: object) -> bool:
    """Whether a model's name is one of the hub."""
    return isinstance(name, str) and name.startswith(PREFIX)


def page(repository: str) -> str:
    """Where a person finds the revisions of a repository."""
    return f"https://huggingface.co/{repository}/commits/main"


def parse_id(text: str, before: str = PREFIX) -> HubId:
    """Reads ``OWNER/NAME@REVISION``.

    Args:
        text: what stands behind ``before``.
        before: how such names begin, for messages.

    Raises:
        ModelError: no such form, or no revision, which is never guessed.
    """
    repository, _, revision = text.partition("@")
    if not re.fullmatch(_REPOSITORY, repository, re.ASCII) or ".." in repository:
        raise ModelError(
            f"{before}{text[:200]} names no repository of the hub: the form is {before}OWNER/NAME@REVISION"
        )
    if not re.fullmatch(_REVISION, revision):
        said = f"{revision[:60]!r} is no revision" if revision else "no revision is named"
        raise ModelError(
            f"{before}{text[:200]}: {said}, and what is under a name can change. Give {before}{repository}@REVISION, "
            f"the 40 hex digits of a commit, all of them: {page(repository)} lists them"
        )
    return HubId(repository, revision)


def model_folder(name: str) -> Path:
    """The model folder of a name of the hub; the first use fetches it, every other needs no network.

    Args:
        name: ``hf:OWNER/NAME@REVISION``.

    Raises:
        ModelError: no such name, nothing there, nothing to fetch it with, or no lookseek model.
    """
    at = parse_id(name.removeprefix(PREFIX))
    folder = fetched(at, FILES, _whole)
    if lacking := [file for file in ("SHA256SUMS", "config.json", "image.onnx") if not (folder / file).is_file()]:
        raise ModelError(
            f"{name} is no lookseek model: it has no {lacking[0]}. If open_clip can load it, make a model folder of it "
            f"once: lookseek export hf-hub:{at} FOLDER"
        )
    return folder


def fetched(at: HubId, files: Sequence[str], whole: Callable[[Path], bool]) -> Path:
    """A folder with some files of a repository, from the cache if it is whole there.

    Args:
        at: which.
        files: names, or patterns as ``fnmatch`` has them; others are not fetched.
        whole: whether a folder that is in the cache has all that is needed.

    Raises:
        ModelError: it can't be had.
    """
    try:
        from huggingface_hub import errors, snapshot_download
        from huggingface_hub.utils.tqdm import tqdm
    except ImportError as error:
        raise ModelError(
            f"{at.repository} is fetched with a package that is not installed: pip install 'lookseek[hub]'"
        ) from error
    where = cache_folder() / "hub"

    class Bar(tqdm):
        """How far it is, for a person who waits: nothing in a file or a pipe."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": options.get("disable") or not sys.stderr.isatty()})  # type: ignore[no-untyped-call]

    def snapshot(local: bool) -> Path:
        return Path(
            snapshot_download(
                at.repository,
                revision=at.revision,
                cache_dir=where,
                allow_patterns=list(files),
                local_files_only=local,
                library_name="lookseek",
                tqdm_class=Bar,
            )
        )

    try:
        there = snapshot(local=True)
        if whole(there):
            return there
    except errors.LocalEntryNotFoundError:
        pass  # not yet, or a part of it
    try:
        return snapshot(local=False)
    except Exception as error:  # of the hub, the network and the disk: classes of many packages
        raise _said(at, where, error) from error


def _whole(folder: Path) -> bool:
    try:
        return all((folder / name).is_file() for name in ("SHA256SUMS", *read_sums(folder)))
    except LookseekError:
        return False


def _said(at: HubId, where: Path, error: Exception) -> ModelError:
    """What a person can do."""
    from huggingface_hub import errors

    chain = (error, error.__cause__)  # what is not in the cache is said over what kept it from being fetched

    def is_one(kind: type[Exception]) -> bool:
        return any(isinstance(each, kind) for each in chain)

    if is_one(errors.OfflineModeIsEnabled):
        return ModelError(
            f"{at} is not in {where}, and HF_HUB_OFFLINE forbids to fetch it: fetch it once without that, or copy the "
            "model folder here and give its path"
        )
    if is_one(errors.GatedRepoError):
        return ModelError(
            f"the owner of {at.repository} gives it to those who ask alone: ask at "
            f"https://huggingface.co/{at.repository}, and set HF_TOKEN to your token"
        )
    if is_one(errors.RevisionNotFoundError):
        return ModelError(f"{at.repository} has no revision {at.revision}: {page(at.repository)} lists them")
    if is_one(errors.RepositoryNotFoundError):
        return ModelError(
            f"the hub has no repository {at.repository}, or shows it to its members alone: check the name, or set "
            "HF_TOKEN to your token"
        )
    cause = error.__cause__ or error
    said = (str(cause).strip().splitlines() or [""])[0][:200] or type(cause).__name__
    return ModelError(
        f"{at} can't be fetched ({said}): check the network, then try again (what has come so far is kept), or copy "
        "the model folder here and give its path"
    )
