"""The cyclopts application. Each file of commands registers its own on it."""

from __future__ import annotations

from cyclopts import App

__all__ = ["app"]

app = App(
    name="lookseek",
    help="lookseek finds clothes by looking: index a catalogue of clothing photos, search it with photos and words.",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # main handles it: the message says what happens to the work
)
