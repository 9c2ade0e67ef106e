"""The text of an HTML message, for reading on paper."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset("p div br li tr h1 h2 h3 h4 h5 h6 table ul ol".split())
SILENT = frozenset({"script", "style", "head", "title"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        if tag in BLOCKS:
            self.made.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in SILENT))
        if tag in BLOCKS:
            self.made.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.made.append(data)


def plain(body: str) -> str:
    """The text without its mark-up, a line for each block."""
    if "<" not in body:
        return body.strip()
    reader = _Text()
    reader.feed(body)
    reader.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.made).splitlines())
    return "\n".join(line for line in lines if line)
