"""The readers of tables of several versions (see `wide`): TSV, JSONL and TMX."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from xml.etree.ElementTree import Element

from align.errors import AlignError
from align.formats import format_of, jsonl, tmx, tsv
from align.formats.cells import finite, ids
from align.formats.files import STREAM, lines
from align.formats.markup import content, elements
from align.formats.wide import PROBABILITY, WIDE, Ids, Span, Wide, WideHeader, WideRow

_CODE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")


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
    if cells[-1] != PROBABILITY or len(langs) < 2 or not all(map(_CODE.fullmatch, langs)):
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
            chance = finite(parts[-1], f"{where}: {PROBABILITY}") if parts[-1].strip() else None
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
        jsonl.float_of(record, PROBABILITY, where),
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
    chance = props.get(PROBABILITY)
    return WideRow(
        tuple(texts),
        tuple(numbers),
        tuple(spans),
        None if chance is None else finite(chance, f"{where}: {PROBABILITY}"),
        props.get("moved") == "1",
    )


def _props(element: Element) -> dict[str, str]:
    return {
        child.get("type", "").removeprefix("x-"): content(child)
        for child in element.findall("prop")
    }
