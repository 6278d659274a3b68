"""The picture of results: frames, places, words and photos of any shape."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.query import Query, Term
from lookseek.render.captions import caption_lines
from lookseek.render.lettering import BUNDLED_FONT, choose_font, draw_line, load_font, replace_missing_glyphs, wrap_text
from lookseek.render.strip import draw_strip, stack_strips
from lookseek.render.tile import CELL, GAP, MARGIN, Tile, tile_position
from lookseek.types import Pixels

GREEN, RED = (26, 138, 74), (204, 48, 46)
VIETNAMESE = "Áo sơ mi trắng, đầm hoa đỏ, váy xoè dài, quần ống rộng: ưỡ ợ ẵ ẫ ễ ộ ỷ ỵ ừ ẩ Đ"


def plain(height: int = 100, width: int = 100, colour: tuple[int, int, int] = (10, 60, 200)) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def tile(agrees: bool | None = None, pixels: Pixels | None = None, rank: int = 1, caption: str = "id") -> Tile:
    return Tile(plain() if pixels is None else pixels, rank, 0.5, caption, agrees)


def cell(sheet: Pixels, number: int, columns: int = 5, titled: bool = False) -> Pixels:
    x, y = tile_position(number, columns, titled)
    return sheet[y : y + CELL, x : x + CELL]


def edge(photo: Pixels) -> set[tuple[int, ...]]:
    """The colours along the left and lower edges of a cell, away from its badge."""
    return {tuple(p) for p in np.concatenate([photo[:, 0], photo[-1]]).tolist()}


# Frames and badges


def test_frames_say_whether_results_agree() -> None:
    sheet = draw_strip(plain(), [tile(True), tile(False), tile(None)])
    assert edge(cell(sheet, 0)) == {GREEN}
    assert edge(cell(sheet, 1)) == {RED}
    (quiet,) = edge(cell(sheet, 2))
    assert min(quiet) > 200


def test_frames_of_a_verdict_are_thick_and_others_thin() -> None:
    sheet = draw_strip(plain(CELL, CELL), [tile(True, plain(CELL, CELL)), tile(None, plain(CELL, CELL))])
    rows = [cell(sheet, n)[CELL // 2] for n in (0, 1)]
    widths = [int((row[: CELL // 2] != (10, 60, 200)).any(axis=1).sum()) for row in rows]
    assert widths == [4, 1]


def test_frames_can_be_told_apart_without_colour() -> None:
    """The white of a tick and of a cross are other shapes, and no verdict has neither."""
    sheet = draw_strip(plain(), [tile(True), tile(False), tile(None)])
    white = [(cell(sheet, n)[:26, CELL - 26 :] > 230).all(axis=2) for n in range(3)]
    assert white[0].sum() > 20 < white[1].sum()
    assert (white[0] != white[1]).sum() > 20
    cross = white[1]
    assert (cross == cross[::-1]).mean() > 0.97  # a cross is the same upside down, a tick is not
    assert (white[0] == white[0][::-1]).mean() < 0.95


def test_the_query_has_its_own_frame_and_place() -> None:
    sheet = draw_strip(plain(CELL, CELL), [tile(True)])
    query = sheet[MARGIN : MARGIN + CELL, MARGIN : MARGIN + CELL]
    assert tuple(query[CELL // 2, CELL // 2]) == (10, 60, 200)
    assert edge(query) == {(34, 36, 40)}
    below = sheet[MARGIN + CELL + 4 : MARGIN + CELL + 30, MARGIN : MARGIN + CELL]
    assert below.min() < 100  # the word "query"


# Places


@given(count=st.integers(0, 23), columns=st.integers(1, 9), titled=st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_tile_is_whole_on_the_sheet(count: int, columns: int, titled: bool) -> None:
    sheet = draw_strip(plain(), [tile(True, rank=n + 1) for n in range(count)], "t" * titled, columns)
    assert sheet.dtype == np.uint8
    assert sheet.flags.writeable
    for number in range(count):
        assert cell(sheet, number, columns, titled).shape == (CELL, CELL, 3)
        assert edge(cell(sheet, number, columns, titled)) == {GREEN}
    assert (sheet[: MARGIN - 8] == 255).all()
    assert (sheet[:, : MARGIN - 1] == 255).all()
    assert (sheet[:, -MARGIN + 1 :] == 255).all()
    assert (sheet[-MARGIN // 2 :] == 255).all()


@pytest.mark.parametrize(("count", "columns", "rows"), [(5, 5, 1), (6, 5, 2), (10, 5, 2), (11, 5, 3), (3, 1, 3)])
def test_rows_follow_from_columns(count: int, columns: int, rows: int) -> None:
    heights = [draw_strip(None, [tile()] * n, columns=columns).shape[0] for n in (columns, 2 * columns, count)]
    assert heights[2] == heights[0] + (rows - 1) * (heights[1] - heights[0])


def test_columns_make_the_sheet_wider_by_a_cell_and_a_gap() -> None:
    widths = [draw_strip(None, [tile()] * 8, columns=n).shape[1] for n in (3, 4)]
    assert widths[1] - widths[0] == CELL + GAP


def test_fewer_results_than_columns_leave_no_empty_columns() -> None:
    assert draw_strip(None, [tile()] * 2).shape == draw_strip(None, [tile()] * 2, columns=2).shape


def test_a_title_moves_everything_down() -> None:
    low, high = draw_strip(plain(), [tile(True)], "Results"), draw_strip(plain(), [tile(True)])
    moved = low.shape[0] - high.shape[0]
    assert moved > 20
    assert (low[:moved] < 90).any()
    assert np.array_equal(low[moved + MARGIN :], high[MARGIN:])


def test_no_results_is_a_sheet_that_says_so() -> None:
    sheet = draw_strip(plain(), [])
    x, y = tile_position(0)
    assert sheet[y : y + CELL, x:].min() < 160
    assert (sheet[[y, y + CELL - 1], x:] == 255).all()  # no frame


@pytest.mark.parametrize("columns", [0, -3])
def test_impossible_columns_are_refused(columns: int) -> None:
    with pytest.raises(ValueError, match=f"{columns} columns.*1 or more"):
        draw_strip(plain(), [tile()], columns=columns)


# Photos


def test_a_missing_photo_is_a_placeholder() -> None:
    sheet = draw_strip(None, [Tile(None, 1, 0.5, "gone"), tile()])
    empty, photo = cell(sheet, 0), cell(sheet, 1)
    assert empty.min() > 100 < empty.mean()
    assert len(np.unique(empty.reshape(-1, 3), axis=0)) > 3  # a drawing, not a blank
    assert photo[CELL // 2, CELL // 2, 0] == 10
    assert np.array_equal(empty[2:-2, 2:-2], sheet[MARGIN + 2 : MARGIN + CELL - 2, MARGIN + 2 : MARGIN + CELL - 2])


@given(height=st.integers(1, 700), width=st.integers(1, 700))
@example(height=40, width=30)
@example(height=3, width=50)
@settings(max_examples=30, deadline=None)
def test_photos_keep_their_shape_and_are_at_most_doubled(height: int, width: int) -> None:
    photo = cell(draw_strip(None, [tile(None, plain(height, width))]), 0)[1:-1, 1:-1].astype(int)
    blue = np.abs(photo - (10, 60, 200)).sum(axis=2) < 60
    times = min(2.0, CELL / width, CELL / height)
    shown = (int(blue.any(axis=1).sum()), int(blue.any(axis=0).sum()))
    assert shown == pytest.approx((height * times, width * times), abs=3)


def test_photos_stand_in_the_middle() -> None:
    photo = cell(draw_strip(None, [tile(None, plain(50, 20))]), 0)
    blue = photo[..., 2] < 215
    rows, columns = np.nonzero(blue[1:-1, 1:-1])
    assert rows.mean() == pytest.approx(CELL / 2 - 1, abs=2)
    assert columns.mean() == pytest.approx(CELL / 2 - 1, abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3000, 4000)])
def test_huge_tiny_and_narrow_photos_are_drawn(shape: tuple[int, int]) -> None:
    sheet = draw_strip(plain(*shape), [tile(False, plain(*shape))])
    assert sheet.shape == draw_strip(plain(), [tile(False)]).shape
    assert edge(cell(sheet, 0)) == {RED}
    assert (np.abs(cell(sheet, 0).astype(int) - (10, 60, 200)).sum(axis=2) < 60).any()


def test_given_photos_are_not_changed() -> None:
    photo = draw(drawn_specs(1)[0], 64)
    before = photo.copy()
    draw_strip(photo, [tile(True, photo)])
    assert np.array_equal(photo, before)


def test_a_drawn_photo_is_recognisable_in_its_cell() -> None:
    photo = draw(drawn_specs(1)[0], CELL)
    shown = cell(draw_strip(None, [tile(None, photo)]), 0)
    assert np.abs(shown[1:-1, 1:-1].astype(int) - photo[1:-1, 1:-1]).mean() < 1


# Words


def words_of(sheet: Pixels, number: int = 0) -> Pixels:
    x, y = tile_position(number)
    return sheet[y + CELL : y + CELL + 44, x : x + CELL + GAP]


def test_rank_score_and_caption_are_written() -> None:
    sheets = [
        draw_strip(None, [Tile(None, rank, score, caption)])
        for rank, score, caption in ((1, 0.5, "a"), (2, 0.5, "a"), (1, 0.501, "a"), (1, 0.5, "b"))
    ]
    differ = [np.argwhere((words_of(sheets[0]) != words_of(other)).any(axis=2)) for other in sheets[1:]]
    rank, score, caption = (places.mean(axis=0) for places in differ)
    assert rank[0] < 24 > score[0]
    assert rank[1] < 20 < CELL - 40 < score[1]
    assert caption[0] > 24


def test_scores_have_three_decimals() -> None:
    def written(score: float) -> Pixels:
        return words_of(draw_strip(None, [Tile(None, 1, score, "")]))

    assert np.array_equal(written(0.12341), written(0.12344))
    assert not np.array_equal(written(0.1234), written(0.1244))


@pytest.mark.parametrize("caption", ["w" * 300, VIETNAMESE * 20, "i" * 100_000, "ア" * 200, "a\nb\tc" * 90])
def test_long_captions_stay_in_their_column(caption: str) -> None:
    sheet = draw_strip(None, [tile(caption=caption), tile(caption="")])
    assert (words_of(sheet)[24:, CELL + 1 :] == 255).all()
    assert words_of(sheet)[24:].min() < 200
    assert sheet.shape == draw_strip(None, [tile(), tile()]).shape


def test_captions_that_fit_are_not_cut() -> None:
    def width(text: str) -> int:
        pen = Image.new("RGB", (400, 40), "white")
        draw_line(ImageDraw.Draw(pen), (0, 0), text, 12, (0, 0, 0), 100, "")
        return int(np.nonzero(np.asarray(pen).min(axis=(0, 2)) < 128)[0].max())

    assert width("dress") < width("dress-0001") < 100
    assert 80 < width("dress-0001-and-much-more-than-fits") <= 100


@given(caption=st.text(st.characters(codec=None), max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_caption_can_be_drawn(caption: str) -> None:
    sheet = draw_strip(None, [tile(caption=caption)], title=caption)
    assert sheet.shape[1] == draw_strip(None, [tile()]).shape[1]


def test_vietnamese_is_written_with_its_diacritics_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system has no font at all: never as empty boxes, never bare."""
    monkeypatch.setattr("lookseek.render.lettering.FONTS", (BUNDLED_FONT,))
    letters = "aăâeêioôơuưyđ"
    marks = ("", *"\u0300\u0301\u0303\u0309\u0323")
    marked = "".join(unicodedata.normalize("NFC", letter + mark) for letter in letters for mark in marks)
    for text in (VIETNAMESE, marked, "Số lượng: 250.000 ₫ – “đẹp”"):
        text = "".join(c for c in text if not unicodedata.combining(c))
        face = choose_font([text])
        font = load_font(face, 14)
        assert face == BUNDLED_FONT
        assert replace_missing_glyphs(font, text) == text
        assert replace_missing_glyphs(font, text.upper()) == text.upper()
        box = bytes(font.getmask("\U0010fffe"))
        assert not [c for c in text if not c.isspace() and bytes(font.getmask(c)) == box]


