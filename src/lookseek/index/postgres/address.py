"""Reads the address of an index in PostgreSQL: what libpq takes, then ``#`` and the index's name."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from ...errors import IndexFolderError

__all__ = ["PostgresAddress"]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class PostgresAddress(NamedTuple):
    """An address, taken apart.

    Args:
        conninfo: as libpq takes it, with a password where it has one.
        name: of the index.
        shown: the whole address without a password.
    """

    conninfo: str
    name: str
    shown: str

    @classmethod
    def parse(cls, address: str) -> PostgresAddress:
        """Read an address such as ``postgresql://db1,db2/catalogue?target_session_attrs=read-write#shop``.

        Raises:
            IndexFolderError: no name of an index, or one that can't be used.

        >>> PostgresAddress.parse("postgresql://me:secret@db/shop?password=x&sslmode=require#dresses").shown
        'postgresql://me@db/shop?sslmode=require#dresses'
        """
        conninfo, sign, name = address.rpartition("#")
        if not sign or not _NAME.fullmatch(unquote(name)):
            raise IndexFolderError(
                f"{_without_password(conninfo or address)}: the name of the index is missing or can't be used: end the "
                "address with # and up to 40 letters, digits, dots, underscores or hyphens, e.g. "
                "postgresql://db/catalogue#shop"
            )
        return cls(conninfo, unquote(name), f"{_without_password(conninfo)}#{name}")


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    user, at, hosts = parts.netloc.rpartition("@")
    query = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not name.endswith("password")
    ]
    return urlunsplit(
        parts._replace(
            netloc=f"{user.partition(':')[0]}{at}{hosts}", query=urlencode(query, quote_via=quote, safe="/,:")
        )
    )
