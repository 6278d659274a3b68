"""API keys: who may read and who may write. A file holds their hashes, never a key.

A line is ``SCOPE sha256:HEX name``, and ``#`` begins a comment. A key is long and random, so a plain SHA-256 of it
can't be turned back. Without a file everybody may read and nobody may write.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from ...atomic import sync_folder
from ...errors import KeysError

__all__ = ["MAX_KEY", "Key", "Keys", "Scope", "make_key", "presented", "read_keys"]

Scope = Literal["read", "write"]

MAX_KEY = 256
"""Characters of a key: longer ones are refused unread."""

_LINE = re.compile(r"(\S+)\s+sha256:(\S+)\s+(\S.*)")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REMEDY = "make a new key, or write it as SCOPE sha256:HEX name"
# People who hash a key of their own try these first, and so does everybody else.
_WEAK = ("", "admin", "changeme", "key", "lookseek", "password", "secret", "test", "123456")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the file knows it: what it may do and who it is, not the key."""

    scope: Scope
    name: str
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of a service."""

    keys: tuple[Key, ...] = ()

    @property
    def reads_open(self) -> bool:
        """Whether reading needs no key: no key that may only read was made."""
        return not any(key.scope == "read" for key in self.keys)

    @property
    def writes_possible(self) -> bool:
        """Whether any key may write."""
        return any(key.scope == "write" for key in self.keys)

    def find(self, presented: str | None) -> Key | None:
        """The key that was presented. Compares with every key, in a time that tells nothing about any."""
        if presented is None or not 0 < len(presented) <= MAX_KEY:
            return None
        digest = hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
        found = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def scope_of(self, presented: str | None) -> Scope | None:
        """What a presented key may do: ``"write"`` implies reading. None for no key of these."""
        key = self.find(presented)
        return key.scope if key is not None else None


def read_keys(file: Path) -> Keys:
    """The keys of a file.

    Raises:
        KeysError: the file can't be read, or a line of it; it names the line and never what stands there.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"{file}: the file of API keys can't be read ({type(error).__name__}): check it") from None
    keys: list[Key] = []
    lines: dict[bytes | str, int] = {}
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key = _key_in(line, f"{file}, line {number}")
        for what, value in (("key", key.digest), ("name", key.name)):
            if value in lines:
                raise KeysError(f"{file}, line {number}: the same {what} as in line {lines[value]}: delete one of them")
            lines[value] = number
        keys.append(key)
    return Keys(tuple(keys))


def make_key(file: Path, scope: Scope, name: str) -> str:
    """A new key, whose hash is added to the file. The key is told once, here, and can't be had again.

    Args:
        file: made, for its owner alone, if it is not there.
        scope: what the key may do.
        name: whose it is, up to 100 printable characters; unlike all others in the file.

    Raises:
        KeysError: the name can't be used, or the file.
    """
    if scope not in get_args(Scope):
        raise KeysError(f"{scope!r}: no scope of a key: say read or write")
    if not 0 < len(name) <= 100 or not name.isprintable() or name != name.strip():
        raise KeysError(f"{name[:100]!a}: no name for a key: give 1 to 100 printable characters, no space at an end")
    before = read_keys(file) if file.exists() else Keys()
    if any(key.name == name for key in before.keys):
        raise KeysError(f"{file}: there is a key named {name!r} already: give another name, or delete its line")
    key = "ls_" + secrets.token_urlsafe(24)
    line = f"{scope} sha256:{hashlib.sha256(key.encode()).hexdigest()} {name}\n"
    try:
        _append(file, line.encode())
    except OSError as error:
        raise KeysError(f"{file}: the key can't be written ({type(error).__name__}): check the folder") from None
    return key


def presented(headers: Mapping[str, str]) -> str | None:
    """The key that a request presents, if any: X-API-Key, Bearer, or the password of Basic, which a browser asks for.

    Args:
        headers: with names in lower case, or without regard to case.
    """
    if (key := headers.get("x-api-key")) is not None:
        return key
    kind, _, value = headers.get("authorization", "").partition(" ")
    value = value.strip()
    if kind.lower() == "bearer":
        return value or None
    if kind.lower() == "basic" and len(value) <= 4 * MAX_KEY:
        try:
            pair = base64.b64decode(value, validate=True).decode("utf-8")
        except ValueError:
            return None
        return pair.partition(":")[2] or None
    return None


def _key_in(line: str, place: str) -> Key:
    found = _LINE.fullmatch(line)
    if found is None:
        raise KeysError(f"{place}: no API key: {_REMEDY}")
    scope, digest, name = found.groups()
    if scope not in get_args(Scope):
        raise KeysError(f"{place}: its scope is neither read nor write: {_REMEDY}")
    if not _DIGEST.fullmatch(digest):
        raise KeysError(f"{place}: its hash is not 64 hexadecimal digits in lower case: {_REMEDY}")
    known = bytes.fromhex(digest)
    if known in {hashlib.sha256(weak.encode()).digest() for weak in _WEAK} or len(set(known)) == 1:
        raise KeysError(f"{place}: a key that anybody guesses: make a new one")
    return Key("write" if scope == "write" else "read", name, known)


def _append(file: Path, line: bytes) -> None:
    """Adds a line so that it is there after a power cut."""
    new = not file.exists()
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(size - 1)
            line = line if stream.read(1) == b"\n" else b"\n" + line
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())
    if new:
        sync_folder(file.parent)
