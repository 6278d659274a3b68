"""Reads and writes the wire format of protocol buffers, in which ONNX files are kept, without copying what is read.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

__all__ = ["BYTES", "Field", "Malformed", "fields", "write_bytes", "write_number"]

BYTES = 2
"""The wire type of a field that has a length."""

Field: TypeAlias = tuple[int, int, int, int]
"""Field number, wire type, and either (value, 0) or the (start, end) of its bytes."""


class Malformed(Exception):
    """The bytes are no protocol buffer."""


def fields(data: memoryview, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of a message; numbers of a fixed width are passed over.

    Args:
        data: that holds it.
        start: of the message in the data.
        end: of the message, beyond its last byte.

    Raises:
        Malformed: the bytes are no message.
        IndexError: they end in a number.
    """
    offset = start
    while offset < end:
        key, offset = _varint(data, offset)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, offset = _varint(data, offset)
            yield number, wire, value, 0
        elif wire == BYTES:
            size, offset = _varint(data, offset)
            yield number, wire, offset, offset + size
            offset += size
        elif wire in (1, 5):
            offset += 8 if wire == 1 else 4
        else:
            raise Malformed
        if number == 0 or offset > end:
            raise Malformed


def write_bytes(number: int, content: bytes) -> bytes:
    """Return a field that has a length.

    >>> write_bytes(1, b"ab").hex()
    '0a026162'
    """
    return _written(number << 3 | BYTES) + _written(len(content)) + content


def write_number(number: int, value: int) -> bytes:
    """Return a field that is a whole number >= 0.

    >>> write_number(1, 300).hex()
    '08ac02'
    """
    return _written(number << 3) + _written(value)


def _varint(data: memoryview, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[offset]
        value |= (byte & 0x7F) << shift
        offset, shift = offset + 1, shift + 7
        if byte < 0x80:
            return value, offset
        if shift > 63:
            raise Malformed


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
