"""The small classic page: a photo, a few choices, TRUY VẤN, ranked pictures.

    pip install 'lookseek[examples]'
    streamlit run examples/streamlit_app.py -- INDEX

``.streamlit/config.toml`` beside this file keeps it on this machine and sends no statistics. Names and ids come from an
untrusted catalogue: they are shown by ``st.text``, which does not interpret Markdown.
"""

from __future__ import annotations

import csv
import io
import shlex
import sys
from pathlib import Path
from typing import Any

import streamlit as st

from lookseek import LookseekError, Query, Results, Searcher, images
from lookseek.filters import Compare, to_text

PHOTO_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "avif"]
MAX_PICTURES = 200  # pictures at most: decoding and encoding one takes some milliseconds
COLUMNS = 5
SIDE = 240  # pixels of a picture's longer side


@st.cache_resource(show_spinner="Đang mở chỉ mục · opening the index …", max_entries=1)
def open_searcher(folder: str) -> Searcher:
    """Open the one searcher of all sessions: it holds the model, and notices a new index by itself."""
    return Searcher(Path(folder))


def thumbnail(photo: bytes | Path) -> bytes:
    """Return a JPEG of a photo, upright and never enlarged."""
    pixels = images.decode(photo, min_side=SIDE)
    height, width = pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    return images.to_jpeg(images.resize(pixels, max(1, round(width * scale)), max(1, round(height * scale))))


def to_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV with a byte order mark, by which spreadsheets recognise UTF-8."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")


def query_form(searcher: Searcher, photo: bytes | None) -> Query | None:
    """Show the form; return a query once TRUY VẤN is pressed with a photo."""
    index = searcher.current()
    field = next((name for name in ("category", "folder") if index.manifest.fields.get(name) == "words"), None)
    values = [value for value, _ in index.store.facet(field, limit=1000)] if field else []  # the most frequent
    router = index.manifest.routers.get("svm")
    routed = router is not None and router.current
    with st.form("query"):
        model = st.radio("Mô hình · Model", ["plain", "SVM"] if routed else ["plain"], horizontal=True, key="model")
        if not routed:
            st.caption("SVM cần · SVM needs:" if router is None else "SVM đã cũ · the SVM is older than the items:")
            by = shlex.quote(router.by if router else field or "FIELD")
            st.code(f"lookseek route {shlex.quote(index.address)} --kind svm --by {by}", language=None)
        k = st.radio("Số kết quả · Results", [10, 100, 1000, 10000], horizontal=True, key="k")
        labels = {None: "Tất cả · all"} | {value: str(value) for value in values}
        value = st.selectbox("Loại · Category", labels, format_func=labels.__getitem__, key="category")
        pressed = st.form_submit_button("TRUY VẤN", type="primary", key="search")
        st.caption("Search")
    if pressed and photo is None:
        st.warning("Hãy chọn một tấm ảnh trước · choose a photo first.")
    if not pressed or photo is None:
        return None
    condition = to_text(Compare(field, "=", value)) if field and value is not None else ""  # quotes where needed
    return Query(image=photo, k=k, filter=condition, route="svm" if model == "SVM" else "none")


def show_results(searcher: Searcher, results: Results) -> None:
    """Show ranked pictures, and beyond ``MAX_PICTURES`` a table."""
    hits, routed = results.hits, results.routed
    part = f" · SVM: {routed.visited:,} / {routed.items:,} ({', '.join(routed.keys)})" if routed else ""
    st.text(f"{len(hits):,} kết quả · results, {results.took_ms:.0f} ms{part}")
    if not hits:
        return
    rows = [{"rank": hit.rank, "score": hit.score, "id": hit.id} for hit in hits]
    st.download_button("CSV", to_csv(rows), "lookseek.csv", "text/csv", on_click="ignore", key="csv")
    photos = searcher.index.place.photos([hit.source for hit in hits[:MAX_PICTURES]])
    for begin in range(0, len(photos), COLUMNS):
        for column, hit, photo in zip(st.columns(COLUMNS), hits[begin:], photos[begin:], strict=False):
            with column:
                try:
                    st.image(thumbnail(photo or b""), alt=hit.id)
                except LookseekError:
                    st.info("Không còn ảnh · no picture")
                st.text(f"{hit.rank} · {hit.score:.3f}\n{hit.id}")
    if len(hits) > MAX_PICTURES:
        st.text(
            f"{MAX_PICTURES} ảnh đầu, còn lại trong bảng · the first {MAX_PICTURES} as pictures, the rest as a table"
        )
        st.dataframe(rows[MAX_PICTURES:], hide_index=True)


def main() -> None:
    """Run the page from top to bottom, at each change."""
    st.set_page_config(page_title="lookseek", layout="wide")
    st.title("Tìm quần áo bằng ảnh")
    st.caption("Find clothes by a photo")
    if len(sys.argv) != 2:
        st.error("Chưa có chỉ mục · name the index: `streamlit run examples/streamlit_app.py -- INDEX`")
        return
    try:
        searcher = open_searcher(sys.argv[1])
        left, right = st.columns([1, 2])
        upload = left.file_uploader("Chọn ảnh · Photo", PHOTO_TYPES, key="photo")
        photo = upload.getvalue() if upload else None
        with right:
            query = query_form(searcher, photo)
        if photo is not None:
            left.image(thumbnail(photo), alt="Ảnh của bạn · your photo")
        if query is not None:
            show_results(searcher, searcher.search(query))
    except LookseekError as error:
        st.error("Không thực hiện được · this can't be done:")
        st.text(str(error))


if __name__ == "__main__":
    main()
