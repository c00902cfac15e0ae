"""Every format read back gives the same beads, whatever the text (property-based)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from align.alignment import Alignment
from align.formats import COLUMNS, Header, Row, header_of, read_rows, rows_of, write_rows
from align.types import Bead, Document, Sentence

NASTY = (
    "\t", "\n", "\r", "\r\n", '"', "'", '""', "]]>", "<![CDATA[", "&amp;", "&", "<b>", "--", "\0",
    "\x0b", "\x1b[0m", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ud800",
    "\udc00", "\u202b\u0627\u200f", "\U0001f600", "\U0010ffff", "e\u0301", " ", "\u3000", "，",
    "\\", "\\u0041", "{1}", "~~~", "null", "[0]:[0]",
)  # fmt: skip
TEXT = st.lists(
    st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=()), max_size=4), max_size=6
).map("".join)
NUMBER = st.floats(-1e6, 1e6)
CHANCE = st.none() | st.floats(0, 1)
SPAN = st.none() | st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


@st.composite
def alignments(draw: st.DrawFn) -> Alignment:
    """Beads in order that cover two documents; texts are the sentences joined by a space."""
    shapes = draw(st.lists(st.sampled_from([(1, 1), (1, 0), (0, 1), (1, 2), (3, 1)]), max_size=5))
    documents, beads, at = [], [], (0, 0)
    for k, lang in enumerate(("en", "de")):
        texts = [draw(TEXT) for _ in range(sum(shape[k] for shape in shapes))]
        documents.append(Document(tuple(Sentence(text, 0, 0) for text in texts), lang, lang))
    src, tgt = documents
    for a, b in shapes:
        i, j = tuple(range(at[0], at[0] + a)), tuple(range(at[1], at[1] + b))
        at = at[0] + a, at[1] + b
        beads.append(
            Bead(
                i,
                j,
                draw(NUMBER),
                " ".join(src.texts[n] for n in i),
                " ".join(tgt.texts[n] for n in j),
                draw(SPAN),
                draw(SPAN),
                draw(CHANCE),
                draw(CHANCE),
                draw(st.booleans()),
            )
        )
    return Alignment(src, tgt, tuple(beads), draw(TEXT))


# what each format may change, written without the package's own functions


def _rounded(row: Row) -> Row:
    def six(value: float | None) -> float | None:
        return None if value is None else round(value, 6)

    return replace(
        row,
        score=six(row.score),
        probability=six(row.probability),
        probability_lax=six(row.probability_lax),
    )


def _text(row: Row, change: Callable[[str], str]) -> Row:
    return replace(row, src=change(row.src or ""), tgt=change(row.tgt or ""))


def _utf8(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _spaced(text: str) -> str:
    return _utf8(re.sub("[\t\n\r]", " ", text))


def _one_line(text: str) -> str:
    return _utf8(re.sub("[\n\r]", " ", text))


def _xml(text: str) -> str:
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or 0x20 <= ord(c) < 0xD800 or (ord(c) > 0xDFFF and c not in "\ufffe\uffff")
    )


def _joined_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _ladder(row: Row) -> Row:
    score = round(row.score or 0.0, 4)
    return Row(src_ids=row.src_ids, tgt_ids=row.tgt_ids, kind=row.kind, score=score)


def _hunalign(row: Row) -> Row:
    return replace(_ladder(row), score=round(row.score or 0.0, 6))


def _moses(row: Row) -> Row:
    changed = _text(row, _one_line)
    return Row(src=changed.src, tgt=changed.tgt, src_lang="en", tgt_lang="de")


def _intertext(row: Row) -> Row:
    changed = _text(row, _xml)
    return replace(
        changed,
        score=None,
        probability=None,
        probability_lax=None,
        moved=False,
        src_span=None,
        tgt_span=None,
    )


EXPECTED: dict[str, Callable[[Row], Row]] = {
    "tsv": lambda row: _rounded(_text(row, _spaced)),
    "jsonl": lambda row: _rounded(_text(row, _joined_surrogates)),
    "tmx": lambda row: _rounded(_text(row, _xml)),
    "xliff": lambda row: _rounded(_text(row, _xml)),
    "parquet": lambda row: _text(row, _utf8),
    "ladder": _ladder,
    "hunalign": _hunalign,
    "moses": _moses,
    "intertext": _intertext,
}


@pytest.mark.parametrize("format", EXPECTED)
@QUICK
@given(alignment=alignments())
def test_round_trip(format: str, alignment: Alignment) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    if format == "xliff" and not alignment.beads:
        return  # refused, see test_formats.py
    header = replace(header_of(alignment), columns=COLUMNS if format == "tsv" else None)
    expected = [EXPECTED[format](row) for row in rows_of(alignment)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "x")
        write_rows(path, rows_of(alignment), header, format)
        if format == "intertext":
            path += ".en.de.xml"
        assert list(read_rows(path, format, replace(header, encoding="utf-8"))) == expected
        # and once read, nothing changes any more
        if format != "intertext":
            again = list(read_rows(path, format, header))
            write_rows(path, again, header, format)
            assert list(read_rows(path, format, header)) == again


@pytest.mark.parametrize("format", ["tsv", "jsonl", "tmx", "xliff", "parquet", "moses"])
def test_a_cell_of_ten_megabytes(tmp_path: Path, format: str) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    row = Row(src='é"&<\U0001f600' * 2_000_000, tgt="", src_lang="en", tgt_lang="de")
    header = Header(src_lang="en", tgt_lang="de", columns=("src", "tgt"))
    write_rows(tmp_path / "x", [row], header, format)
    (back,) = read_rows(tmp_path / "x", format, header)
    assert (back.src, back.tgt) == (row.src, "")


@settings(max_examples=100, deadline=None, database=None)
@given(
    data=st.binary(max_size=200) | st.text(max_size=80).map(lambda t: t.encode("utf-8", "replace"))
)
@pytest.mark.parametrize("name", ["x.tsv", "x.jsonl", "x.ladder", "x.tmx", "x.xlf", "x.hunalign"])
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    from align.errors import AlignError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            list(read_rows(path))
        except AlignError as error:
            assert name in str(error)
