"""Tables of several versions: a row is what corresponds, a cell for each language. The writers.

The readers are in `wide_reading`. The files:

TSV has a first line with the codes of the languages and "probability". JSONL has an object a row:
"text", "ids" and "span" by language, the probability, and whether the row moved. TMX has a `tu` a
row and a `tuv` for each cell with text; x-langs in its header names all languages. What `tsv`,
`jsonl` and `tmx` say of text and safety holds here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from align.errors import AlignError
from align.formats import format_of, jsonl, tmx, tsv
from align.formats.cells import number
from align.formats.files import writing
from align.formats.markup import language
from align.formats.rows import Row

if TYPE_CHECKING:
    from align.versions import MultiAlignment

WIDE = ("tsv", "jsonl", "tmx")
PROBABILITY = "probability"
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
        out.write("\t".join((*header.langs, PROBABILITY)) + "\n")
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
            record[PROBABILITY] = None if p is None else round(float(p), 6) + 0.0
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
                out.write(tmx.prop(PROBABILITY, number(row.probability)))
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
