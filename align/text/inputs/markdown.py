"""Markdown: CommonMark with tables, footnotes and front matter, by markdown-it-py.

Kept are headings, paragraphs, list items, table cells, footnotes, link texts, inline code and
the text of raw HTML. Left out are code blocks, pictures, link targets, comments, front matter
and the markup itself. A single line break is a space, as in HTML; a hard one stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from align.errors import AlignError
from align.text.inputs.blocks import BREAK, Blocks, library, read_html
from align.text.reading import decode

_NEEDS = ("docs", "Markdown")
_DEPTH = 60  # of blocks inside each other; the parser drops what lies deeper than its limit


def paragraphs(data: bytes, name: str, encoding: str) -> list[str]:
    """The paragraphs of a Markdown file, its headings and list items among them."""
    text = decode(data, name, encoding)
    markdown = library("markdown_it", *_NEEDS)
    front_matter = library("mdit_py_plugins.front_matter", *_NEEDS)
    footnote = library("mdit_py_plugins.footnote", *_NEEDS)
    parser = markdown.MarkdownIt("commonmark", {"maxNesting": _DEPTH})
    parser.enable(["table", "strikethrough"])
    parser.use(front_matter.front_matter_plugin).use(footnote.footnote_plugin)
    blocks = Blocks()
    for token in parser.parse(text):
        if token.level >= _DEPTH - 1:
            line = token.map[0] + 1 if token.map else 1
            raise AlignError(
                f"{name}:{line}: lists or quotations nested {token.level // 2} deep or more; "
                "this is no Markdown, or give it a .txt name"
            )
        if token.type == "inline":
            _inline(token.children or (), blocks)
            blocks.end()
        elif token.type == "html_block":
            read_html(token.content, blocks, *_NEEDS)
            blocks.end()
    return blocks.done


def _inline(tokens: Sequence[Any], blocks: Blocks) -> None:
    """Add the text inside one paragraph to the blocks."""
    for token in tokens:
        if token.type in ("text", "code_inline"):
            blocks.add(token.content)
        elif token.type == "softbreak":
            blocks.add("\n")
        elif token.type == "hardbreak" or token.content.lower().startswith("<br"):
            blocks.add(BREAK)
