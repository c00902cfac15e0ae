"""Formats: exact bytes written, what other tools write, and one clear error per damage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from align.alignment import Alignment
from align.errors import AlignError
from align.formats import (
    FORMATS,
    Header,
    Row,
    format_of,
    header_of,
    read_rows,
    rows_of,
    with_text,
    write_rows,
)
from align.types import Bead, Document, Sentence


def _document(lang: str, *texts: str) -> Document:
    at, sentences = 0, []
    for text in texts:
        sentences.append(Sentence(text, at, at + len(text)))
        at += len(text) + 1
    return Document(tuple(sentences), lang, f"{lang}.txt")


ALIGNMENT = Alignment(
    _document("en", "One & two.", "Left\tout.", "Three."),
    _document("de", "Eins.", "Zwei.", "Drei."),
    (
        Bead((0,), (0, 1), 0.81234567, "One & two.", "Eins. Zwei.", (0, 10), (0, 11), 0.9, 0.99),
        Bead((1,), (), 0.0, "Left\tout.", "", (11, 20)),
        Bead((2,), (2,), -0.5, "Three.", "Drei.", (21, 27), (12, 17), moved=True),
    ),
    "align|v:1",
)
LANGS = Header(src_lang="en", tgt_lang="de")


def _written(tmp_path: Path, name: str, **changes: object) -> str:
    path = tmp_path / name
    header = replace(header_of(ALIGNMENT), **changes)  # type: ignore[arg-type]
    assert write_rows(path, rows_of(ALIGNMENT), header) == 3
    return path.read_bytes().decode()


# from an alignment to rows


def test_rows_keep_everything_a_bead_has() -> None:
    first, second, third = rows_of(ALIGNMENT)
    assert first == Row(
        src="One & two.",
        tgt="Eins. Zwei.",
        src_ids=(0,),
        tgt_ids=(0, 1),
        score=0.81234567,
        probability=0.9,
        probability_lax=0.99,
        kind="1-2",
        src_span=(0, 10),
        tgt_span=(0, 11),
        src_lang="en",
        tgt_lang="de",
    )
    assert (second.kind, second.is_pair, third.kind, third.moved) == ("1-0", False, "1-1", True)


def test_pairs_only_leaves_the_insertions_out() -> None:
    assert [row.kind for row in rows_of(ALIGNMENT, whole=False)] == ["1-2", "1-1"]


@pytest.mark.parametrize(
    ("limits", "kinds"),
    [
        ({"min_score": 0.0}, ["1-2", "1-0", "1-0", "0-1"]),
        ({"min_probability": 0.95}, ["1-0", "0-1", "0-1", "1-0", "1-0", "0-1"]),
        ({"min_score": 0.0, "whole": False}, ["1-2"]),
        ({"min_probability": 0.5, "whole": False}, ["1-2"]),
    ],
)
def test_a_left_out_pair_leaves_its_sentences(limits: dict[str, float], kinds: list[str]) -> None:
    rows = list(rows_of(ALIGNMENT, **limits))  # type: ignore[arg-type]
    assert [row.kind for row in rows] == kinds
    if limits.get("whole", True):
        assert sorted(i for row in rows for i in row.src_ids or ()) == [0, 1, 2]
        assert sorted(j for row in rows for j in row.tgt_ids or ()) == [0, 1, 2]
        assert all(
            row.src == " ".join(ALIGNMENT.src.texts[i] for i in row.src_ids or ()) for row in rows
        )


def test_thresholds_of_an_alignment() -> None:
    above = ALIGNMENT.above(min_score=0.0)
    assert [bead.kind for bead in above.beads] == ["1-2", "1-0", "1-0", "0-1"]
    assert [bead.kind for bead in above] == ["1-2"]
    assert list(rows_of(above)) == list(rows_of(ALIGNMENT, min_score=0.0))
    assert (above.src, above.tgt, above.signature) == (
        ALIGNMENT.src,
        ALIGNMENT.tgt,
        ALIGNMENT.signature,
    )
    assert above.beads[2] == Bead((2,), (), src="Three.", src_span=(21, 27))
    assert above.above(min_score=0.0) == above
    assert ALIGNMENT.above() is ALIGNMENT


# exact bytes


def test_tsv(tmp_path: Path) -> None:
    assert _written(tmp_path, "a.tsv") == (
        "One & two.\tEins. Zwei.\t0.812346\nLeft out.\t\t0.000000\nThree.\tDrei.\t-0.500000\n"
    )


def test_tsv_columns_and_titles(tmp_path: Path) -> None:
    columns = ("kind", "moved", "src_ids", "tgt_ids", "probability", "src_span", "tgt_lang")
    assert _written(tmp_path, "a.tsv", columns=columns, titles=True) == (
        "kind\tmoved\tsrc_ids\ttgt_ids\tprobability\tsrc_span\ttgt_lang\n"
        "1-2\t0\t0\t0,1\t0.900000\t0:10\tde\n"
        "1-0\t0\t1\t\t\t11:20\tde\n"
        "1-1\t1\t2\t2\t\t21:27\tde\n"
    )


def test_ladder(tmp_path: Path) -> None:
    assert _written(tmp_path, "a.ladder") == "[0]:[0, 1]:0.8123\n[1]:[]:0.0000\n[2]:[2]:-0.5000\n"


def test_hunalign(tmp_path: Path) -> None:
    assert _written(tmp_path, "a.hunalign") == (
        "0\t0\t0.812346\n1\t2\t0.000000\n2\t2\t-0.500000\n3\t3\t0.000000\n"
    )


def test_jsonl(tmp_path: Path) -> None:
    lines = _written(tmp_path, "a.jsonl").splitlines()
    assert json.loads(lines[0]) == {
        "src": "One & two.",
        "tgt": "Eins. Zwei.",
        "src_ids": [0],
        "tgt_ids": [0, 1],
        "src_span": [0, 10],
        "tgt_span": [0, 11],
        "score": 0.812346,
        "kind": "1-2",
        "probability": 0.9,
        "probability_lax": 0.99,
        "moved": False,
        "src_lang": "en",
        "tgt_lang": "de",
    }
    assert '"src": "Left\\tout.", "tgt": "", "src_ids": [1], "tgt_ids": []' in lines[1]


def test_tmx(tmp_path: Path) -> None:
    from align.version import __version__

    text = _written(tmp_path, "a.tmx")
    assert text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
        f'<header creationtool="align" creationtoolversion="{__version__}" segtype="sentence" '
        'o-tmf="align" adminlang="en" srclang="en" datatype="plaintext">\n'
        '<prop type="x-signature">align|v:1</prop>\n</header>\n<body>\n<tu tuid="1">\n'
        '<prop type="x-score">0.812346</prop>\n<prop type="x-probability">0.900000</prop>\n'
        '<prop type="x-probability-lax">0.990000</prop>\n<prop type="x-kind">1-2</prop>\n'
        '<tuv xml:lang="en">\n<prop type="x-ids">0</prop>\n<prop type="x-span">0:10</prop>\n'
        "<seg>One &amp; two.</seg>\n</tuv>\n"
    )
    assert text.count('<prop type="x-moved">1</prop>') == 1


def test_xliff(tmp_path: Path) -> None:
    text = _written(tmp_path, "a.xlf")
    assert 'version="2.0" srcLang="en" trgLang="de">\n<file id="f1" original="en.txt"' in text
    assert (
        '<mda:meta type="kind">1-2</mda:meta><mda:meta type="src_ids">0</mda:meta>'
        '<mda:meta type="tgt_ids">0,1</mda:meta>' in text
    )
    assert "<source>One &amp; two.</source>\n<target>Eins. Zwei.</target>" in text


def test_moses(tmp_path: Path) -> None:
    write_rows(tmp_path / "book", rows_of(ALIGNMENT), LANGS, "moses")
    assert (tmp_path / "book.en").read_text() == "One & two.\nLeft\tout.\nThree.\n"
    assert (tmp_path / "book.de").read_text() == "Eins. Zwei.\n\nDrei.\n"


def test_intertext(tmp_path: Path) -> None:
    write_rows(tmp_path / "book", rows_of(ALIGNMENT), header_of(ALIGNMENT), "intertext")
    assert (tmp_path / "book.en.de.xml").read_text() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<linkGrp toDoc="book.de.xml" fromDoc="book.en.xml">\n'
        '<link type="1-2" xtargets="1;1 2" status="auto"/>\n'
        '<link type="1-0" xtargets="2;" status="auto"/>\n'
        '<link type="1-1" xtargets="3;3" status="auto"/>\n</linkGrp>\n'
    )
    assert (tmp_path / "book.de.xml").read_text() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<text xml:lang="de">\n<p>\n'
        '<s id="1">Eins.</s>\n<s id="2">Zwei.</s>\n<s id="3">Drei.</s>\n</p>\n</text>\n'
    )


@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.tmx.gz", "a.xlf.xz", "a.ladder.zst"])
def test_same_rows_same_bytes(tmp_path: Path, name: str) -> None:
    files = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        write_rows(tmp_path / folder / name, rows_of(ALIGNMENT), header_of(ALIGNMENT))
        files.append((tmp_path / folder / name).read_bytes())
    assert files[0] == files[1]


def test_numbers_have_no_minus_zero_and_take_numpy(tmp_path: Path) -> None:
    import numpy as np

    ids = tuple(np.arange(2))
    bead = Bead(ids, (0,), np.float32(-1e-9), "a b", "c")  # type: ignore[arg-type]
    alignment = Alignment(_document("en", "a", "b"), _document("de", "c"), (bead,))
    for name, line in (("x.ladder", "[0, 1]:[0]:0.0000\n"), ("x.tsv", "a b\tc\t0.000000\n")):
        write_rows(tmp_path / name, rows_of(alignment))
        assert (tmp_path / name).read_text() == line
    write_rows(tmp_path / "x.jsonl", rows_of(alignment))
    assert '"score": 0.0,' in (tmp_path / "x.jsonl").read_text()


# what others write


@pytest.mark.parametrize(
    ("line", "src", "tgt", "score"),
    [
        ("[0]:[0, 1]:0.8123", (0,), (0, 1), 0.8123),
        ("[0]:[0,1]", (0,), (0, 1), None),
        ("[]:[3]:0.0000", (), (3,), 0.0),
        ("[4, 5] : [] : 1e-3", (4, 5), (), 0.001),
        ("[1]:[2]:", (1,), (2,), None),
    ],
)
def test_ladder_lines(
    tmp_path: Path, line: str, src: tuple[int, ...], tgt: tuple[int, ...], score: float | None
) -> None:
    path = tmp_path / "x.gold"
    path.write_text(line + "\r\n\n")
    kind = f"{len(src)}-{len(tgt)}"
    assert list(read_rows(path)) == [Row(src_ids=src, tgt_ids=tgt, score=score, kind=kind)]


def test_tsv_columns_are_found(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_bytes(b"\xef\xbb\xbfa\tb\r\nc\t\r\n")
    assert list(read_rows(path)) == [Row(src="a", tgt="b"), Row(src="c", tgt="")]
    path.write_text("a\tb\t1.5\n")
    assert list(read_rows(path)) == [Row(src="a", tgt="b", score=1.5)]
    path.write_text("score\tsrc\ttgt\n1.5\ta\tb\n")
    assert list(read_rows(path)) == [Row(src="a", tgt="b", score=1.5)]
    path.write_text("1.5\ta\tb\n")
    header = Header(columns=("score", "src", "tgt"))
    assert list(read_rows(path, header=header)) == [Row(src="a", tgt="b", score=1.5)]
    path.write_text("src\ttgt\n")
    assert list(read_rows(path, header=Header(titles=False))) == [Row(src="src", tgt="tgt")]


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    for encoding in ("gb18030", "utf-16", "utf-32-le"):
        path.write_bytes("你好\tHello\n再见\tBye\n".encode(encoding))
        rows = list(read_rows(path, header=Header(encoding=encoding)))
        assert rows == [Row(src="你好", tgt="Hello"), Row(src="再见", tgt="Bye")]
    path.write_bytes("é\tà\n".encode("latin-1"))
    assert list(read_rows(path, header=Header(encoding="latin-1"))) == [Row(src="é", tgt="à")]


FOREIGN_TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header creationtool="X" srclang="%s"/><body>
<tu changedate="20200101T000000Z"><note>n</note><prop type="x-client">c</prop>
 <tuv xml:lang="EN-US"><seg>Click <bpt i="1">&lt;b></bpt><hi>here</hi><ept i="1">x</ept>!</seg>
 </tuv>
 <tuv xml:lang="de-DE"><seg>Hier<ph x="1">{1}</ph> klicken!</seg></tuv>
 <tuv xml:lang="de-DE"><seg>Da klicken!</seg></tuv>
%s</tu>
<tu><tuv lang="de-AT"><seg>Nur hier</seg></tuv></tu>
</body></tmx>"""


