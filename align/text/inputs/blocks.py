"""Marked-up text into paragraphs: what ends one, and what white space means.

White space in a source is one space, as in HTML, and nothing at all where a line break stands
between two Chinese or Japanese characters. A set line break (`<br>`) stays one.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

from align.errors import AlignError

BREAK = "\u2028"  # LINE SEPARATOR: a line break that the author set
_BREAKS = re.compile("[\u2028\u2029\x85\x0b\x0c]")
_SPACE = re.compile("[ \t\n\r]+")
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_WIDE_WRAP = re.compile(rf"(?<=[{_WIDE}])[ \t]*\r?\n[ \t]*(?=[{_WIDE}])")

_BLOCK_TAGS = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset
figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol optgroup
option p pre section select summary table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
# Not of the text: code of the page, its title line, reading aids above Chinese characters.
_SKIPPED = frozenset({"head", "title", "script", "style", "template", "svg", "rt", "rp"})


def library(module: str, extra: str, what: str) -> Any:
    """An optional library, imported now. AlignError with the line that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AlignError(
            f"{what} needs {module.partition('.')[0]} ({error}); "
            f"pip install 'parallel-align[{extra}]'"
        ) from None


def unwrap(text: str) -> str:
    """The text without the line breaks between Chinese characters of one line."""
    return _WIDE_WRAP.sub("", text)


class Blocks:
    """Collects the pieces of a document's text; `done` has the finished paragraphs."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._pieces: list[str] = []

    def add(self, text: str) -> None:
        """A piece of the paragraph."""
        self._pieces.append(text)

    def end(self) -> None:
        """The end of the paragraph; nothing happens if it is blank."""
        if self._pieces:
            lines = _BREAKS.split(unwrap("".join(self._pieces)))
            kept = [line for line in (_SPACE.sub(" ", line).strip() for line in lines) if line]
            if kept:
                self.done.append("\n".join(kept))
            self._pieces.clear()


class HtmlReader:
    """Events of lxml's HTML parser into blocks: all text but that of code and head."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._skipped = self._kept = 0  # how many elements of that kind are open

    def start(self, tag: str, _: object) -> None:
        if tag in _SKIPPED:
            self._skipped += 1
        elif tag == "br":
            self._blocks.add(BREAK)
        elif tag in _BLOCKS:
            self._blocks.end()
            self._kept += tag == "pre"

    def end(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped -= 1
        elif tag in _BLOCKS:
            self._blocks.end()
            self._kept -= tag == "pre"

    def data(self, text: str) -> None:
        if not self._skipped:
            self._blocks.add(text.replace("\n", BREAK) if self._kept else text)

    def comment(self, _: str) -> None:
        pass

    def pi(self, *_: str) -> None:
        pass

    def close(self) -> None:
        pass


def read_html(text: str, blocks: Blocks, extra: str, what: str) -> None:
    """Add all text of some HTML or XHTML, whole or a part of it, to the blocks.

    Events, not a tree: neither depth nor length of the page costs text. `extra` and `what` are
    for the message if lxml is missing.
    """
    etree = library("lxml.etree", extra, what)
    parser = etree.HTMLParser(
        target=HtmlReader(blocks), encoding="utf-8", huge_tree=True, no_network=True
    )
    parser.feed(text.encode())
    parser.close()
