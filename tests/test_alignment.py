"""The Alignment as Python people use it: sequence, equality, pickle, notebook, files, frame."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from align.alignment import Alignment
from align.errors import AlignError
from align.formats import FORMATS, Header, Row, read_rows
from align.types import Bead, Document, Sentence


def document(texts: list[str], lang: str | None, name: str) -> Document:
    sentences, at = [], 0
    for text in texts:
        sentences.append(Sentence(text, at, at + len(text)))
        at += len(text) + 1
    return Document(tuple(sentences), lang, name)


def example() -> Alignment:
    src = document(["One <b>.", "Two & two.", "Alone.", "Three."], "en", "a.en")
    tgt = document(["Eins.", "Zwei.", "Und zwei.", "Drei."], "de", "a.de")
    beads = (
        Bead((0,), (0,), 1.5, "One <b>.", "Eins.", (0, 8), (0, 5), 0.98, 0.99),
        Bead((1,), (1, 2), 1.0, "Two & two.", "Zwei. Und zwei.", (9, 19), (6, 21), 0.5, 0.9),
        Bead((2,), (), 0.0, "Alone.", "", (20, 26), None, 0.7, 0.0),
        Bead((3,), (3,), 0.25, "Three.", "Drei.", (27, 33), (22, 27), moved=True),
    )
    return Alignment(src, tgt, beads, "align|v:1", 0.875)


def test_it_is_a_sequence_of_its_pairs() -> None:
    alignment = example()
    pairs = [bead for bead in alignment.beads if bead.is_pair]
    assert len(alignment) == 3
    assert list(alignment) == pairs
    assert alignment[0] == pairs[0]
    assert alignment[-1].moved
    assert alignment[1:] == tuple(pairs[1:])
    assert alignment[::-1] == tuple(pairs[::-1])
    assert pairs[1] in alignment
    with pytest.raises(IndexError):
        alignment[3]


def test_equality_hash_pickle_copy() -> None:
    one, other = example(), example()
    assert one == other and hash(one) == hash(other)
    assert one != Alignment(one.src, one.tgt, one.beads[:2], one.signature, one.parallel)
    assert one != "something else"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(one, protocol)) == one
    assert copy.deepcopy(one) == one


def test_repr_is_one_line() -> None:
    assert repr(example()) == "<Alignment of a.en (en, 4) and a.de (de, 4): 3 pairs, 0.88 parallel>"


class Cells(HTMLParser):
    """Collects the text of the cells; fails on tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("td", "th"):
            self.cells[-1] += data


def test_notebooks_show_an_escaped_table() -> None:
    html = example()._repr_html_()
    assert "<b>" not in html
    assert Cells(html).cells == [
        "probability", "kind", "a.en", "a.de",
        "0.98", "1-1", "One <b>.", "Eins.",
        "0.50", "1-2", "Two & two.", "Zwei. Und zwei.",
        "", "1-1 moved", "Three.", "Drei.",
    ]  # fmt: skip
    assert "3 pairs; 88% of the text is parallel" in html


def test_notebooks_survive_hostile_text_and_long_documents() -> None:
    evil = "</td><script>alert(1)</script>\ud800\"'&"
    document_ = document([evil], 'en"><script>', evil)
    bead = Bead((0,), (0,), 1.0, evil, evil, (0, 9), (0, 9), 0.5, 0.5)
    html = Alignment(document_, document_, (bead,) * 250)._repr_html_()
    html.encode("utf-8")
    assert "<script" not in html
    assert "250 pairs, the first 100 shown" in html
    assert len(Cells(html).cells) == 4 + 4 * 100
    empty = Document((), None, "nothing")
    assert "0 pairs" in Alignment(empty, empty, ())._repr_html_()


WRITERS: dict[str, Callable[[Alignment, Path], None]] = {
    "tsv": Alignment.to_tsv,
    "jsonl": Alignment.to_jsonl,
    "ladder": Alignment.to_ladder,
    "tmx": Alignment.to_tmx,
    "xliff": Alignment.to_xliff,
    "moses": Alignment.to_moses,
    "hunalign": Alignment.to_hunalign,
    "intertext": Alignment.to_intertext,
    "parquet": Alignment.to_parquet,
}


def test_every_format_has_a_method() -> None:
    assert set(WRITERS) == {form.name for form in FORMATS}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_reads_back(name: str, tmp_path: Path) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    alignment = example()
    path = tmp_path / "out"
    WRITERS[name](alignment, path)
    written = tmp_path / "out.en.de.xml" if name == "intertext" else path
    rows = list(read_rows(written, name, Header(src_lang="en", tgt_lang="de")))
    pairs = [row for row in rows if row.is_pair]
    if name in ("ladder", "hunalign"):
        beads = [row.src_ids for row in pairs]
        assert beads == [bead.src_ids for bead in alignment]
    else:
        assert [(row.src, row.tgt) for row in pairs] == [(b.src, b.tgt) for b in alignment]
    form = next(form for form in FORMATS if form.name == name)
    assert len(rows) - len(pairs) == (1 if form.whole else 0)


def test_options_of_tsv_and_whole(tmp_path: Path) -> None:
    example().to_tsv(
        tmp_path / "a.tsv", whole=True, columns=["kind", "src", "tgt"], header=True
    )  # fmt: skip
    assert (tmp_path / "a.tsv").read_text("utf-8") == (
        "kind\tsrc\ttgt\n1-1\tOne <b>.\tEins.\n1-2\tTwo & two.\tZwei. Und zwei.\n"
        "1-0\tAlone.\t\n1-1\tThree.\tDrei.\n"
    )
    example().to_jsonl(tmp_path / "a.jsonl", whole=True)
    assert len((tmp_path / "a.jsonl").read_text("utf-8").splitlines()) == 4


def test_save_goes_by_the_suffix(tmp_path: Path) -> None:
    example().save(tmp_path / "a.tmx.gz")
    (first, *_) = read_rows(tmp_path / "a.tmx.gz")
    assert isinstance(first, Row) and first.src == "One <b>."
    with pytest.raises(AlignError, match="no suffix that tells the format"):
        example().save(tmp_path / "a.what")
    with pytest.raises(AlignError, match="unknown column"):
        example().to_tsv(tmp_path / "a.tsv", columns=["source"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.tmx.gz"]


def test_dataframe() -> None:
    pytest.importorskip("pandas")
    frame = example().to_dataframe()
    assert list(frame.columns) == [
        "src", "tgt", "score", "probability", "probability_lax", "kind", "moved",
        "src_ids", "tgt_ids", "src_span", "tgt_span",
    ]  # fmt: skip
    assert frame["src"].tolist() == ["One <b>.", "Two & two.", "Three."]
    assert frame["tgt_ids"].tolist() == [(0,), (1, 2), (3,)]
    assert frame["probability"].tolist()[:2] == [0.98, 0.5]
    assert frame["probability"].isna().tolist() == [False, False, True]
    assert frame["moved"].tolist() == [False, False, True]
    assert (frame.attrs["src_lang"], frame.attrs["parallel"]) == ("en", 0.875)
    assert example().to_dataframe(whole=True)["kind"].tolist() == ["1-1", "1-2", "1-0", "1-1"]
    empty = Document((), None, "nothing")
    assert len(Alignment(empty, empty, ()).to_dataframe()) == 0


def test_dataframe_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AlignError, match=r"pip install 'parallel-align\[pandas\]'"):
        example().to_dataframe()
