"""What the page shows of an item: its name, brand, price, a link that is safe, and a few other attributes."""

from __future__ import annotations

import pytest

from lookseek.results import Hit
from lookseek.serve.page.cards import to_cards
from lookseek.serve.page.description import describe
from lookseek.serve.page.language import load_texts
from lookseek.serve.page.state import State
from lookseek.types import Role

ROLES: dict[Role, str] = {"product": "Handle", "title": "prod_name", "price": "Giá", "link": "page", "brand": "Vendor"}
ITEM = {
    "Handle": "dress-9",
    "prod_name": "Lace dress",
    "Giá": 1299000.0,
    "Giá_currency": "VND",
    "page": "https://shop.example/dress-9?a=1&b=2",
    "Vendor": "Acme",
    "colour": "red",
    "sizes": ("S", "M"),
}


def test_roles_say_what_an_attribute_is() -> None:
    found = describe(ITEM, ROLES, load_texts("en"))
    assert (found.title, found.brand, found.price) == ("Lace dress", "Acme", "1,299,000 VND")
    assert found.link == "https://shop.example/dress-9?a=1&b=2"
    assert found.details == ("red", "S, M")
    assert describe(ITEM, ROLES, load_texts("vi")).price == "1.299.000 VND"
    assert describe({**ITEM, "Giá": 49.9}, ROLES, load_texts("en")).price == "49.90 VND"
    assert describe({**ITEM, "Giá": "Liên hệ"}, ROLES, load_texts("en")).price == "Liên hệ"


def test_what_an_item_lacks_is_empty() -> None:
    found = describe({"category": "dress", "year": 2020}, ROLES, load_texts("en"))
    assert (found.title, found.brand, found.price, found.link) == ("dress", "", "", "")
    assert found.details == ("Year 2,020",)
    without = describe({"Title": "A dress", "price": 5, "new": True}, {}, load_texts("en"))
    assert (without.title, without.price, without.details) == ("A dress", "", ("Price 5", "New"))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "//shop.example/a",
        "shop.example/a",
        "https://",
        "https://[a",
        "https://shop.example/a b",
        "https://shop.example/\x00",
        "ftp://shop.example/a",
        3,
        ("https://a.example", "https://b.example"),
    ],
)
def test_no_other_links_are_shown(link: str | int | tuple[str, ...]) -> None:
    assert describe({"page": link}, ROLES, load_texts("en")).link == ""


def test_a_card_has_all_of_it() -> None:
    hit = Hit("a.jpg", 0.5, 1, ITEM, {"look": 0.5}, product="dress-9", photos=("b.jpg", "c.jpg"))
    (card,) = to_cards([hit], State(text="red"), load_texts("en"), ROLES)
    assert (card.title, card.brand, card.price, card.photos) == ("Lace dress", "Acme", "1,299,000 VND", 2)
    assert card.link.startswith("https://shop.example/")
    (plain,) = to_cards([hit], State(text="red"), load_texts("en"))
    assert (plain.title, plain.link) == ("a", "")  # the file's name, where nothing names it