def test_diacritics_are_left_out_where_the_font_lacks_them() -> None:
    """Pillow's own font has no Vietnamese letters."""
    assert replace_missing_glyphs(load_font("", 14), "đầm hoa Đỏ, sơ mi 12") == "dam hoa Do, so mi 12"
    assert replace_missing_glyphs(load_font("", 14), "服 x") == "? x"


def test_composed_and_decomposed_letters_look_the_same() -> None:
    sheets = [draw_strip(None, [tile(caption=text)]) for text in ("đầm đỏ", "đâ\u0300m đo\u0309")]
    assert np.array_equal(*sheets)


def test_plain_words_are_written_in_the_same_font_everywhere() -> None:
    assert choose_font(["dress-0001", "red floral dress"]) == ""


def test_one_unknown_letter_does_not_cost_the_others_their_diacritics() -> None:
    assert choose_font([VIETNAMESE, "\U0010fffd"]) == choose_font([VIETNAMESE])


# What was asked in words


def column(sheet: Pixels) -> Pixels:
    """What stands below the query's cell."""
    return sheet[MARGIN + CELL + 24 :, MARGIN : MARGIN + CELL + GAP]


def test_words_stand_where_the_photo_would() -> None:
    sheet = draw_strip(None, [tile()], words=["red dress"])
    assert sheet.shape == draw_strip(plain(), [tile()]).shape
    inside = sheet[MARGIN + 4 : MARGIN + CELL - 4, MARGIN + 4 : MARGIN + CELL - 4]
    dark = np.argwhere(inside.max(axis=2) < 100)
    assert len(dark) > 100
    assert dark[:, 0].mean() == pytest.approx(CELL / 2 - 4, abs=12)
    assert (dark[:, 1] >= 8).all()
    assert edge(sheet[MARGIN : MARGIN + CELL, MARGIN : MARGIN + CELL]) == {(34, 36, 40)}
    assert (column(sheet)[:, : CELL - 1] == 255).all()


