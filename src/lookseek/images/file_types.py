"""Names the type of a file that is no picture that lookseek reads, with the remedy."""

from __future__ import annotations

__all__ = ["describe_file"]

_SAVE = "save it as JPEG or PNG"

# First bytes of other files that people take for photos, or that attackers name .jpg.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document, not a photo: export the page as JPEG or PNG"),
    (b"%!PS", "a PostScript file, not a photo: export it as PNG"),
    (b"PK\x03\x04", "a zip archive or an Office file, not a photo: unpack it and give the photos in it"),
    (b"\x1f\x8b", "a gzip archive, not a photo: unpack it"),
    (b"BM", f"a BMP picture, which is not read: {_SAVE}"),
    (b"II*\0", f"a raw camera picture or a TIFF without pixels, which is not read: {_SAVE}"),
    (b"MM\0*", f"a raw camera picture or a TIFF without pixels, which is not read: {_SAVE}"),
    (b"\0\0\x01\0", f"an icon, which is not read: {_SAVE}"),
    (b"8BPS", f"a Photoshop file, which is not read: {_SAVE}"),
    (b"\0\0\0\x0cJXL ", f"a JPEG XL picture, which is not read: {_SAVE}"),
    (b"\0\0\0\x0cjP  ", f"a JPEG 2000 picture, which is not read: {_SAVE}"),
    (b"version https://git-lfs", "a Git LFS pointer, not the photo itself: run `git lfs pull`"),
)


def describe_file(data: bytes) -> str:
    """Return what a file is, by its first bytes, and the remedy: the second half of "this is ...".

    >>> describe_file(b"%PDF-1.7")
    'a PDF document, not a photo: export the page as JPEG or PNG'
    """
    if not data:
        return "an empty file, not a photo: fetch it again"
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("ascii", "replace")
        if brand.startswith(("he", "mif1", "msf1")):
            return (
                f"a HEIC photo, which is not read: pip install 'lookseek[heic]', or {_SAVE} (iPhone: Settings, Camera, "
                "Most Compatible)"
            )
        return f"a video or another media file ({brand!r}), not a photo: give a JPEG or PNG"
    for signature, description in _SIGNATURES:
        if data.startswith(signature):
            return description
    text = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<"):
        if text.startswith((b"<!doctype html", b"<html")):
            return "an HTML page, not a photo: the download probably gave an error page; fetch it again"
        if b"<svg" in text:
            return "an SVG drawing, not a photo: export it as PNG or JPEG"
        return "an XML or HTML text, not a photo: give a JPEG or PNG"
    return f"no picture that is known here ({len(data):,} bytes): give a JPEG, PNG, WebP, GIF, AVIF or TIFF"
