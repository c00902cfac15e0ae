"""EPUB books: the XHTML files of the spine, in its order (EPUB 3.3, W3C; EPUB 2, OPF 2.0.1).

Standard library and lxml only: the one well-known EPUB library is under the AGPL. The table of
contents is left out, since its lines come again as headings; pictures have no text.
"""

from __future__ import annotations

import logging
import posixpath
import re
from html import escape
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from align.errors import AlignError
from align.text.inputs.archive import Archive
from align.text.inputs.blocks import Blocks, read_html
from align.text.inputs.web import decode_page

log = logging.getLogger("align")

_NEEDS = ("docs", "an EPUB book")
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def paragraphs(data: bytes, name: str, encoding: str) -> list[str]:
    """The paragraphs of a book in reading order, its headings and list items among them."""
    archive = Archive(data, name, "an EPUB book")
    if _CONTAINER not in archive.names:
        raise AlignError(f"{name}: a zip archive, but not an EPUB book: no {_CONTAINER} in it")
    blocks = Blocks()
    secret = _encrypted(archive)
    for part in _spine(archive):
        if part in secret:
            raise AlignError(
                f"{name}: {part} is encrypted (copy protection); it cannot be read without its key"
            )
        text = decode_page(archive.read(part), f"{name}: {part}", "utf-8")
        if "<!ENTITY" in text:
            raise AlignError(f"{name}: {part}: an entity declaration is refused")
        # CDATA is XML's; the parser reads HTML, where names like &nbsp; need no declaration
        text = _CDATA.sub(lambda match: escape(match.group(1)), text)
        read_html(text, blocks, *_NEEDS)
        blocks.end()
    return blocks.done


def _spine(archive: Archive) -> list[str]:
    """The parts that make the text, in reading order."""
    roots = [root.get("full-path", "") for root in archive.xml(_CONTAINER).iter("rootfile")]
    if not roots:
        raise archive.damaged(f"{_CONTAINER} names no package")
    package = archive.xml(roots[0])
    items = {item.get("id"): item for item in package.iter("item")}
    found = []
    for reference in package.iter("itemref"):
        item = items.get(reference.get("idref"))
        if item is None:
            raise archive.damaged(f"{roots[0]} has no item {reference.get('idref')!r}")
        if item.get("media-type") not in _PAGES:
            log.info("%s: %s is no text, left out", archive.name, item.get("href"))
        elif not _is_contents(item):
            found.append(_resolve(roots[0], item.get("href", "")))
    return found


def _is_contents(item: Element) -> bool:
    return "nav" in item.get("properties", "").split()


def _resolve(base: str, href: str) -> str:
    """The name of a part that another one refers to."""
    path = unquote(href.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))


def _encrypted(archive: Archive) -> frozenset[str]:
    """The parts that only a key opens (fonts are often among them, which does no harm)."""
    if _ENCRYPTION not in archive.names:
        return frozenset()
    references = archive.xml(_ENCRYPTION).iter("CipherReference")
    return frozenset(unquote(reference.get("URI", "")) for reference in references)
