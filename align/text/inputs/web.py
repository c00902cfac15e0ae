"""Saved web pages: the article without menus, banners and footers, by trafilatura.

Barbaresi, "Trafilatura: A Web Scraping Library and Command-Line Tool for Text Discovery and
Extraction", ACL 2021 demonstrations. Decoding and parsing are done here: strictly, so that
nothing is guessed or lost before the extraction begins.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

from align.errors import AlignError
from align.text.inputs.blocks import BREAK, Blocks, library, unwrap
from align.text.reading import codec_of, decode, signature

_NEEDS = ("web", "a web page")
_TAG = re.compile(r"<[A-Za-z!?]")
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,80}?encoding\s*=\s*["']([\w.:-]+)|<meta[^>]{0,400}?charset\s*=\s*["']?([\w.:-]+)""",
    re.IGNORECASE,
)
_HEAD = 4096  # bytes in which a page names its encoding
# What browsers read for these names, https://encoding.spec.whatwg.org/#names-and-labels
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
_BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Below this many characters trafilatura distrusts its own result; Chinese needs fewer.
_ENOUGH, _ENOUGH_HAN = 250, 50
_HAN = re.compile(r"[\u4e00-\u9fff]")
_BLOCK = frozenset({"head", "p", "list", "item", "quote", "table", "row", "cell", "code", "body"})


def decode_page(data: bytes, name: str, encoding: str) -> str:
    """A page as text: in `encoding` unless that is UTF-8; else in UTF-8 or what the page names."""
    if found := signature(data):
        raise AlignError(f"{name}: {found[0]}, not a web page; {found[1]}")
    bom = next((value for mark, value in _BOMS.items() if data.startswith(mark)), None)
    if codec_of(encoding) != "utf-8":
        return decode(data, name, encoding)
    if bom:
        return decode(data, name, bom)
    try:
        data.decode()
    except UnicodeDecodeError:
        return decode(data, name, _declared(data) or encoding)
    return decode(data, name)


def _declared(data: bytes) -> str | None:
    """The encoding that a page names in its head, if Python knows it."""
    match = _DECLARED.search(data[:_HEAD])
    if match is None:
        return None
    label = (match.group(1) or match.group(2)).decode("ascii", "replace")
    try:
        codec = codec_of(label)
    except AlignError:
        return None
    return _READ_AS.get(codec, codec)


def paragraphs(data: bytes, name: str, encoding: str) -> list[str]:
    """The paragraphs of the article in a page, its headings and list items among them."""
    text = unwrap(decode_page(data, name, encoding))
    if not _TAG.search(text):
        raise AlignError(f"{name}: no HTML in it; if it is plain text, give it a .txt name")
    trafilatura = library("trafilatura", *_NEEDS)
    settings = library("trafilatura.settings", *_NEEDS)
    blocks = Blocks()
    title = ""
    tree = _tree(text, name)
    if tree is not None:
        title = _main_heading(tree)
        config = settings.use_config()
        config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(_ENOUGH_HAN if _is_han(tree) else _ENOUGH))
        found = trafilatura.bare_extraction(
            tree, include_comments=False, include_formatting=False, config=config
        )
        if found is not None:
            _add(found.body, blocks)
    if not blocks.done:
        raise AlignError(
            f"{name}: no article found in this page; copy its text into a .txt file instead"
        )
    if title and title not in (" ".join(block.split()) for block in blocks.done):
        blocks.done.insert(0, title)
    return blocks.done


def _tree(text: str, name: str) -> Any:
    """The page as a tree of lxml, None if there is nothing in it."""
    html = library("lxml.html", *_NEEDS)
    etree = library("lxml.etree", *_NEEDS)
    parser = html.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError:  # nothing but comments
        return None
    for error in parser.error_log:
        if error.type_name == "ERR_RESOURCE_LIMIT":
            raise AlignError(
                f"{name}:{error.line}: {error.message.partition(',')[0]}; "
                "copy its text into a .txt file instead"
            )
    return tree


def _main_heading(tree: Any) -> str:
    """The <h1> that the page's title holds too; the extraction loses it if it stands apart."""
    titles = [_plain(title) for title in tree.iter("title")]
    titles += [meta.get("content", "") for meta in tree.iter("meta")]
    headings = [_plain(heading) for heading in tree.iter("h1")]
    named = [text for text in headings if any(text in title for title in titles)]
    return max(named, key=len, default="")


def _plain(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _is_han(tree: Any) -> bool:
    """Whether the paragraphs of a page are Chinese or Japanese for the most part."""
    text = "".join("".join(element.itertext()) for element in tree.iter("p"))
    return 3 * len(_HAN.findall(text)) > len(text)


def _add(body: Any, blocks: Blocks) -> None:
    """Add trafilatura's tree to the blocks; its line breaks are those of <br> and <pre>."""
    etree = library("lxml.etree", *_NEEDS)
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if element.tag in _BLOCK:
            blocks.end()
        if event == "start":
            if element.tag == "lb":
                blocks.add(BREAK)
            text = element.text
        else:
            text = element.tail
        blocks.add((text or "").replace("\n", BREAK))
    blocks.end()
