"""Word documents and EPUB books: the exact paragraphs, and what is damaged or dangerous."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.text.document import read_document
from align.text.inputs import archive, extract_text
from align.text.inputs.archive import parse_xml

Parts = dict[str, str | bytes]
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def write(folder: Path, name: str, data: bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(data)
    return path


def packed(parts: Parts) -> bytes:
    """A zip archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return memory.getvalue()


def unpacked(data: bytes) -> Parts:
    """The parts of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def text_of(folder: Path, name: str, data: bytes) -> list[str]:
    """The paragraphs that a file is read into."""
    return extract_text(write(folder, name, data)).split("\n\n")


def refused(folder: Path, name: str, data: bytes) -> str:
    """The message that a file is refused with, which begins with its name."""
    path = write(folder, name, data)
    with pytest.raises(AlignError) as caught:
        extract_text(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message[len(str(path)) :]


# Word


def word(build: Any = None) -> bytes:
    """A Word document that `build` was let work on."""
    docx = pytest.importorskip("docx")
    document = docx.Document()
    if build is not None:
        build(document)
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def with_body(body: str) -> bytes:
    """A Word document with this XML as its body."""
    parts = unpacked(word())
    parts["word/document.xml"] = f"<w:document {W} {MC} {M}><w:body>{body}</w:body></w:document>"
    return packed(parts)


def test_word(tmp_path: Path) -> None:
    def build(document: Any) -> None:
        document.add_heading("Die Überschrift", 0)
        paragraph = document.add_paragraph("Ein Absatz mit ")
        paragraph.add_run("fetten").bold = True
        paragraph.add_run(" Worten.\nUnd\teinem Umbruch.")
        document.add_paragraph("   ")
        document.add_paragraph("ein Punkt", style="List Bullet")
        table = document.add_table(2, 2)
        for number, cell in enumerate(c for row in table.rows for c in row.cells):
            cell.text = f"Zelle {number}"
        table.cell(0, 0).add_paragraph("zweiter Absatz der Zelle")
        document.add_paragraph("最后一段。")
        document.sections[0].header.paragraphs[0].text = "Kopfzeile"

    data = word(build)
    assert text_of(tmp_path, "a.docx", data) == [
        "Die Überschrift",
        "Ein Absatz mit fetten Worten.\nUnd einem Umbruch.",
        "ein Punkt",
        "Zelle 0",
        "zweiter Absatz der Zelle",
        "Zelle 1",
        "Zelle 2",
        "Zelle 3",
        "最后一段。",
    ]
    path = tmp_path / "a.docx"
    document = read_document(path, lang="de")
    assert [(s.text, s.paragraph) for s in document.sentences][:3] == [
        ("Die Überschrift", 0),
        ("Ein Absatz mit fetten Worten.", 1),
        ("Und einem Umbruch.", 1),
    ]
    text = extract_text(path)
    assert all(text[s.start : s.end] == s.text for s in document.sentences)


def run(text: str) -> str:
    """A run of text as Word writes it."""
    return f'<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # tracked changes: inserted stays, deleted and moved away do not, a joined paragraph is one
        (
            f"<w:p>{run('a ')}<w:ins>{run('new ')}</w:ins><w:del><w:r><w:delText>old</w:delText>"
            f"</w:r></w:del><w:moveFrom>{run('from')}</w:moveFrom><w:moveTo>{run('to')}</w:moveTo>"
            "</w:p>",
            ["a new to"],
        ),
        (
            f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{run('one ')}</w:p><w:p>{run('two')}</w:p>"
            f"<w:p>{run('three')}</w:p>",
            ["one two", "three"],
        ),
        # content controls, custom XML, links and fields, around paragraphs and inside them
        (
            f"<w:sdt><w:sdtContent><w:p>{run('a ')}<w:sdt><w:sdtContent>{run('b ')}</w:sdtContent>"
            f"</w:sdt><w:hyperlink>{run('c ')}</w:hyperlink><w:fldSimple>{run('d ')}</w:fldSimple>"
            f"<w:smartTag>{run('e')}</w:smartTag><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
            "</w:sdtContent></w:sdt>",
            ["a b c d e"],
        ),
        # a text box is written twice and follows its paragraph
        (
            f"<w:p>{run('before ')}<w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent>"
            f"<w:p>{run('in the box')}</w:p></w:txbxContent></w:drawing></mc:Choice><mc:Fallback>"
            f"<w:pict><w:txbxContent><w:p>{run('in the box')}</w:p></w:txbxContent></w:pict>"
            f"</mc:Fallback></mc:AlternateContent></w:r>{run('after')}</w:p>",
            ["before after", "in the box"],
        ),
        # signs, tab stops, a reading aid, a formula
        (
            "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>E</w:t><w:noBreakHyphen/>"
            "<w:t>Mail</w:t><w:tab/><w:t>co</w:t><w:softHyphen/><w:t>op</w:t><w:cr/><w:t>汉</w:t>"
            "</w:r></w:p>",
            ["E-Mail coop\n汉"],
        ),
        (
            "<w:p><w:r><w:ruby><w:rt><w:r><w:t>hàn</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>汉</w:t>"
            "</w:r></w:rubyBase></w:ruby></w:r><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></w:p>",
            ["汉x=1"],
        ),
        (f"<w:p>{run('line&#x2028;line')}</w:p><w:p>{run(' ')}</w:p><w:sectPr/>", ["line\nline"]),
        ("", [""]),
    ],
)
def test_all_text_of_word(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert text_of(tmp_path, "a.docx", with_body(body)) == expected


def test_notes_of_word_come_last(tmp_path: Path) -> None:
    parts = unpacked(word(lambda document: document.add_paragraph("Text.")))
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    relations = bytes(parts["word/_rels/document.xml.rels"]).decode()  # type: ignore[arg-type]
    parts["word/_rels/document.xml.rels"] = relations.replace(
        "</Relationships>",
        f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>',
    )
    parts["word/footnotes.xml"] = (
        f'<w:footnotes {W}><w:footnote w:type="separator"><w:p><w:r><w:separator/></w:r></w:p>'
        f"</w:footnote><w:footnote><w:p>{run('A note.')}</w:p></w:footnote></w:footnotes>"
    )
    assert text_of(tmp_path, "a.docx", packed(parts)) == ["Text.", "A note."]


WORD = st.text("abcäé中文字", min_size=1, max_size=6)
PARAGRAPH = st.lists(WORD, min_size=1, max_size=5).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(st.lists(PARAGRAPH, max_size=5))
def test_word_keeps_every_word(
    tmp_path_factory: pytest.TempPathFactory, paragraphs: list[str]
) -> None:
    def build(document: Any) -> None:
        for number, paragraph in enumerate(paragraphs):
            if number % 2:
                document.add_heading(paragraph)
            else:
                document.add_table(1, 1).cell(0, 0).text = paragraph

    path = write(tmp_path_factory.mktemp("docx"), "a.docx", word(build))
    assert extract_text(path) == "\n\n".join(paragraphs)


def test_broken_word(tmp_path: Path) -> None:
    data = word(lambda document: document.add_paragraph("Text."))
    assert "damaged, cut short or not a Word document" in refused(tmp_path, "a.docx", data[:-30])
    assert "not a Word document: something else" in refused(tmp_path, "a.docx", b"Text.")
    office = b"\xd0\xcf\x11\xe0" + bytes(600)
    assert "an old or password-protected Office file" in refused(tmp_path, "a.docx", office)
    at = data.index(b"word/document.xml") + 60
    flipped = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
    assert "word/document.xml: " in refused(tmp_path, "a.docx", flipped)
    assert "not a Word document" in refused(tmp_path, "a.docx", packed({"a.txt": "Text."}))
    parts = unpacked(data)
    del parts["word/document.xml"]
    assert "damaged or not an ordinary .docx" in refused(tmp_path, "a.docx", packed(parts))
    parts["word/document.xml"] = "<w:document"
    assert "damaged or not an ordinary .docx" in refused(tmp_path, "a.docx", packed(parts))
    book = packed(book_parts(["<p>Text.</p>"]))
    assert "not a Word document" in refused(tmp_path, "a.docx", book)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(tmp_path: Path, encoding: str) -> None:
    parts = unpacked(word())
    text = f"{BOMB}<w:document {W}><w:body><w:p><w:r><w:t>&b;&c;</w:t></w:r></w:p></w:body>"
    parts["word/document.xml"] = (text + "</w:document>").encode(encoding)
    message = refused(tmp_path, "a.docx", packed(parts))
    assert message.startswith(": word/document.xml has a document type declaration")
    where = "a.opf"
    with pytest.raises(AlignError, match=r"a\.opf:1: an entity declaration or reference"):
        parse_xml(f"{BOMB}<x>&b;</x>".encode(encoding), where)
    parts = book_parts(["<p>&b;</p>"])
    parts["OPS/1.xhtml"] = f"{BOMB}<html><body><p>&b;</p></body></html>".encode(encoding)
    message = refused(tmp_path, "a.epub", packed(parts))
    assert message == ": OPS/1.xhtml: an entity declaration is refused"


def test_xml_that_is_none() -> None:
    for data, message in (
        (b"<a>\n<b></a>", r"x:2: not well-formed XML \(mismatched tag\)"),
        (b"", r"x:1: not well-formed XML \(no element found\)"),
        (b"<a>" * 300, r"x: more than 200 elements inside each other"),
        (b'<?xml version="1.0" encoding="x-y"?><a/>', r"x"),
    ):
        with pytest.raises(AlignError, match=message):
            parse_xml(data, "x")


@pytest.mark.parametrize("name", ["a.docx", "a.epub"])
def test_archives_that_unpack_to_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(archive, "_PART", 1 << 20)
    parts = book_parts(["<p>Text.</p>"]) if name == "a.epub" else unpacked(word())
    part = "OPS/1.xhtml" if name == "a.epub" else "word/document.xml"
    parts[part] = b" " * ((1 << 20) + 1)
    message = refused(tmp_path, name, packed(parts))
    assert message.startswith(f": {part} unpacks to 1048577 bytes, more than the 1 MiB that are")
    monkeypatch.setattr(archive, "_PART", 1 << 30)
    monkeypatch.setattr(archive, "_TOTAL", 1 << 20)
    assert "more than the 1 MiB" in refused(tmp_path, name, packed(parts))
    monkeypatch.setattr(archive, "_TOTAL", 1 << 30)
    monkeypatch.setattr(archive, "_WHOLE", 1 << 20)
    if name == "a.docx":  # its library reads pictures and all
        message = refused(tmp_path, name, packed(parts))
        assert message.startswith(": its parts unpack to ")


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    data = bytearray(packed(book_parts(["<p>Text.</p>" + " " * 100_000])))
    at = data.rindex(b"OPS/1.xhtml") - 46  # its entry in the central directory
    assert data[at : at + 4] == b"PK\1\2"
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    message = refused(tmp_path, "a.epub", bytes(data))
    assert message.startswith(": damaged, cut short or not an EPUB book (OPS/1.xhtml: ")


def test_encrypted_archives_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("lxml")
    parts = book_parts(["<p>Text.</p>"])
    data = bytearray(packed(parts))
    at = data.rindex(b"OPS/1.xhtml") - 46
    data[at + 8] |= 1
    assert "OPS/1.xhtml is encrypted; save" in refused(tmp_path, "a.epub", bytes(data))
    parts["META-INF/encryption.xml"] = (
        '<encryption><EncryptedData><CipherData><CipherReference URI="font.otf"/></CipherData>'
        "</EncryptedData></encryption>"
    )
    assert text_of(tmp_path, "a.epub", packed(parts)) == ["Text."]
    parts["META-INF/encryption.xml"] = '<e><CipherReference URI="OPS/1.xhtml"/></e>'
    assert "OPS/1.xhtml is encrypted (copy protection)" in refused(
        tmp_path, "a.epub", packed(parts)
    )


# EPUB


def book_parts(bodies: list[str], order: list[int] | None = None) -> Parts:
    """The parts of a book whose chapters are these bodies, read in this order."""
    numbers = range(1, len(bodies) + 1)
    items = "".join(
        f'<item id="c{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in order or numbers)
    parts: Parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<?xml version="1.0"?>'
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/a.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>"
        ),
        "OPS/a.opf": (
            '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><metadata/>'
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
        ),
    }
    for number, body in zip(numbers, bodies, strict=True):
        parts[f"OPS/{number}.xhtml"] = (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
            '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Not text</title>'
            f"<style>p {{}}</style></head><body>{body}</body></html>"
        )
    return parts


CHAPTER = """
<h1>Das Kapitel<br/>Eins</h1><title/><script/>
<p>Ein Absatz&nbsp;mit <i>schrägen</i> Worten,
auf zwei Zeilen &amp; <span>mehr</span>.<a id="x"/></p>
<ul><li>Punkt <p>darin</p></li><li/></ul>
<div>loser Text <div>innerer Text</div> danach</div>
<p><ruby>汉<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>字<img src="a.png" alt="ein Bild"/><!-- nein -->
</p><pre>Vers eins
  Vers zwei</pre>
