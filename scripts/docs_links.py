"""A hook of mkdocs: links to files outside docs/ lead to the repository, where the same pages are read too."""

from __future__ import annotations

import posixpath
import re
from typing import Any

LINK = re.compile(r"(\]\()((?:\.\./)+[^)\s#]+)(#[^)\s]*)?(\))")
"""A link that climbs: text, target, anchor."""


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Return a page whose links out of docs/ are addresses of the repository."""
    folder = posixpath.dirname(page.file.src_uri)

    def address(link: re.Match[str]) -> str:
        begin, target, anchor, end = link.groups()
        path = posixpath.normpath(posixpath.join("docs", folder, target))
        if path.startswith("docs/"):
            return link[0]
        return f"{begin}{config['repo_url']}/blob/main/{path}{anchor or ''}{end}"

    return LINK.sub(address, markdown)
