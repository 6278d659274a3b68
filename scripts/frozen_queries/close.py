"""Queries of ``closeness``: photos and words of what a shop has, and of what it lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from frozen_queries.shop import MOST, Row, Shop, some_of
from lookseek.evaluate.benchmarks import closeness, myntra_fine
from lookseek.train.words.lexicon import strip_diacritics

ABSENT_TYPES = ("Watches", "Sunglasses", "Belts", "Socks", "Ties", "Sarees", "Umbrellas", "Caps")
"""Types that are taken out of the gallery of ``closeness``: none is nearly another that stays."""

ABSENT_THINGS = (
    ("washing machine", "máy giặt"), ("acoustic guitar", "đàn ghi ta"), ("mountain bike", "xe đạp leo núi"),
    ("laptop computer", "máy tính xách tay"), ("pepperoni pizza", "bánh pizza"), ("car tyre", "lốp xe ô tô"),
    ("leather sofa", "ghế sô pha"), ("fridge", "tủ lạnh"), ("lawn mower", "máy cắt cỏ"),
    ("dog food", "thức ăn cho chó"), ("birthday cake", "bánh sinh nhật"), ("electric drill", "máy khoan điện"),
    ("coffee table", "bàn cà phê"), ("goldfish bowl", "bể cá vàng"), ("tomato seeds", "hạt giống cà chua"),
    ("bag of cement", "bao xi măng"), ("cordless phone", "điện thoại bàn"), ("office chair", "ghế văn phòng"),
    ("ceiling fan", "quạt trần"), ("frying pan", "chảo chiên"), ("teddy bear", "gấu bông"),
    ("wall clock", "đồng hồ treo tường"), ("mattress", "nệm cao su"), ("fishing rod", "cần câu cá"),
    ("violin", "đàn vi ô lông"), ("ice cream", "kem que"), ("garden hose", "ống nước tưới cây"),
    ("rice cooker", "nồi cơm"), ("motorbike helmet", "mũ bảo hiểm"), ("astronaut suit", "bộ đồ phi hành gia"),
    ("scuba diving suit", "đồ lặn biển"), ("horse saddle", "yên ngựa"), ("baby stroller", "xe đẩy em bé"),
    ("ice skates", "giày trượt băng"), ("xyzzy", "xyzzy"), ("qwertz uiop", "asdf ghjk"),
    ("lorem ipsum dolor", "abc xyz mnp"), ("income tax form", "tờ khai thuế"), ("steel bridge", "cầu thép"),
    ("mountain lake at dawn", "hồ trên núi lúc bình minh"),
)  # fmt: skip
"""Things that no clothes shop has, in English and Vietnamese; an index's threshold is measured with other words."""


def close(shop: Shop) -> Iterator[Row]:
    """Absent and present words and photos; blank pictures are the benchmark's own."""
    gone = [kind for kind in ABSENT_TYPES if kind in shop.rows]
    stay = [kind for kind, rows in shop.rows.items() if kind not in gone and len(rows) >= myntra_fine.LEAST]
    yield from ((closeness.ABSENT_TYPE, kind, "", "", "") for kind in gone)
    for kind in gone:
        yield (
            "absent-words",
            kind,
            shop.noun(kind, "en"),
            shop.noun(kind, "vi"),
            strip_diacritics(shop.noun(kind, "vi")),
        )
    yield from (
        ("absent-words", f"nothing-{n}", en, vi, strip_diacritics(vi)) for n, (en, vi) in enumerate(ABSENT_THINGS)
    )
    said: list[Row] = []
    for kind in stay:
        nouns = shop.noun(kind, "en"), shop.noun(kind, "vi")
        said.append(("present-words", kind, *nouns, strip_diacritics(nouns[1])))
        counts = Counter(shop.items[row].base_colour for row in shop.rows[kind])
        for colour in sorted(colour for colour, count in counts.items() if count >= myntra_fine.LEAST):
            shades = [shop.lexicon.words("baseColour", colour, language)[:1] for language in ("en", "vi")]
            if all(shades):
                words = f"{shades[0][0]} {nouns[0]}", f"{nouns[1]} {shades[1][0]}"
                said.append(("present-words", f"{kind}/{colour}", *words, strip_diacritics(words[1])))
    yield from some_of(said, MOST)
    for name, kinds in (("absent-photo", gone), ("present-photo", stay)):
        rows = [(name, shop.items[row].id, "", "", "") for kind in kinds for row in shop.rows[kind]]
        yield from some_of(rows, MOST)
    yield from (("blank", name, "", "", "") for name in closeness.blanks())