<table><tr><td>Zelle</td><td>Zelle 2</td></tr></table><p><![CDATA[1 < 2 & 3]]></p><p>&unknown; ende
"""
CHAPTER_PARAGRAPHS = [
    "Das Kapitel\nEins",
    "Ein Absatz\xa0mit schrägen Worten, auf zwei Zeilen & mehr.",
    "Punkt",
    "darin",
    "loser Text",
    "innerer Text",
    "danach",
    "汉字",
    "Vers eins\nVers zwei",
    "Zelle",
    "Zelle 2",
    "1 < 2 & 3",
    "&unknown; ende",
]


def test_a_book(tmp_path: Path) -> None:
    pytest.importorskip("lxml")
    parts = book_parts(["<p>Zwei.</p>", CHAPTER, "<nav><ol><li>Inhalt</li></ol></nav>"], [2, 1, 3])
    assert text_of(tmp_path, "a.epub", packed(parts)) == [*CHAPTER_PARAGRAPHS, "Zwei.", "Inhalt"]
    package = str(parts["OPS/a.opf"])
    package = package.replace('<item id="c3"', '<item properties="scripted nav" id="c3"')
    package = package.replace('href="1.xhtml"', 'href="../Text/Kapitel%20eins.xhtml#top"')
    parts["OPS/a.opf"] = package
    chapter = str(parts.pop("OPS/1.xhtml")).replace("utf-8", "iso-8859-1").replace("Zwei", "Zwölf")
    parts["Text/Kapitel eins.xhtml"] = chapter.encode("latin-1")
    assert text_of(tmp_path, "a.epub", packed(parts)) == [*CHAPTER_PARAGRAPHS, "Zwölf."]


def test_a_book_without_text_or_with_pictures(tmp_path: Path) -> None:
    pytest.importorskip("lxml")
    parts = book_parts(["<p></p>", "<p>Text.</p>"])
    parts["OPS/a.opf"] = str(parts["OPS/a.opf"]).replace(
        '"1.xhtml" media-type="application/xhtml+xml"', '"1.svg" media-type="image/svg+xml"'
    )
    assert text_of(tmp_path, "a.epub", packed(parts)) == ["Text."]
    assert text_of(tmp_path, "b.epub", packed(book_parts([""]))) == [""]


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("META-INF/container.xml", None, "not an EPUB book: no META-INF/container.xml in it"),
        ("META-INF/container.xml", "<container>", "container.xml:1: not well-formed XML"),
        ("META-INF/container.xml", "<container/>", "container.xml names no package"),
        ("OPS/a.opf", None, "no OPS/a.opf in it"),
        ("OPS/a.opf", "<p><spine><itemref idref='x'/></spine></p>", "OPS/a.opf has no item 'x'"),
        ("OPS/1.xhtml", None, "no OPS/1.xhtml in it"),
        ("OPS/1.xhtml", b"<p>\xe9</p>", "OPS/1.xhtml:1: byte 0xe9 at offset 3 is not utf-8"),
        ("OPS/1.xhtml", b"\x89PNG", "OPS/1.xhtml: a PNG image, not a web page"),
        ("OPS/1.xhtml", "<p>a\0b</p>", "OPS/1.xhtml:1: NUL character at character 4"),
    ],
)
def test_broken_books(tmp_path: Path, part: str, content: str | bytes | None, message: str) -> None:
    pytest.importorskip("lxml")
    parts = book_parts(["<p>Text.</p>", "<p>More.</p>"])
    if content is None:
        del parts[part]
    else:
        parts[part] = content
    assert message in refused(tmp_path, "a.epub", packed(parts))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["p", "h2", "li", "td", "div", "blockquote"]), PARAGRAPH))
)
def test_books_keep_every_word(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[str, str]]
) -> None:
    pytest.importorskip("lxml")
    bodies = [f"<{tag}>{text}</{tag}>" for tag, text in blocks] or [""]
    half = len(bodies) // 2
    parts = book_parts(["\n".join(bodies[:half]), "\n".join(bodies[half:])])
    path = write(tmp_path_factory.mktemp("book"), "a.epub", packed(parts))
    assert extract_text(path) == "\n\n".join(text for _, text in blocks)
