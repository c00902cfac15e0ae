"""TMX 1.4b, the exchange format of translation memories (LISA OSCAR, 2005).

A bead is a `tu` with one `tuv` a side. Scores travel as `prop` of the `tu` (x-score,
x-probability, x-probability-lax, x-kind, x-moved), sentence numbers and spans as `prop` of the
`tuv` (x-ids "3,4", x-span "12:57"). Reading takes TMX of any origin and 1.x version: inline
codes (bpt, ept, it, ph, ut) are dropped with their content, the text inside `hi` is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
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
    same,
    text,
)
from align.formats.rows import Header, Row, known, with_languages
from align.version import __version__

UNIT_PROPS = ("score", "probability", "probability_lax", "kind", "moved")
SIDE_PROPS = ("ids", "span")
CODES = frozenset({"bpt", "ept", "it", "ph", "ut"})


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number. Both languages must be known."""
    rows, header = with_languages(rows, header)
    src = language(header.src_lang, "-s/--src-lang")
    tgt = language(header.tgt_lang, "-t/--tgt-lang")
    count = 0
    with writing(path) as out:
        out.write(opening(src, {"signature": header.signature}))
        for count, row in enumerate(rows, 1):
            agree(row, header, count)
            out.write(f'<tu tuid="{count}">\n')
            for name in UNIT_PROPS:
                value = cell(row, name)
                if value is not None and (name != "moved" or row.moved):
                    out.write(prop(name, value))
            for side, lang, fallback in (("src", row.src_lang, src), ("tgt", row.tgt_lang, tgt)):
                code = language(lang, "") if lang else fallback
                cells = {name: cell(row, f"{side}_{name}") for name in SIDE_PROPS}
                out.write(variant(code, known(cell(row, side), count), cells))
            out.write("</tu>\n")
        out.write(CLOSING)
    return count


# the pieces, which a writer of more than two languages shares


def opening(src_lang: str, props: dict[str, str]) -> str:
    """Everything before the first unit. `src_lang` is a BCP-47 tag or "*all*"."""
    attributes = {
        "creationtool": "align",
        "creationtoolversion": __version__,
        "segtype": "sentence",
        "o-tmf": "align",
        "adminlang": "en",
        "srclang": src_lang,
        "datatype": "plaintext",
    }
    listed = " ".join(f"{name}={quoted(value)}" for name, value in attributes.items())
    inside = "".join(prop(name, value) for name, value in props.items() if value)
    return f'{DECLARATION}<tmx version="1.4">\n<header {listed}>\n{inside}</header>\n<body>\n'


CLOSING = "</body>\n</tmx>\n"


def prop(name: str, value: str) -> str:
    """One property line."""
    return f'<prop type="x-{name.replace("_", "-")}">{text(value)}</prop>\n'


def variant(lang: str, segment: str, cells: dict[str, str | None]) -> str:
    """One `tuv`: a BCP-47 tag, the text, and the properties that are known."""
    props = "".join(prop(name, value) for name, value in cells.items() if value is not None)
    return f"<tuv xml:lang={quoted(lang)}>\n{props}<seg>{text(segment)}</seg>\n</tuv>\n"


# reading


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield rows of one language pair.

    `header` picks the languages ("en" also means "en-US"). By default the source is the file's
    srclang (or the first language met) and the target the other one; a unit in a third language
    is then an AlignError. Two variants in one language give two rows. A unit that lacks one
    side gives a row with that side empty.
    """
    want = [header.src_lang, header.tgt_lang]
    given = header.src_lang is not None and header.tgt_lang is not None
    for element, where in elements(path, frozenset({"header", "tu"})):
        if element.tag == "tmx":
            continue
        if element.tag == "header":
            srclang = element.get("srclang", "*all*")
            want[0] = want[0] or (None if srclang.lower() == "*all*" else srclang)
        elif element.tag == "tu":
            yield from _rows(element, want, given, where)
        else:
            raise AlignError(f"{where}: expected <tmx>, got <{element.tag}>")


def _rows(unit: Element, want: list[str | None], given: bool, where: str) -> Iterator[Row]:
    variants = [(lang_of(tuv, where), tuv) for tuv in unit.findall("tuv")]
    for lang, _ in variants:
        if want[0] is None:
            want[0] = lang
        elif want[1] is None and (not same(lang, want[0]) or _all_one(variants)):
            want[1] = lang
    sides: list[list[Element | None]] = [[], []]
    if want[1] is not None and same(want[0] or "", want[1]):  # one language on both sides
        alike = [tuv for lang, tuv in variants if same(lang, want[1] or "")]
        sides = [list(alike[:1]), list(alike[1:])]
    else:
        for lang, tuv in variants:
            if same(lang, want[0] or ""):
                sides[0].append(tuv)
            elif want[1] is not None and same(lang, want[1]):
                sides[1].append(tuv)
            elif not given:
                raise AlignError(
                    f"{where}: a third language, {lang}, besides {want[0]} and {want[1]}; "
                    "choose two with -s and -t"
                )
    if sides[0] or sides[1]:
        for src, tgt in product(sides[0] or [None], sides[1] or [None]):
            yield _row(unit, src, tgt, want, where)


def _all_one(variants: list[tuple[str, Element]]) -> bool:
    return len(variants) > 1 and len({lang.lower() for lang, _ in variants}) == 1


def lang_of(tuv: Element, where: str) -> str:
    lang = tuv.get("xml:lang") or tuv.get("lang")
    if not lang:
        raise AlignError(f"{where}: a <tuv> without xml:lang")
    return lang


def _row(
    unit: Element, src: Element | None, tgt: Element | None, want: list[str | None], where: str
) -> Row:
    cells = _props(unit, "")
    for side, tuv, lang in (("src", src, want[0]), ("tgt", tgt, want[1])):
        cells[side] = ""
        cells[f"{side}_lang"] = lang or ""
        if tuv is not None:
            seg = tuv.find("seg")
            if seg is None:
                raise AlignError(f"{where}: a <tuv> without <seg>")
            cells[side] = content(seg, CODES)
            cells[f"{side}_lang"] = lang_of(tuv, where)
            cells |= _props(tuv, f"{side}_")
    return row_from_cells(cells, where)


def _props(element: Element, prefix: str) -> dict[str, str]:
    names = SIDE_PROPS if prefix else UNIT_PROPS
    found = {}
    for child in element.findall("prop"):
        kind = child.get("type", "")
        name = kind.removeprefix("x-").replace("-", "_")
        if kind.startswith("x-") and name in names:
            found[prefix + name] = content(child)
    return found
