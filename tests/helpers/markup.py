"""A page of HTML as tests read it: strictly."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "input", "source", "br"}


class Html(HTMLParser):
    """A page read strictly: what is opened is closed, in order, and no attribute stands twice."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes what it did not open"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.open[-1] if self.open else "", " ".join(data.split())))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Attributes of the tags of a kind, of those that have these values."""
        return [a for name, a in self.tags if name == tag and all(a.get(k.rstrip("_")) == v for k, v in wanted.items())]

    def said(self, tag: str = "") -> str:
        """The words of the page, or those directly in one kind of tag; styles are none."""
        return " ".join(text for within, text in self.words if within != "style" and tag in ("", within))

    def links(self, label: str) -> list[str]:
        """Addresses of links whose label begins so."""
        return [a["href"] or "" for a in self.all("a") if (a.get("aria-label") or "").startswith(label)]
