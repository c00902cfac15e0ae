"""XML: valid by DTD and schema, opened by another tool, and safe against hostile files."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from align.errors import AlignError
from align.formats import Header, Row, read_rows, write_rows
from align.formats.markup import allowed, language

SCHEMAS = Path(__file__).parent / "schemas"
HEADER = Header(
    src_lang="en", tgt_lang="zh_hans", signature='v:1|"x" < y', src_name="a&b\n.txt", tgt_name=""
)
ROWS = [
    Row(
        src='Tom & <Jerry> say ]]> \r\n\t "hi"',
        tgt="汤姆 \U0001f600 \u202b\x00\x0b\ufffe\ud800",
        src_ids=(0, 1),
        tgt_ids=(0,),
        score=1.5,
        probability=0.75,
        probability_lax=1.0,
        kind="2-1",
        moved=True,
        src_span=(0, 20),
        tgt_span=(3, 9),
    ),
    Row(src="", tgt="没有", src_ids=(), tgt_ids=(1,), score=0.0, kind="0-1"),
    Row(src="No numbers", tgt="无"),
]


def test_tmx_validates_against_its_dtd(tmp_path: Path) -> None:
    etree = pytest.importorskip("lxml.etree")
    write_rows(tmp_path / "x.tmx", ROWS, HEADER)
    with (SCHEMAS / "tmx14.dtd").open() as file:
        dtd = etree.DTD(file)
    assert dtd.validate(etree.parse(tmp_path / "x.tmx")), dtd.error_log
    assert not dtd.validate(etree.fromstring("<tmx version='1.4'><body/></tmx>"))


def test_xliff_validates_against_its_schema(tmp_path: Path) -> None:
    etree = pytest.importorskip("lxml.etree")
    write_rows(tmp_path / "x.xlf", ROWS, HEADER)
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "xliff_core_2.0.xsd"))
    assert schema.validate(etree.parse(tmp_path / "x.xlf")), schema.error_log
    text = (tmp_path / "x.xlf").read_text().replace("<mda:meta type", "<mda:meta kind", 1)
    assert not schema.validate(etree.fromstring(text.encode()))


def test_another_tool_opens_the_tmx(tmp_path: Path) -> None:
    tmx = pytest.importorskip("translate.storage.tmx")
    write_rows(tmp_path / "x.tmx", ROWS, HEADER)
    with (tmp_path / "x.tmx").open("rb") as file:
        store = tmx.tmxfile(file, sourcelanguage="en", targetlanguage="zh-Hans")
    assert [unit.source for unit in store.units][2] == "No numbers"
    assert [unit.target for unit in store.units] == [allowed(row.tgt or "") for row in ROWS]


@pytest.mark.parametrize("name", ["x.tmx", "x.xlf"])
def test_every_parser_reads_the_same_text(tmp_path: Path, name: str) -> None:
    etree = pytest.importorskip("lxml.etree")
    write_rows(tmp_path / name, ROWS, HEADER)
    ours = [text for row in read_rows(tmp_path / name) for text in (row.src, row.tgt)]
    root = etree.parse(tmp_path / name).getroot()
    tags = ("{*}seg", "{*}source", "{*}target")
    assert ours == [element.text or "" for element in root.iter(*tags)]
    assert ours == [allowed(text or "") for row in ROWS for text in (row.src, row.tgt)]


@pytest.mark.parametrize(
    ("code", "tag"),
    [("EN", "en"), ("zh_hans", "zh-Hans"), ("de-ch", "de-CH"), ("zho_Hans", "zho-Hans"),
     ("sr-Latn-rs", "sr-Latn-RS"), ("de-1996", "de-1996")],
)  # fmt: skip
def test_language_tags(code: str, tag: str) -> None:
    assert language(code, "-s") == tag


@pytest.mark.parametrize("code", ["", "e", "en us", "en--us", 'en"', "englishlanguage"])
def test_what_is_no_language_tag(code: str) -> None:
    with pytest.raises(AlignError, match="BCP-47"):
        language(code, "-s")


# hostile files

BOMB = """<?xml version="1.0"?>
<!DOCTYPE tmx [
 <!ENTITY a "aaaaaaaaaa">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<tmx version="1.4"><header srclang="en"/><body><tu>
<tuv xml:lang="en"><seg>&b;</seg></tuv></tu></body></tmx>"""
OUTSIDE = '<!DOCTYPE tmx [\n<!ENTITY x SYSTEM "file:///etc/hostname">]><tmx><body>&x;</body></tmx>'
PARAMETER = '<!DOCTYPE tmx [\n\n<!ENTITY % x SYSTEM "http://localhost/x">%x;]><tmx/>'
UNDECLARED = '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx><tu><tuv xml:lang="a"><seg>&eacute;</seg>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"x\.tmx:3: an entity declaration is refused"),
        (OUTSIDE, r"x\.tmx:2: an entity declaration is refused"),
        (PARAMETER, r"x\.tmx:3: an entity declaration is refused"),
        (UNDECLARED, r"x\.tmx:2: an undeclared entity is refused"),
        ("<tmx>&nbsp;</tmx>", r"x\.tmx:1: not well-formed XML \(undefined entity\)"),
        ("<tmx>\n" + "<a>" * 100_000, r"x\.tmx:2: more than 100 elements inside each other"),
        ("<tmx>\n<tu>" + "<a>" * 100_000, r"x\.tmx:2: more than 100 elements"),
    ],
)
@pytest.mark.parametrize("name", ["x.tmx", "x.xlf"])
def test_hostile(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(AlignError, match=message.replace("x\\.tmx", name)):
        list(read_rows(path))


def test_intertext_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<t><s id="1">secret</s></t>')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "b.xml").write_text('<t><s id="1">B</s></t>')
    path = inner / "x.xml"
    path.write_text('<linkGrp fromDoc="../a.xml" toDoc="b.xml"><link xtargets="1;1"/></linkGrp>')
    with pytest.raises(AlignError, match=r"inner/a\.xml: no such file"):
        list(read_rows(path, "intertext"))
    path.write_text('<linkGrp fromDoc="-" toDoc="b.xml"/>')
    with pytest.raises(AlignError, match="without fromDoc and toDoc"):
        list(read_rows(path, "intertext"))


@pytest.mark.parametrize("name", ["x.tmx", "x.xlf", "x.jsonl", "x.tsv"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    def rows(count: int) -> list[Row]:
        return [Row(src=f"{i} " * 40, tgt="b") for i in range(count)]

    def peak(count: int) -> int:
        write_rows(tmp_path / name, rows(count), Header(src_lang="en", tgt_lang="de"))
        tracemalloc.start()
        assert sum(1 for _ in read_rows(tmp_path / name)) == count
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)  # imports
    assert peak(4000) < 1.5 * peak(1000) + 100_000