def test_a_change_stands_below_its_photo() -> None:
    bare = draw_strip(plain(CELL, CELL), [tile()])
    sheet = draw_strip(plain(CELL, CELL), [tile()], words=["longer", "+ sleeves x 0.5"])
    assert np.array_equal(sheet[MARGIN : MARGIN + CELL], bare[MARGIN : MARGIN + CELL])
    assert (column(bare)[:, : CELL - 1] == 255).all()
    assert column(sheet).min() < 100


def test_many_words_make_room_and_are_cut_in_the_end() -> None:
    heights = [draw_strip(plain(), [tile()], words=["a red dress"] * n).shape[0] for n in (1, 4, 9, 40)]
    assert heights[0] < heights[1] < heights[2] == heights[3]
    tall = draw_strip(plain(), [tile()] * 11, words=["a red dress"] * 4)
    assert tall.shape == draw_strip(plain(), [tile()] * 11).shape


@pytest.mark.parametrize(
    "words", ["w" * 300, VIETNAMESE * 5, "x " * 400, "i" * 100_000, "ア" * 200, "a\nb\tc" * 90, " "]
)
@pytest.mark.parametrize("pixels", [None, plain()])
def test_words_of_any_length_stay_in_their_place(words: str, pixels: Pixels | None) -> None:
    sheet = draw_strip(pixels, [tile()], words=[words])
    if pixels is None:
        rim = sheet[MARGIN + 2 : MARGIN + CELL - 2, MARGIN + 2 : MARGIN + 10]
        assert (rim == (243, 244, 246)).all()
    assert (sheet[:MARGIN] == 255).all()
    assert (sheet[:, : MARGIN - 1] == 255).all()
    assert (sheet[MARGIN + CELL :, MARGIN + CELL + 2 : MARGIN + CELL + GAP - 1] == 255).all()


