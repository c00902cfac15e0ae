"""XLIFF 2.0 (OASIS, 2014): a bead is a `unit` with one `segment`.

Scores, sentence numbers and spans travel in the standard metadata module (category "align").
Reading takes XLIFF 2.x of any origin: the text inside `pc` and `mrk` is kept, other inline
codes are dropped, `cp` gives back its character, and each `segment` is a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from xml.etree.ElementTree import Element

from align.errors import AlignError
from align.formats.cells import cell, row_from_cells
from align.formats.files import writing
from align.formats.markup import (
    DECLARATION,
    agree,
    content,
    elements,
    language,
    quoted,
    text,
)
from align.formats.rows import COLUMNS, Header, Row, known, with_languages

_CORE = "urn:oasis:names:tc:xliff:document:2.0"
_META = "urn:oasis:names:tc:xliff:metadata:2.0"
_FACTS = tuple(name for name in COLUMNS if name not in ("src", "tgt", "src_lang", "tgt_lang"))


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number. Both languages must be known."""
    rows, header = with_languages(rows, header)
    src = language(header.src_lang, "-s/--src-lang")
    tgt = language(header.tgt_lang, "-t/--tgt-lang")
    first = next(rows, None)
    if first is None:  # the schema asks for one at least
        raise AlignError(f"{path}: there are no pairs to write, and XLIFF cannot be empty")
    count = 0
    with writing(path) as out:
        out.write(
            f'{DECLARATION}<xliff xmlns="{_CORE}" xmlns:mda="{_META}" version="2.0" '
            f"srcLang={quoted(src)} trgLang={quoted(tgt)}>\n"
            f'<file id="f1"{_original(header.src_name)} xml:space="preserve">\n'
        )
        if header.signature:
            out.write(
                f'<notes><note category="signature">{text(header.signature)}</note></notes>\n'
            )
        for count, row in enumerate(chain([first], rows), 1):
            agree(row, header, count)
            facts = _metadata(row)
            source, target = known(row.src, count), known(row.tgt, count)
            out.write(
                f'<unit id="u{count}">\n{facts}<segment>\n<source>{text(source)}</source>\n'
                f"<target>{text(target)}</target>\n</segment>\n</unit>\n"
            )
        out.write("</file>\n</xliff>\n")
    return count


def _original(name: str) -> str:
    return f" original={quoted(name)}" if name else ""


def _metadata(row: Row) -> str:
    values = ((name, cell(row, name)) for name in _FACTS if name != "moved" or row.moved)
    metas = "".join(
        f'<mda:meta type="{name}">{text(value)}</mda:meta>'
        for name, value in values
        if value is not None
    )
    if not metas:
        return ""
    group = f'<mda:metaGroup category="align">{metas}</mda:metaGroup>'
    return f"<mda:metadata>{group}</mda:metadata>\n"


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield a row for each segment; a missing target is an empty one."""
    src_lang = tgt_lang = ""
    for element, where in elements(path, frozenset({"unit"})):
        if element.tag == "unit":
            facts = _facts(element)
            for segment in element.findall("segment"):
                source, target = segment.find("source"), segment.find("target")
                if source is None:
                    raise AlignError(f"{where}: a <segment> without <source>")
                facts["src"] = _text(source, where)
                facts["tgt"] = "" if target is None else _text(target, where)
                facts["src_lang"], facts["tgt_lang"] = src_lang, tgt_lang
                yield row_from_cells(facts, where)
            continue
        version = element.get("version", "")
        if element.tag != "xliff" or not version.startswith("2."):
            raise AlignError(f"{where}: expected <xliff> 2.x, got <{element.tag}> {version}")
        src_lang, tgt_lang = element.get("srcLang", ""), element.get("trgLang", "")


def _facts(unit: Element) -> dict[str, str]:
    return {
        meta.get("type", ""): content(meta)
        for group in unit.iterfind("metadata/metaGroup")
        if group.get("category") == "align"
        for meta in group.iterfind("meta")
        if meta.get("type") in _FACTS
    }


def _text(element: Element, where: str) -> str:
    for cp in element.iter("cp"):
        try:
            cp.text = chr(int(cp.get("hex", ""), 16))
        except (ValueError, OverflowError):
            raise AlignError(f"{where}: <cp> without a valid hex code") from None
    return content(element)