def test_tmx_of_another_tool(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(FOREIGN_TMX % ("en-US", ""))
    rows = [
        Row(src="Click here!", tgt="Hier klicken!", src_lang="EN-US", tgt_lang="de-DE"),
        Row(src="Click here!", tgt="Da klicken!", src_lang="EN-US", tgt_lang="de-DE"),
    ]
    only = Row(src="", tgt="Nur hier", src_lang="en", tgt_lang="de-AT")
    assert list(read_rows(path, header=LANGS)) == [*rows, only]
    path.write_text(FOREIGN_TMX.replace("de-AT", "de-DE") % ("*all*", ""))
    only = replace(only, src_lang="EN-US", tgt_lang="de-DE")
    assert list(read_rows(path)) == [*rows, only]


def test_tmx_with_three_languages(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(FOREIGN_TMX % ("en", '<tuv xml:lang="fr"><seg>Ici</seg></tuv>'))
    header = Header(src_lang="fr", tgt_lang="en")
    assert list(read_rows(path, header=header)) == [
        Row(src="Ici", tgt="Click here!", src_lang="fr", tgt_lang="EN-US")
    ]
    with pytest.raises(AlignError, match=r"x\.tmx:4: a third language, fr, .* with -s and -t"):
        list(read_rows(path))


def test_xliff_of_another_tool(tmp_path: Path) -> None:
    path = tmp_path / "x.xlf"
    path.write_text(
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.1" srcLang="en" '
        'trgLang="fr"><file id="a"><group id="g"><unit id="u"><originalData><data id="d">x</data>'
        '</originalData><segment><source>A<ph id="1"/> <pc id="2">b</pc><cp hex="0007"/></source>'
        "<target>C</target></segment><ignorable><source> </source></ignorable>"
        "<segment><source>D</source></segment></unit></group></file></xliff>"
    )
    assert list(read_rows(path)) == [
        Row(src="A b\x07", tgt="C", src_lang="en", tgt_lang="fr"),
        Row(src="D", tgt="", src_lang="en", tgt_lang="fr"),
    ]


def test_intertext_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<t><s id="a1">A <w>one</w>.</s><s id="a2">B.</s></t>')
    (tmp_path / "b.xml").write_text('<t><s id="b1">X.</s></t>')
    path = tmp_path / "a.b.xml"
    path.write_text('<linkGrp toDoc="b.xml" fromDoc="a.xml"><link xtargets="b1;a1 a2"/></linkGrp>')
    assert list(read_rows(path, "intertext")) == [
        Row(src="A one. B.", tgt="X.", src_ids=(0, 1), tgt_ids=(0,), kind="2-1")
    ]


def test_texts_for_a_ladder() -> None:
    rows = [Row(src_ids=(0, 1), tgt_ids=(1, 0)), Row(src_ids=(), tgt_ids=(2,))]
    header = Header(src_lang="de", tgt_lang="zh-Hans")
    filled = list(with_text(rows, ["A.", "B."], ["一。", "二。", "三。"], header))
    assert [(row.src, row.tgt) for row in filled] == [("A. B.", "二。一。"), ("", "三。")]
    with pytest.raises(AlignError, match=r"row 2: names target sentence 2 .* has 2 sentences"):
        list(with_text(rows, ["A.", "B."], ["X.", "Y."], header))


# every damage has one clear error

TMX = '<tmx version="1.4"><header srclang="en"/><body>\n%s\n</body></tmx>'
ROW = Row(src="a", tgt="b", src_ids=(0,), tgt_ids=(0,), src_lang="en", tgt_lang="de")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.tsv", "a\tb\t1\na\tb\n", r"x\.tsv:2: expected 3 columns \(src tgt score\), got 2"),
        ("x.tsv", "a\tb\tc\td\n", r"x\.tsv:1: expected 2 or 3 columns .*, got 4; .*--columns"),
        ("x.tsv", "only\n", r"x\.tsv:1: expected 2 or 3 columns .*, got 1"),
        ("x.tsv", "a\tb\tc\n", r"x\.tsv:1: score: expected a number, got 'c'"),
        ("x.tsv", "a\tb\tnan\n", r"x\.tsv:1: score: expected a number, got 'nan'"),
        ("x.tsv", "src\ttgt\tsrc_ids\na\tb\t-1\n", r"x\.tsv:2: src_ids: expected sentence num"),
        ("x.tsv", "src\ttgt\tsrc_span\na\tb\t5\n", r"x\.tsv:2: src_span: expected a span"),
        ("x.tsv", "src\ttgt\tmoved\na\tb\tmaybe\n", r"x\.tsv:2: moved: expected 0 or 1"),
        ("x.tsv", b"a\tb\nc\t\xff\n", r"x\.tsv:2: byte 0xff at position 3 is not utf-8.*--enc"),
        ("x.jsonl", '{"src": "a"', r"x\.jsonl:1: not valid JSON"),
        ("x.jsonl", "[" * 100_000, r"x\.jsonl:1: not valid JSON"),
        ("x.jsonl", "\n[1]", r"x\.jsonl:2: expected an object"),
        ("x.jsonl", '{"src": "a"}', r"x\.jsonl:1: neither src and tgt nor src_ids and tgt_ids"),
        ("x.jsonl", '{"src": 1, "tgt": ""}', r"x\.jsonl:1: src: expected text, got 1"),
        ("x.jsonl", '{"src":"","tgt":"","score":"1"}', r"x\.jsonl:1: score: expected a number"),
        ("x.jsonl", '{"src":"","tgt":"","score":NaN}', r"x\.jsonl:1: score: expected a number"),
        ("x.jsonl", '{"src":"","tgt":"","score":1e999}', r"x\.jsonl:1: score: expected a numb"),
        ("x.jsonl", '{"src_ids":[true],"tgt_ids":[]}', r"x\.jsonl:1: src_ids: expected a list"),
        ("x.jsonl", '{"src":"","tgt":"","src_span":[1]}', r"x\.jsonl:1: src_span: expected \["),
        ("x.jsonl", '{"src":"","tgt":"","moved":3}', r"x\.jsonl:1: moved: expected true or f"),
        ("x.ladder", "[0]:[0]\n0:0\n", r"x\.ladder:2: expected a line like .*, got '0:0'"),
        ("x.ladder", "[0 1]:[a]\n", r"x\.ladder:1: expected a line like"),
        ("x.ladder", "[²]:[1]\n", r"x\.ladder:1: "),
        ("x.ladder", "[0]:[0]:high\n", r"x\.ladder:1: expected a number, got 'high'"),
        ("x.hunalign", "0\t0\t0\n0\n", r"x\.hunalign:2: expected source, target, score"),
        ("x.hunalign", "2\t0\t0\n1\t1\t0\n", r"x\.hunalign:2: rung 1 1 goes back behind 2 0"),
        ("x.tmx", "<html></html>", r"x\.tmx:1: expected <tmx>, got <html>"),
        ("x.tmx", "", r"x\.tmx:1: not well-formed XML \(no element found\)"),
        ("x.tmx", TMX[:60], r"x\.tmx:3: not well-formed XML"),
        ("x.tmx", TMX % "<tu><tuv><seg>a</seg></tuv></tu>", r"x\.tmx:2: a <tuv> without xml:lang"),
        ("x.tmx", TMX % '<tu><tuv xml:lang="en"/></tu>', r"x\.tmx:2: a <tuv> without <seg>"),
        ("x.tmx", TMX % '<tu><prop type="x-score">x</prop><tuv xml:lang="en"><seg/></tuv></tu>',
         r"x\.tmx:2: score: expected a number"),
        ("x.tmx", b"\x89PNG\r\n\x1a\n", r"x\.tmx:1: not well-formed XML \(not well-formed"),
        ("x.tmx", b'<?xml version="1.0" encoding="gb18030"?><tmx/>', r"x\.tmx: unknown XML enc"),
        ("x.tmx", b'<?xml version="1.0"?><tmx a="\xe9"/>', r"x\.tmx:1: not well-formed XML"),
        ("x.xlf", '<xliff version="1.2"/>', r"x\.xlf:1: expected <xliff> 2\.x, got <xliff> 1\.2"),
        ("x.xlf", '<xliff version="2.0"><unit><segment/></unit></xliff>', r"without <source>"),
        ("x.xlf", '<xliff version="2.0"><unit><segment><source><cp hex="FFFFFFFF"/></source>'
         "</segment></unit></xliff>", r"x\.xlf:1: <cp> without a valid hex code"),
        ("x.parquet", "PAR1 no", r"x\.parquet: not a whole Parquet file"),
        ("x.tsv.gz", "not packed", r"x\.tsv\.gz: not valid \.gz data"),
        ("x.tsv.xz", "not packed", r"x\.tsv\.xz: the compressed data is damaged"),
        ("x.tsv.zst", "not packed", r"x\.tsv\.zst: the compressed data is damaged"),
        ("x.docx", "", r"x\.docx: the name has no suffix that tells the format; name it: tsv"),
    ],
)  # fmt: skip
def test_damage(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(AlignError, match=message):
        list(read_rows(path))


@pytest.mark.parametrize("packed", ["gz", "xz", "zst"])
@pytest.mark.parametrize("name", ["x.tsv", "x.tmx", "x.jsonl"])
def test_cut_short(tmp_path: Path, name: str, packed: str) -> None:
    path = tmp_path / f"{name}.{packed}"
    rows = [replace(ROW, src=f"{i * i * 7919 % 1000003}") for i in range(500)]
    write_rows(path, rows)
    assert [row.src for row in read_rows(path)] == [row.src for row in rows]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(AlignError, match="damaged or cut short"):
        list(read_rows(path))


@pytest.mark.parametrize("packed", ["gz", "xz", "zst"])
def test_joined_packed_files_are_one(tmp_path: Path, packed: str) -> None:
    path = tmp_path / f"x.tsv.{packed}"
    write_rows(path, [ROW] * 3)
    path.write_bytes(path.read_bytes() * 2)
    assert len(list(read_rows(path))) == 6


@pytest.mark.parametrize(
    ("name", "format", "row", "header", "message"),
    [
        ("x.tsv", None, Row(src_ids=(0,), tgt_ids=()), Header(), "row 1: .* no text; .*--src"),
        ("x.tsv", None, ROW, Header(columns=("source",)), "unknown column 'source'"),
        ("x.tsv", None, ROW, Header(columns=("src", "src")), "a column is named twice"),
        ("x.ladder", None, Row(src="a", tgt="b"), Header(), "row 1: it has no sentence numbers"),
        ("x.hunalign", None, replace(ROW, tgt_ids=(3,)), Header(), r"\[3\] come where 0 is next"),
        ("x.tmx", None, Row(src="a", tgt="b"), LANGS.__class__(src_lang="en"), "-t/--tgt-lang"),
        ("x.tmx", None, ROW, Header(src_lang="english!"), "'english!' is no BCP-47"),
        ("x.tmx", None, ROW, Header(src_lang="fr"), "row 1: its language is en, the file's is fr"),
        ("x.xlf", None, ROW, Header(src_lang="fr"), "row 1: its language is en, the file's is fr"),
        ("x", "moses", Row(src="a", tgt="b"), Header(), "give both with -s and -t"),
        ("x", "moses", ROW, Header(src_lang="de"), "both languages are de"),
        ("x", "intertext", replace(ROW, src_ids=(0, 1)), Header(), "row 1: 2 source sentences"),
        ("x", "intertext", ROW, replace(LANGS, tgt_texts=()), "target sentence 0 .* 0 sentences"),
        ("x", "word", ROW, Header(), "unknown format 'word'; there are tsv, jsonl"),
        ("-", None, ROW, Header(), "the standard streams have no suffix"),
        ("-", "moses", ROW, LANGS, "needs a name, not -"),
        ("-", "intertext", ROW, LANGS, "needs a name, not -"),
        ("-", "parquet", ROW, LANGS, "not a stream"),
        ("no/such/x.tsv", None, ROW, Header(), "the folder .* does not exist; make it"),
        (".", "tsv", ROW, Header(), "is a folder, expected a file name"),
    ],
)  # fmt: skip
def test_what_cannot_be_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    format: str | None,
    row: Row,
    header: Header,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AlignError, match=message):
        write_rows(name, [row], header, format)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_xliff_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AlignError, match="there are no pairs to write"):
        write_rows(tmp_path / "x.xlf", [], LANGS)


