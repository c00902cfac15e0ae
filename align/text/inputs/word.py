"""Word documents (.docx): every paragraph of body, tables, text boxes and notes, by python-docx.

All text counts but what tracked changes deleted or moved away. The text is taken from the XML
that python-docx opens and not from its `Paragraph.text`, which passes over inserted text,
content controls, text boxes and notes (ECMA-376 part 1, chapter 17).
"""

from __future__ import annotations

import io
import re
from typing import Any

from align.errors import AlignError
from align.text.inputs.archive import Archive
from align.text.inputs.blocks import BREAK, Blocks, library

_NEEDS = ("docs", "a Word document")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_PARAGRAPH = _W + "p"
_TEXT = frozenset({_W + "t", _M + "t"})
_SIGNS = {
    _W + "br": BREAK,
    _W + "cr": BREAK,
    _W + "tab": "\t",
    _W + "noBreakHyphen": "-",
    _W + "ptab": "\t",
}
# Deleted and moved away; the second form of a text box; the reading aid of a character; the
# properties, where <tab> is the place of a tab stop.
_SKIPPED = frozenset(
    {_W + "del", _W + "moveFrom", _MC + "Fallback", _W + "rt", _W + "pPr", _W + "rPr"}
)
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)")


def paragraphs(data: bytes, name: str, encoding: str) -> list[str]:
    """The paragraphs of a Word document in order, those of notes at the end."""
    _check(Archive(data, name, "a Word document"))
    docx = library("docx", *_NEEDS)
    try:
        document = docx.Document(io.BytesIO(data))
        roots = [document.element.body]
        for relation in document.part.rels.values():
            if relation.reltype.rpartition("/")[2] in ("footnotes", "endnotes"):
                roots.append(docx.oxml.parse_xml(relation.target_part.blob))
    except Exception as error:  # python-docx lets errors of any class through
        raise AlignError(
            f"{name}: damaged or not an ordinary .docx ({type(error).__name__}: {error}); "
            "open it in a word processor and save it as .docx again"
        ) from None
    etree = library("lxml.etree", *_NEEDS)
    found: list[str] = []
    for root in roots:
        if root is not None:
            found += _paragraphs(root, etree)
    return found


def _check(archive: Archive) -> None:
    """Refuse an archive that is too large, or declares entities, which no .docx may."""
    archive.check_whole()  # python-docx will read pictures too
    for part in archive.names:
        data = archive.read(part) if part.endswith((".xml", ".rels")) else b""
        if _DOCTYPE.search(data.replace(b"\0", b"")):  # without its zeros UTF-16 is ASCII
            raise AlignError(
                f"{archive.name}: {part} has a document type declaration, which a Word document "
                "may not have; it is refused"
            )
    if "word/document.xml" not in archive.names and "[Content_Types].xml" not in archive.names:
        raise AlignError(f"{archive.name}: a zip archive, but not a Word document")


def _paragraphs(root: Any, etree: Any) -> list[str]:
    """The paragraphs below an element; one inside another (a text box) follows it."""
    places: list[list[str]] = []  # the pieces of each paragraph, in order of their beginnings
    inside: list[list[str]] = []  # of the paragraphs that are open
    joined: list[str] | None = None  # the paragraph goes on: its end was deleted
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "end":
            if tag == _PARAGRAPH and inside:
                pieces = inside.pop()
                joined = pieces if _end_is_deleted(element) else None
        elif tag in _SKIPPED:
            walk.skip_subtree()
        elif tag == _PARAGRAPH:
            if joined is None:
                places.append([])
            inside.append(places[-1] if joined is None else joined)
            joined = None
        elif inside:
            inside[-1].append((element.text or "") if tag in _TEXT else _SIGNS.get(tag, ""))
    blocks = Blocks()
    for pieces in places:
        blocks.add("".join(pieces))
        blocks.end()
    return blocks.done


def _end_is_deleted(paragraph: Any) -> bool:
    """Whether a tracked change joins the paragraph with the next one."""
    return paragraph.find(f"{_W}pPr/{_W}rPr/{_W}del") is not None
