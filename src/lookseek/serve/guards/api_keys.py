"""API keys: clients that may read and clients that may write. A file holds hashes of keys, never a key.

A line is ``SCOPE sha256:HEX name``, and ``#`` begins a comment. The scope ``read@https://shop.example`` is that of a
key in the source of a shop's page: it is valid from pages of that origin alone. A key is long and random, so its plain
SHA-256 can't be reversed. Without a file everybody may read and nobody may write.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from ...atomic import sync_folder
from ...errors import KeysError, QueryError
from ..origins import check_origin

__all__ = ["MAX_KEY", "Key", "Keys", "Scope", "key_from_headers", "make_key", "read_keys"]

Scope = Literal["read", "write"]

MAX_KEY = 256
"""Characters of a key: longer ones are refused without hashing them."""

_LINE = re.compile(r"(\S+)\s+sha256:(\S+)\s+(\S.*)")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_REMEDY = "make a new key, or write it as SCOPE sha256:HEX name"
# Keys that anybody guesses first.
_WEAK = ("", "admin", "changeme", "key", "lookseek", "password", "secret", "test", "123456")


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the file: what the key may do, its owner's name, its hash, and the origins that it is bound to."""

    scope: Scope
    name: str
    digest: bytes = field(repr=False)
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of a service."""

    keys: tuple[Key, ...] = ()

    @property
    def reads_open(self) -> bool:
        """Whether reading needs no key: there is no key of scope read."""
        return not any(key.scope == "read" for key in self.keys)

    @property
    def writes_possible(self) -> bool:
        """Whether any key may write."""
        return any(key.scope == "write" for key in self.keys)

    def find(self, secret: str | None) -> Key | None:
        """Return the key with this secret, or None. Compares with every key, in constant time."""
        if secret is None or not 0 < len(secret) <= MAX_KEY:
            return None
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        match = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                match = key
        return match

    def scope_of(self, secret: str | None) -> Scope | None:
        """Return what the key with this secret may do: ``"write"`` implies reading. None for an unknown key."""
        key = self.find(secret)
        return key.scope if key is not None else None


def read_keys(file: Path, unusable: Callable[[KeysError], None] | None = None) -> Keys:
    """Read a file of keys.

    Args:
        file: of keys.
        unusable: receives the error of a line that can't be used, which is then passed over; None raises the first.

    Raises:
        KeysError: the file or a line of it can't be read; the message gives the line's number, never its content.
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
        try:
            key = _parse_line(line, f"{file}, line {number}")
            for what, value in (("key", key.digest), ("name", key.name)):
                if value in lines:
                    raise KeysError(
                        f"{file}, line {number}: the same {what} as in line {lines[value]}: delete one of them"
                    )
                lines[value] = number
        except KeysError as error:
            if unusable is None:
                raise
            unusable(error)
        else:
            keys.append(key)
    return Keys(tuple(keys))


def make_key(file: Path, scope: Scope, name: str, origins: tuple[str, ...] = ()) -> str:
    """Make a key and append its hash to the file. The key itself is returned here once and kept nowhere.

    Args:
        file: created, readable for its owner alone, if it does not exist.
        scope: what the key may do.
        name: of its owner, up to 100 printable characters, unique in the file.
        origins: of the pages that may use it; none for no bound. A key that may write has none.

    Raises:
        KeysError: the name can't be used, or the file.
    """
    if scope not in get_args(Scope):
        raise KeysError(f"{scope!r}: no scope of a key: say read or write")
    if not 0 < len(name) <= 100 or not name.isprintable() or name != name.strip():
        raise KeysError(f"{name[:100]!a}: no name for a key: give 1 to 100 printable characters, no space at an end")
    if origins and scope != "read":
        raise KeysError(
            "a key that may write is bound to no origin, since a page can't keep it secret: make one to read"
        )
    before = read_keys(file) if file.exists() else Keys()
    if any(key.name == name for key in before.keys):
        raise KeysError(f"{file}: there is a key named {name!r} already: give another name, or delete its line")
    key = "ls_" + secrets.token_urlsafe(24)
    bound = f"@{','.join(map(check_origin, origins))}" if origins else ""
    line = f"{scope}{bound} sha256:{hashlib.sha256(key.encode()).hexdigest()} {name}\n"
    try:
        _append(file, line.encode())
    except OSError as error:
        raise KeysError(f"{file}: the key can't be written ({type(error).__name__}): check the folder") from None
    return key


def key_from_headers(headers: Mapping[str, str]) -> str | None:
    """Return the key of a request, if any: X-API-Key, Bearer, or the password of Basic, which browsers prompt for.

    Args:
        headers: with names in lower case, or case-insensitive.
    """
    if (key := headers.get("x-api-key")) is not None:
        return key
    scheme, _, value = headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value or None
    if scheme.lower() == "basic" and len(value) <= 4 * MAX_KEY:
        try:
            pair = base64.b64decode(value, validate=True).decode("utf-8")
        except ValueError:
            return None
        return pair.partition(":")[2] or None
    return None


def _parse_line(line: str, place: str) -> Key:
    match = _LINE.fullmatch(line)
    if match is None:
        raise KeysError(f"{place}: no API key: {_REMEDY}")
    bound, digest, name = match.groups()
    scope, at, allowed = bound.partition("@")
    if scope not in get_args(Scope):
        raise KeysError(f"{place}: its scope is neither read nor write: {_REMEDY}")
    if not _DIGEST.fullmatch(digest):
        raise KeysError(f"{place}: its hash is not 64 hexadecimal digits in lower case: {_REMEDY}")
    hashed = bytes.fromhex(digest)
    if hashed in {hashlib.sha256(weak.encode()).digest() for weak in _WEAK} or len(set(hashed)) == 1:
        raise KeysError(f"{place}: a key that anybody guesses: make a new one")
    if at and scope == "write":
        raise KeysError(f"{place}: a key that may write is bound to no origin: {_REMEDY}")
    try:
        origins = tuple(check_origin(origin) for origin in allowed.split(",")) if at else ()
    except QueryError as error:
        raise KeysError(f"{place}: {error}") from None
    return Key("write" if scope == "write" else "read", name, hashed, origins)


def _append(file: Path, line: bytes) -> None:
    """Append a line so that it survives a power cut."""
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