@pytest.mark.parametrize("format", [f.name for f in FORMATS if f.name != "xliff"])
def test_no_rows(tmp_path: Path, format: str) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    path = str(tmp_path / "x")
    assert write_rows(path, [], LANGS, format) == 0
    path = f"{path}.en.de.xml" if format == "intertext" else path
    assert list(read_rows(path, format, LANGS)) == []


def test_moses_files_of_different_length(tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\nb\nc\n")
    (tmp_path / "x.de").write_text("a\nb\n")
    with pytest.raises(AlignError, match=r"x\.de:3: the file ends after 2 lines, but .*x\.en"):
        list(read_rows(tmp_path / "x", "moses", LANGS))


@pytest.mark.parametrize(
    ("path", "name"),
    [("a.tsv", "tsv"), ("a.TMX.gz", "tmx"), ("a.b.xliff", "xliff"), ("x.gold.xz", "ladder")],
)
def test_suffixes(path: str, name: str) -> None:
    assert format_of(path).name == name


def test_missing_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(AlignError, match=r"pip install 'parallel-align\[parquet\]'"):
        write_rows(tmp_path / "x.parquet", [ROW])


def test_every_format_and_column_is_documented() -> None:
    from align.formats import COLUMNS

    text = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
    words = [*COLUMNS, *(f.name for f in FORMATS), *(s for f in FORMATS for s in f.suffixes)]
    assert [word for word in words if f"`{word}`" not in text] == []


@pytest.mark.parametrize(("src", "tgt"), [("en", "en"), ("en-US", "en-GB"), ("zh-Hans", "zh-Hant")])
@pytest.mark.parametrize("name", ["x.tmx", "x.xlf"])
def test_two_forms_of_one_language(tmp_path: Path, name: str, src: str, tgt: str) -> None:
    rows = [
        Row(src="a", tgt="b", src_lang=src, tgt_lang=tgt),
        Row(src="", tgt="c", src_lang=src, tgt_lang=tgt),
    ]
    write_rows(tmp_path / name, rows)
    assert list(read_rows(tmp_path / name)) == rows
    header = Header(src_lang=src, tgt_lang=tgt)
    assert list(read_rows(tmp_path / name, header=header)) == rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_tmx_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.tmx"
    named = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    unit = '<tu><tuv xml:lang="en"><seg>é</seg></tuv><tuv xml:lang="de"><seg>ß</seg></tuv></tu>'
    path.write_bytes((named + TMX % unit).encode(encoding))
    assert [(row.src, row.tgt) for row in read_rows(path)] == [("é", "ß")]


@pytest.mark.parametrize("format", ["tsv", "jsonl", "moses"])
def test_a_text_that_begins_like_a_byte_order_mark(tmp_path: Path, format: str) -> None:
    rows = [Row(src="\ufeffa", tgt="\ufeffb"), Row(src="\ufeff", tgt="\ufeff")]
    header = replace(LANGS, columns=("src", "tgt"))
    write_rows(tmp_path / "x", rows, header, format)
    back = read_rows(tmp_path / "x", format, header)
    assert [(row.src, row.tgt) for row in back] == [(row.src, row.tgt) for row in rows]
