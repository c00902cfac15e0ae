"""Tables of several versions: a row is what corresponds, a cell for each language.

TSV has a first line with the codes of the languages and "probability". JSONL has an object a row:
"text", "ids" and "span" by language, the probability, and whether the row moved. TMX has a `tu` a
row and a `tuv` for each cell with text; x-langs in its header names all languages. What `tsv`,
`jsonl` and `tmx` say of text and safety holds here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from xml.etree.ElementTree import Element

from align.errors import AlignError
from align.formats import format_of, jsonl, tmx, tsv
from align.formats.cells import finite, ids, number
from align.formats.files import STREAM, lines, writing
from align.formats.markup import content, elements, language
from align.formats.rows import Row
from align.versions import MultiAlignment

WIDE = ("tsv", "jsonl", "tmx")
_PROBABILITY = "probability"
_CODE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
Ids = tuple[int, ...]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WideRow:
    """A row of a table: a cell for each language; None where the file does not tell."""

    texts: tuple[str, ...]
    ids: tuple[Ids | None, ...]
    spans: tuple[Span | None, ...]
    probability: float | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class WideHeader:
    """What such a file says once."""

    langs: tuple[str, ...]
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Wide:
    """A file that was opened: its header, and its rows to come."""

    header: WideHeader
    rows: Iterator[WideRow]


# from an alignment


def wide_header_of(alignment: MultiAlignment) -> WideHeader:
    """The header of an alignment of several versions."""
    return WideHeader(alignment.langs, alignment.signature)


def wide_rows_of(
    alignment: MultiAlignment, min_versions: int = 1, min_probability: float | None = None
) -> Iterator[WideRow]:
    """The rows of an alignment that are in enough versions and probable enough."""
    for row in alignment.rows:
        likely = min_probability is None or (row.probability or 0.0) >= min_probability
        if likely and row.versions >= min_versions:
            numbers = tuple(tuple(map(int, part)) for part in row.ids)
            yield WideRow(row.texts, numbers, row.spans, row.probability, row.moved)


# writing


def wide_format(path: str, name: str | None = None) -> str:
    """The format for such a table; AlignError for one that holds two languages only."""
    form = format_of(path, name).name
    if form not in WIDE:
        raise AlignError(
            f"{form} holds two languages; several go into {', '.join(WIDE)} "
            "(or convert two of them: align convert ALL.jsonl PAIR.xliff -s en -t de)"
        )
    return form


def write_wide(
    path: str, rows: Iterable[WideRow], header: WideHeader, format: str | None = None
) -> int:
    """Write rows as they come and return their number; the file appears whole or not at all."""
    write = {"tsv": _to_tsv, "jsonl": _to_jsonl, "tmx": _to_tmx}[wide_format(path, format)]
    return write(path, rows, header)


def _to_tsv(path: str, rows: Iterable[WideRow], header: WideHeader) -> int:
    count = 0
    with writing(path) as out:
        out.write("\t".join((*header.langs, _PROBABILITY)) + "\n")
        for row in rows:
            count += 1
            last = "" if row.probability is None else number(row.probability)
            cells = (tsv.clean(text) for text in row.texts)
            out.write("\t".join((*cells, last)) + "\n")
    return count


def _to_jsonl(path: str, rows: Iterable[WideRow], header: WideHeader) -> int:
    count = 0
    with writing(path) as out:
        for row in rows:
            count += 1
            record: dict[str, Any] = {"text": dict(zip(header.langs, row.texts, strict=True))}
            for name, cells in (("ids", row.ids), ("span", row.spans)):
                known = zip(header.langs, cells, strict=True)
                record[name] = {lang: cell for lang, cell in known if cell}
            p = row.probability
            record[_PROBABILITY] = None if p is None else round(float(p), 6) + 0.0
            record["moved"] = row.moved
            out.write(jsonl.dumped(record) + "\n")
    return count


def _to_tmx(path: str, rows: Iterable[WideRow], header: WideHeader) -> int:
    codes = [language(lang, "--langs") for lang in header.langs]
    count = 0
    with writing(path) as out:
        props = {"langs": " ".join(codes), "signature": header.signature}
        out.write(tmx.opening("*all*", props))
        for row in rows:
            if not any(row.texts) and not any(row.ids):
                continue  # a unit without a language is no TMX
            count += 1
            out.write(f'<tu tuid="{count}">\n')
            if row.probability is not None:
                out.write(tmx.prop(_PROBABILITY, number(row.probability)))
            if row.moved:
                out.write(tmx.prop("moved", "1"))
            for code, text, numbers, span in zip(codes, row.texts, row.ids, row.spans, strict=True):
                if text or numbers:
                    cells = {
                        "ids": None if numbers is None else ",".join(map(str, numbers)),
                        "span": None if span is None else f"{span[0]}:{span[1]}",
                    }
                    out.write(tmx.variant(code, text, cells))
            out.write("</tu>\n")
        out.write(tmx.CLOSING)
    return count


# reading


def open_wide(path: str, format: str | None = None, encoding: str = "utf-8") -> Wide | None:
    """The table in a file; None if it holds beads of two languages, or is a stream."""
    form = format_of(path, format).name
    if form not in WIDE or path == STREAM:
        return None
    if form == "tmx":
        return _from_tmx(path)
    numbered = ((n, line) for n, line in lines(path, encoding))
    return (_from_tsv if form == "tsv" else _from_jsonl)(path, numbered)


def _from_tsv(path: str, numbered: Iterator[tuple[int, str]]) -> Wide | None:
    cells = next(numbered, (1, ""))[1].split("\t")
    langs = tuple(cells[:-1])
    if cells[-1] != _PROBABILITY or len(langs) < 2 or not all(map(_CODE.fullmatch, langs)):
        return None
    if tsv.has_titles(cells):
        return None
    if len(set(langs)) < len(langs):
        raise AlignError(f"{path}:1: a language stands there twice: {' '.join(langs)}")

    def rows() -> Iterator[WideRow]:
        nothing = (None,) * len(langs)
        for n, line in numbered:
            where, parts = f"{path}:{n}", line.split("\t")
            if len(parts) != len(cells):
                raise AlignError(
                    f"{where}: expected {len(cells)} columns ({' '.join(cells)}), got {len(parts)}"
                )
            chance = finite(parts[-1], f"{where}: {_PROBABILITY}") if parts[-1].strip() else None
            yield WideRow(tuple(parts[:-1]), nothing, nothing, chance)

    return Wide(WideHeader(langs), rows())


def _from_jsonl(path: str, numbered: Iterator[tuple[int, str]]) -> Wide | None:
    filled = ((n, line) for n, line in numbered if line.strip())
    first = next(filled, None)
    if first is None:
        return None
    try:
        record = json.loads(first[1])
    except (ValueError, RecursionError):
        return None  # the reader of two languages will tell
    if not isinstance(record, dict) or not isinstance(record.get("text"), dict):
        return None
    langs = tuple(record["text"])
    if len(langs) < 2:
        raise AlignError(f"{path}:{first[0]}: expected text in two languages or more, got {langs}")

    def rows() -> Iterator[WideRow]:
        for n, line in chain([first], filled):
            yield _from_record(jsonl.loaded(line, f"{path}:{n}"), langs, f"{path}:{n}")

    return Wide(WideHeader(langs), rows())


def _from_record(record: dict[str, Any], langs: tuple[str, ...], where: str) -> WideRow:
    parts = {}
    for name in ("text", "ids", "span"):
        part = record.get(name) or {}
        if not isinstance(part, dict):
            raise AlignError(f"{where}: {name}: expected an object by language, got {part!r:.40}")
        unknown = part.keys() - set(langs)
        if unknown:
            raise AlignError(f"{where}: {name}: {min(unknown)!r} is not in the first row")
        parts[name] = part
    moved = record.get("moved") or False
    if not isinstance(moved, bool):
        raise AlignError(f"{where}: moved: expected true or false, got {moved!r}")
    known = bool(parts["ids"])
    return WideRow(
        tuple(jsonl.text_of(parts["text"], lang, where) or "" for lang in langs),
        tuple(
            jsonl.ints_of(parts["ids"], lang, where) or (() if known else None) for lang in langs
        ),
        tuple(jsonl.pair_of(parts["span"], lang, where) for lang in langs),
        jsonl.float_of(record, _PROBABILITY, where),
        moved,
    )


def _from_tmx(path: str) -> Wide | None:
    found = elements(path, frozenset({"header", "tu"}))
    langs: tuple[str, ...] = ()
    signature = ""
    for element, _ in found:
        if element.tag == "header":
            props = _props(element)
            langs, signature = tuple(props.get("langs", "").split()), props.get("signature", "")
        if element.tag != "tmx":
            break
    if len(langs) < 2:
        return None

    def rows() -> Iterator[WideRow]:
        for unit, where in found:
            if unit.tag == "tu":
                yield _from_unit(unit, langs, where)

    return Wide(WideHeader(langs, signature), rows())


def _from_unit(unit: Element, langs: tuple[str, ...], where: str) -> WideRow:
    texts = [""] * len(langs)
    numbers: list[Ids | None] = [None] * len(langs)
    spans: list[Span | None] = [None] * len(langs)
    for tuv in unit.findall("tuv"):
        lang = tmx.lang_of(tuv, where)
        seg = tuv.find("seg")
        if lang not in langs or seg is None:
            what = "without <seg>" if seg is None else f"in {lang}, which x-langs does not name"
            raise AlignError(f"{where}: a <tuv> {what}")
        at, props = langs.index(lang), _props(tuv)
        texts[at] = content(seg, tmx.CODES)
        if "ids" in props:
            numbers[at] = ids(props["ids"], f"{where}: ids")
        if "span" in props:
            start, _, end = props["span"].partition(":")
            pair = ids(f"{start},{end}", f"{where}: span")
            spans[at] = (pair[0], pair[1]) if len(pair) == 2 else None
    if any(part is not None for part in numbers):
        numbers = [part or () for part in numbers]
    props = _props(unit)
    chance = props.get(_PROBABILITY)
    return WideRow(
        tuple(texts),
        tuple(numbers),
        tuple(spans),
        None if chance is None else finite(chance, f"{where}: {_PROBABILITY}"),
        props.get("moved") == "1",
    )


def _props(element: Element) -> dict[str, str]:
    return {
        child.get("type", "").removeprefix("x-"): content(child)
        for child in element.findall("prop")
    }


# two of the languages


def pair_rows(wide: Wide, src: str | None, tgt: str | None) -> Iterator[Row]:
    """The rows of two languages; those with neither are passed over."""
    langs = wide.header.langs
    if src is None or tgt is None:
        raise AlignError(f"the file holds {', '.join(langs)}; choose two with -s and -t, or none")
    for lang in (src, tgt):
        if lang not in langs:
            raise AlignError(f"no column in {lang!r}; there are {', '.join(langs)}")
    return _pairs(wide.rows, (src, tgt), langs.index(src), langs.index(tgt))


def _pairs(rows: Iterable[WideRow], langs: tuple[str, str], x: int, y: int) -> Iterator[Row]:
    for row in rows:
        if row.texts[x] or row.texts[y]:
            numbers = row.ids[x], row.ids[y]
            known = numbers[0] is not None and numbers[1] is not None
            yield Row(
                src=row.texts[x],
                tgt=row.texts[y],
                src_ids=numbers[0],
                tgt_ids=numbers[1],
                probability=row.probability,
                kind=f"{len(numbers[0] or ())}-{len(numbers[1] or ())}" if known else None,
                moved=row.moved,
                src_span=row.spans[x],
                tgt_span=row.spans[y],
                src_lang=langs[0],
                tgt_lang=langs[1],
            )
