"""In which numbers a network multiplies."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Precision"]

Precision: TypeAlias = Literal["auto", "32-true", "bf16-mixed", "16-mixed"]
"""As Lightning Fabric names them; ``auto`` is bf16-mixed where the device multiplies it in hardware, else 32-true."""
