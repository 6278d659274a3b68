"""Models of the Hugging Face hub: a repository at one revision, downloaded once and read from the cache afterwards.

A model is named ``hf:OWNER/NAME@REVISION``. The content of a name can change, that of a revision can't. Only files
that a model folder has are downloaded, into lookseek's cache, and then checked as any model folder is. The downloads
go through huggingface_hub: its ``HF_HUB_OFFLINE``, ``HF_ENDPOINT`` and ``HF_TOKEN`` apply.
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

__all__ = [
    "PREFIX",
    "HubId",
    "fetch_snapshot",
    "is_hub",
    "model_folder",
    "newest_revision",
    "parse_id",
    "revisions_url",
]

PREFIX = "hf:"
"""The prefix of a repository that holds a lookseek model folder."""

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
    """Return whether a model's name is one of the hub."""
    return isinstance(name, str) and name.startswith(PREFIX)


def revisions_url(repository: str) -> str:
    """Return the URL that lists the revisions of a repository."""
    return f"https://huggingface.co/{repository}/commits/main"


def parse_id(text: str, before: str = PREFIX) -> HubId:
    """Parse ``OWNER/NAME@REVISION``.

    Args:
        text: the part of a name after ``before``.
        before: the prefix of such names, for messages.

    Raises:
        ModelError: another form, or no revision, which is never guessed.
    """
    repository, _, revision = text.partition("@")
    if not re.fullmatch(_REPOSITORY, repository, re.ASCII) or ".." in repository:
        raise ModelError(
            f"{before}{text[:200]} names no repository of the hub: the form is {before}OWNER/NAME@REVISION"
        )
    if not re.fullmatch(_REVISION, revision):
        reason = f"{revision[:60]!r} is no revision" if revision else "no revision is named"
        raise ModelError(
            f"{before}{text[:200]}: {reason}, and what is under a name can change. Give {before}{repository}@REVISION, "
            f"the 40 hex digits of a commit, all of them: {revisions_url(repository)} lists them"
        )
    return HubId(repository, revision)


def model_folder(name: str) -> Path:
    """Return the model folder of a name of the hub; the first use downloads it, later uses need no network.

    Args:
        name: ``hf:OWNER/NAME@REVISION``.

    Raises:
        ModelError: an invalid name, no such repository, huggingface_hub is not installed, or no lookseek model.
    """
    hub_id = parse_id(name.removeprefix(PREFIX))
    folder = fetch_snapshot(hub_id, FILES, _is_complete)
    if lacking := [file for file in ("SHA256SUMS", "config.json", "image.onnx") if not (folder / file).is_file()]:
        raise ModelError(
            f"{name} is no lookseek model: it has no {lacking[0]}. If open_clip can load it, make a model folder of it "
            f"once: lookseek export hf-hub:{hub_id} FOLDER"
        )
    return folder


def fetch_snapshot(hub_id: HubId, files: Sequence[str], is_complete: Callable[[Path], bool]) -> Path:
    """Return a folder with some files of a repository, from the cache if it is complete there.

    Args:
        hub_id: of the repository.
        files: names, or patterns as ``fnmatch`` has them; others are not fetched.
        is_complete: whether a folder of the cache has all the needed files.

    Raises:
        ModelError: it can't be downloaded.
    """
    try:
        from huggingface_hub import errors, snapshot_download
        from huggingface_hub.utils.tqdm import tqdm
    except ImportError as error:
        raise ModelError(_not_installed(hub_id.repository)) from error
    cache = cache_folder() / "hub"

    class Bar(tqdm):
        """A progress bar that is hidden where standard error is no terminal."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": options.get("disable") or not sys.stderr.isatty()})  # type: ignore[no-untyped-call]

    def snapshot(local: bool) -> Path:
        return Path(
            snapshot_download(
                hub_id.repository,
                revision=hub_id.revision,
                cache_dir=cache,
                allow_patterns=list(files),
                local_files_only=local,
                library_name="lookseek",
                tqdm_class=Bar,
            )
        )

    try:
        snapshot_folder = snapshot(local=True)
        if is_complete(snapshot_folder):
            return snapshot_folder
    except errors.LocalEntryNotFoundError:
        pass  # not yet, or a part of it
    try:
        return snapshot(local=False)
    except Exception as error:  # of the hub, the network and the disk: classes of many packages
        raise _explain(hub_id, cache, error) from error


def newest_revision(repository: str) -> str:
    """Return the commit that a repository of the hub is at now, 40 hex digits.

    Raises:
        ModelError: the hub can't be reached, or has no such repository.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ModelError(_not_installed(repository)) from error
    try:
        found = HfApi(library_name="lookseek").model_info(repository).sha or ""
    except Exception as error:  # of the hub and the network: classes of many packages
        raise _explain(HubId(repository, "main"), cache_folder() / "hub", error) from error
    return parse_id(f"{repository}@{found}", "").revision


def _not_installed(repository: str) -> str:
    return f"{repository} is fetched with a package that is not installed: pip install 'lookseek[hub]'"


def _is_complete(folder: Path) -> bool:
    try:
        return all((folder / name).is_file() for name in ("SHA256SUMS", *read_sums(folder)))
    except LookseekError:
        return False


def _explain(hub_id: HubId, cache: Path, error: Exception) -> ModelError:
    """Return the error of a failed download, with its remedy."""
    from huggingface_hub import errors

    chain = (error, error.__cause__)  # "not in the cache" is raised from the error of the download

    def is_a(kind: type[Exception]) -> bool:
        return any(isinstance(link, kind) for link in chain)

    if is_a(errors.OfflineModeIsEnabled):
        return ModelError(
            f"{hub_id} is not in {cache}, and HF_HUB_OFFLINE forbids to fetch it: fetch it once without that, or copy "
            "the model folder here and give its path"
        )
    if is_a(errors.GatedRepoError):
        return ModelError(
            f"the owner of {hub_id.repository} gives it to those who ask alone: ask at "
            f"https://huggingface.co/{hub_id.repository}, and set HF_TOKEN to your token"
        )
    if is_a(errors.RevisionNotFoundError):
        return ModelError(
            f"{hub_id.repository} has no revision {hub_id.revision}: {revisions_url(hub_id.repository)} lists them"
        )
    if is_a(errors.RepositoryNotFoundError):
        return ModelError(
            f"the hub has no repository {hub_id.repository}, or shows it to its members alone: check the name, or set "
            "HF_TOKEN to your token"
        )
    cause = error.__cause__ or error
    reason = (str(cause).strip().splitlines() or [""])[0][:200] or type(cause).__name__
    return ModelError(
        f"{hub_id} can't be fetched ({reason}): check the network, then try again (what has come so far is kept), or "
        "copy the model folder here and give its path"
    )