def test_lines_break_at_blanks_and_inside_a_word_only_where_they_must() -> None:
    assert wrap_text(["a red dress", "+ sleeves"], 14, 10_000, "") == ["a red dress", "+ sleeves"]
    narrow = load_font("", 14).getlength("a redd")
    assert wrap_text(["a redd dress"], 14, int(narrow) + 1, "") == ["a redd", "dress"]
    pieces = wrap_text(["dress" * 9], 14, 60, "")
    assert "".join(pieces) == "dress" * 9
    assert all(load_font("", 14).getlength(piece) <= 60 for piece in pieces)


def test_what_is_asked_is_said_part_by_part() -> None:
    query = Query(
        image=b"x",
        text="in red",
        plus=(Term("long  sleeves", weight=0.5), Term(photo=Path("shop/a.jpg"))),
        minus=(Term("logo"), Term(photo=b"x")),
    )
    assert caption_lines(query) == ["in red", "+ long sleeves x 0.5", "+ a.jpg", "- logo", "- photo"]
    assert caption_lines(Query(like=("a", "b"), unlike=("c",))) == ["like a", "like b", "unlike c"]
    assert caption_lines(Query(image=b"x")) == []


# Stacking


def test_stacked_strips_keep_their_pixels_and_are_padded_with_white() -> None:
    narrow, wide = plain(10, 20), plain(30, 50, (1, 2, 3))
    sheet = stack_strips([narrow, wide])
    assert sheet.shape == (40, 50, 3)
    assert np.array_equal(sheet[:10, :20], narrow)
    assert (sheet[:10, 20:] == 255).all()
    assert np.array_equal(sheet[10:], wide)


def test_nothing_to_stack_is_refused() -> None:
    with pytest.raises(ValueError, match="one or more"):
        stack_strips([])
