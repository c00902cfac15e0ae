"""XML, written as strings and read safely in constant memory (expat).

Writing: what XML 1.0 forbids (control characters, U+FFFE, U+FFFF, lone surrogates) is removed,
the rest escaped so that every reader gets the same text back. Reading: no entity but the five
of XML is accepted, nothing outside the file is opened, and errors name file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from align.errors import AlignError
from align.formats.files import reading
from align.formats.rows import Header, Row

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# everything outside the Char production, https://www.w3.org/TR/xml/#NT-Char
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# a bare CR would come back as LF, so it travels as a reference
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_QUOTED = _TEXT | str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;"})
_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_CHUNK = 1 << 16
_DEPTH = 100  # of elements inside each other; real files stay below ten


# writing


def allowed(text: str) -> str:
    """The text without the characters XML 1.0 forbids."""
    return _FORBIDDEN.sub("", text)


def text(value: str) -> str:
    """A value as element content."""
    return allowed(value).translate(_TEXT)


def quoted(value: str) -> str:
    """A value as an attribute, with its quotes."""
    return f'"{allowed(value).translate(_QUOTED)}"'


@lru_cache(maxsize=256)
def language(code: str | None, option: str) -> str:
    """A BCP-47 tag in its usual capitals: zh_hans -> zh-Hans. AlignError without a valid code."""
    if code is None:
        raise AlignError(f"this format names its languages and one is unknown; give {option}")
    parts = code.replace("_", "-").split("-")
    if not _TAG.fullmatch("-".join(parts)):
        raise AlignError(f"{code!r} is no BCP-47 language code (en, de-CH, zh-Hans); give {option}")
    tail = [
        part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part.lower()
        for part in parts[1:]
    ]
    return "-".join([parts[0].lower(), *tail])


@lru_cache(maxsize=1024)
def same(lang: str, wanted: str) -> bool:
    """True when one code is the other or a regional or script form of it."""
    lang, wanted = (code.lower().replace("_", "-") for code in (lang, wanted))
    return lang == wanted or lang.startswith(wanted + "-") or wanted.startswith(lang + "-")


def agree(row: Row, header: Header, number: int) -> None:
    """Refuse a row in another language than its file's."""
    for have, lang in ((row.src_lang, header.src_lang), (row.tgt_lang, header.tgt_lang)):
        if have and lang and not same(have, lang):
            raise AlignError(
                f"row {number}: its language is {have}, the file's is {lang}; "
                "such a file holds one language pair"
            )


# reading


def elements(path: str, wanted: frozenset[str]) -> Iterator[tuple[Element, str]]:
    """Yield (element, "file:line") for the root, without content, then for each wanted element.

    Names come without namespace prefixes, except the attribute `xml:lang` and its kin. Wanted
    elements inside a wanted one are part of it.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    sink = _Sink(path, wanted, parser)
    with reading(path) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                parser.Parse(chunk, not chunk)
            except expat.ExpatError as error:
                reason = expat.ErrorString(error.code)
                raise AlignError(
                    f"{path}:{error.lineno}: not well-formed XML ({reason}); "
                    "the file is damaged, cut short or of another kind"
                ) from None
            except (LookupError, ValueError) as error:
                if isinstance(error, AlignError):
                    raise
                raise AlignError(f"{path}: unknown XML encoding ({error})") from None
            yield from sink.done
            sink.done.clear()
            if not chunk:
                return


class _Sink:
    """expat's handlers: build the wanted elements, refuse everything dangerous."""

    def __init__(self, path: str, wanted: frozenset[str], parser: XMLParserType) -> None:
        self.path, self.wanted, self.parser = path, wanted, parser
        self.done: list[tuple[Element, str]] = []
        self.depth = 0
        self.top = 0  # depth of the wanted element that is being built, 0 outside
        self.where = ""
        self.builder = TreeBuilder()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.EntityDeclHandler = partial(self.refuse, "an entity declaration")
        parser.ExternalEntityRefHandler = partial(self.refuse, "an external entity")
        parser.SkippedEntityHandler = partial(self.refuse, "an undeclared entity")

    def here(self) -> str:
        return f"{self.path}:{self.parser.CurrentLineNumber}"

    def refuse(self, what: str, *_: object) -> int:
        raise AlignError(f"{self.here()}: {what} is refused; only &amp; &lt; &gt; &quot; &apos;")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise AlignError(f"{self.here()}: more than {_DEPTH} elements inside each other")
        tag = tag.rpartition(":")[2]
        if self.depth == 1:
            self.done.append((Element(tag, attributes), self.here()))
        if not self.top and tag in self.wanted:
            self.top, self.where = self.depth, self.here()
            self.builder = TreeBuilder()
            self.parser.CharacterDataHandler = self.builder.data
        if self.top:
            self.builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        if self.top:
            self.builder.end(tag.rpartition(":")[2])
            if self.depth == self.top:
                self.done.append((self.builder.close(), self.where))
                self.top = 0
                self.parser.CharacterDataHandler = None
        self.depth -= 1


def content(element: Element, code: frozenset[str] = frozenset()) -> str:
    """The text of an element without that of the inline elements in `code`."""
    if not len(element):
        return element.text or ""
    parts = [element.text or ""]
    for child in element:
        if child.tag not in code:
            parts.append(content(child, code))
        parts.append(child.tail or "")
    return "".join(parts)
