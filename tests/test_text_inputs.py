"""Web pages, Markdown and subtitles: the exact paragraphs, and what is refused."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.errors import AlignError
from align.options import Options
from align.text.document import read_document
from align.text.inputs import FORMS, extract_text, form_of

LEAD = (
    "Der erste Absatz ist lang genug, um als Text zu gelten, und hat noch mehr Worte, damit "
    "er sicher genommen wird."
)
REST = "Ein zweiter Absatz, der nicht kürzer ist. Er hat zwei Sätze, und der zweite ist auch lang."
PAGE = f"""<!DOCTYPE html>
<html lang="de"><head><meta charset="ENCODING"><title>Über den Titel | Zeitung</title>
<script>var x = "nein";</script><style>p {{ color: red }}</style></head><body>
<header><nav><ul><li><a href="/">Start</a></li><li><a href="/n">Nachrichten</a></li></ul></nav>
<h1>Über den Titel</h1></header>
<div class="cookie">Wir verwenden Kekse. <button>Gut</button></div>
<main><article>
<p>{LEAD}</p>
<h2>Zwischen&shy;titel &amp; mehr</h2>
<p>{REST}<br>Nach dem Umbruch mit <b>fetten</b> Worten und einem <a href="x">Verweis</a>.</p>
<ul><li>Punkt eins mit Worten</li><li>Punkt zwei mit Worten</li></ul>
<blockquote><p>Ein Zitat, das jemand gesagt hat.</p></blockquote>
<table><tr><th>Kopf</th></tr><tr><td>Zelle mit Text</td></tr></table>
<p>Letzter Absatz.</p></article></main>
<footer><p>Impressum und Weiteres</p></footer></body></html>"""
PARAGRAPHS = [
    "Über den Titel",
    LEAD,
    "Zwischen\u00adtitel & mehr",
    f"{REST}\nNach dem Umbruch mit fetten Worten und einem Verweis.",
    "Punkt eins mit Worten",
    "Punkt zwei mit Worten",
    "Ein Zitat, das jemand gesagt hat.",
    "Kopf",
    "Zelle mit Text",
    "Letzter Absatz.",
]
MARKDOWN = """---
title: "Not text"
---
# A heading *with* emphasis

A paragraph with `code`, [a link](http://a.example/b "title"), ![a picture](a.png) and
a line break.  
A hard break, <b>raw</b> HTML<br>and a break &amp; an entity, \\*escaped\\*[^1].

- item one
- item two

  its second paragraph
  1. an inner item

> quoted
> text

```python
dropped = 1
```

    dropped = 2

| A | B |
|---|---|
| c ~~d~~ | *e* |

<div align="center">
<p>Text of a block<br>of HTML</p>
<!-- dropped -->
<script>dropped()</script>
</div>

中文的一行，
接着一行 and
English

Underlined
----------
[reference]: http://a.example
[^1]: A note.

<https://a.example> ends it
"""
MARKDOWN_PARAGRAPHS = [
    "A heading with emphasis",
    "A paragraph with code, a link, and a line break.\n"
    "A hard break, raw HTML\nand a break & an entity, *escaped*.",
    "item one",
    "item two",
    "its second paragraph",
    "an inner item",
    "quoted text",
    "A",
    "B",
    "c d",
    "e",
    "Text of a block\nof HTML",
    "中文的一行，接着一行 and English",
    "Underlined",
    "https://a.example ends it",
    "A note.",
]


def write(folder: Path, name: str, data: bytes | str) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def packed(parts: dict[str, str]) -> bytes:
    """A zip archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return memory.getvalue()


def text_of(folder: Path, name: str, data: bytes | str, encoding: str = "utf-8") -> list[str]:
    """The paragraphs that a file is read into."""
    return extract_text(write(folder, name, data), encoding).split("\n\n")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.html", "html"),
        ("A.HTM", "html"),
        ("a.xhtml.gz", "html"),
        ("b/a.de.md", "markdown"),
        ("a.markdown.zst", "markdown"),
        ("a.docx", "docx"),
        ("a.epub", "epub"),
        ("a.en.srt.xz", "srt"),
        ("a.vtt", "vtt"),
        ("a.txt", "text"),
        ("a.gz", "text"),
        ("a.de", "text"),
        ("md", "text"),
        ("-", "text"),
    ],
)
def test_the_suffix_tells_the_format(name: str, form: str) -> None:
    assert form_of(name) == form
    assert form_of(str(Path("some.epub") / name)) == form


def test_a_format_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "# One\n")
    assert extract_text(path, input_format="text") == "# One\n"
    assert read_document(path, lang="en", input_format="text").texts == ["# One"]
    with pytest.raises(AlignError, match=r"unknown input format 'doc'; choose from text, html,"):
        extract_text(path, input_format="doc")
    with pytest.raises(AlignError, match=r"a\.md: Markdown has no sentence a line"):
        read_document(path, lang="en", options=Options(presplit=True))
    kept = read_document(path, lang="en", options=Options(presplit=True), input_format="text")
    assert kept.texts == ["# One"]


@pytest.mark.parametrize("form", list(FORMS))
def test_an_empty_file_is_an_empty_document(tmp_path: Path, form: str) -> None:
    for data in (b"", b" \n"):
        path = write(tmp_path, f"a.{form}", data)
        assert extract_text(path, input_format=form).strip() == ""


@pytest.mark.parametrize("form", ["html", "markdown", "docx", "epub", "srt", "vtt"])
def test_an_image_is_no_document(tmp_path: Path, form: str) -> None:
    data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01"
    path = write(tmp_path, f"photo{FORMS[form].suffixes[0]}", data)
    with pytest.raises(AlignError, match=rf"photo{FORMS[form].suffixes[0]}: .*a PNG image"):
        extract_text(path)


@pytest.mark.parametrize(
    ("name", "data", "library", "extra"),
    [
        ("a.html", "<p>Text.</p>", "trafilatura", "web"),
        ("a.md", "Text.", "markdown_it", "docs"),
        ("a.docx", packed({"word/document.xml": "<w/>"}), "docx", "docs"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nText\n", "webvtt", "docs"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nText\n", "webvtt", "docs"),
    ],
)
def test_a_missing_library_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    data: bytes | str,
    library: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    path = write(tmp_path, name, data)
    with pytest.raises(AlignError) as caught:
        extract_text(path)
    assert f"needs {library} (" in str(caught.value)
    assert f"pip install 'parallel-align[{extra}]'" in str(caught.value)


# web pages


@pytest.mark.parametrize(
    ("named", "encoding", "given"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("iso-8859-1", "utf-8", "utf-8"),  # wrong, as is common: UTF-8 is told by its bytes
        ("iso-8859-1", "cp1252", "utf-8"),
        ("windows-1252", "cp1252", "utf-8"),
        ("no-such", "latin-1", "latin-1"),
        ("gb2312", "gb18030", "utf-8"),
        ("utf-8", "utf-16", "utf-8"),
    ],
)
def test_a_page_becomes_its_article(tmp_path: Path, named: str, encoding: str, given: str) -> None:
    pytest.importorskip("trafilatura")
    page = PAGE.replace("ENCODING", named)
    data = page.encode(encoding)
    if encoding == "utf-16":
        data = page.encode("utf-16-le")
        data = b"\xff\xfe" + data
    assert text_of(tmp_path, "a.html", data, given) == PARAGRAPHS
    assert text_of(tmp_path, "a.htm.gz", gzip.compress(data), given) == PARAGRAPHS


def test_sentences_of_a_page_know_their_paragraph(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    path = write(tmp_path, "a.html", PAGE.replace("ENCODING", "utf-8"))
    document = read_document(path)
    text = extract_text(path)
    assert document.lang == "de"
    assert document.name == str(path)
    assert [s.text for s in document.sentences if s.paragraph == 3] == [
        "Ein zweiter Absatz, der nicht kürzer ist.",
        "Er hat zwei Sätze, und der zweite ist auch lang.",
        "Nach dem Umbruch mit fetten Worten und einem Verweis.",
    ]
    assert all(text[s.start : s.end] == s.text for s in document.sentences)
    assert {s.paragraph for s in document.sentences} == set(range(len(PARAGRAPHS)))


def test_a_short_chinese_page(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    page = (
        '<html><head><title>大标题在这里</title></head><body><div class="nav"><a href="/">首页</a>'
        '</div><h1>大标题在这里</h1><div class="text"><p>第一段文字在这里，\n很长的一段，讲述了一个'
        "故事，也讲述了别的。</p><p>第二段文字在这里，也很长，讲述了另一个故事。他说：“你好。”</p></div>"
        '<div class="footer">版权所有</div></body></html>'
    )
    assert text_of(tmp_path, "a.html", page) == [
        "大标题在这里",
        "第一段文字在这里，很长的一段，讲述了一个故事，也讲述了别的。",
        "第二段文字在这里，也很长，讲述了另一个故事。他说：“你好。”",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<html><body></body></html>", "no article found in this page; copy its text"),
        (b"<!-- nothing -->", "no article found"),
        (b"Just text.", "no HTML in it; if it is plain text, give it a .txt name"),
        (b"<html><p>\xff\xfe</html>", "a.html:1: byte 0xff at offset 9 is not utf-8"),
        (b'<meta charset="ascii"><p>\n\x81</p>', "a.html:2: byte 0x81 at offset 26 is not cp1252"),
        (b"%PDF-1.7", "a PDF file, not a web page; turn it into plain text first"),
        (b"PK\x03\x04", "a zip archive, not a web page"),
        (b"<p>a\0b</p>", "NUL character"),
        (b"<div>" * 5000 + b"<p>deep</p>", "Excessive depth in document"),
    ],
)
def test_what_is_no_page_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    pytest.importorskip("trafilatura")
    with pytest.raises(AlignError) as caught:
        extract_text(write(tmp_path, "a.html", data))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "a.html"))


# Markdown


def test_markdown(tmp_path: Path) -> None:
    pytest.importorskip("mdit_py_plugins.footnote")
    assert text_of(tmp_path, "a.md", MARKDOWN) == MARKDOWN_PARAGRAPHS
    data = MARKDOWN.replace("\n", "\r\n").encode("gb18030")
    assert text_of(tmp_path, "a.markdown", data, "gb18030") == MARKDOWN_PARAGRAPHS


def test_markdown_nested_beyond_the_parser_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("mdit_py_plugins.footnote")
    assert text_of(tmp_path, "a.md", "> " * 20 + "deep") == ["deep"]
    with pytest.raises(AlignError, match=r"b\.md:1: lists or quotations nested"):
        extract_text(write(tmp_path, "b.md", ">" * 400 + " lost"))
    with pytest.raises(AlignError, match=r"a\.md:1: byte 0xe9"):
        extract_text(write(tmp_path, "a.md", b"caf\xe9"))


WORD = st.text("abcdefgäé中文", min_size=1, max_size=6)
LINE = st.lists(WORD, min_size=1, max_size=5).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["# ", "- ", "> ", "1. ", "", "## ", "* "]), LINE)))
def test_markdown_keeps_every_word(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]]
) -> None:
    pytest.importorskip("mdit_py_plugins.footnote")
    path = tmp_path_factory.mktemp("md") / "a.md"
    path.write_text("\n\n".join(mark + line for mark, line in lines), "utf-8")
    assert extract_text(path) == "\n\n".join(line for _, line in lines)


# subtitles

SRT = """1
00:00:01,000 --> 00:00:02,000
<i>Hello there,</i>
my friend.

2
00:00:02,500 --> 00:00:04,000
- How are you?
- {\\an8}Fine. I was

3
00:00:04,100 --> 00:00:06,000
in 5 < 6 <font color="#fff">Paris</font>.

4
00:00:06,200 --> 00:00:07,000
[DOOR SLAMS]

5
00:00:07,200 --> 00:00:08,000
What was

that?

6
00:00:12,000 --> 00:00:13,000
Next scene. And

7
00:00:20,000 --> 00:00:21,000
it goes on.

8
00:00:30,000 --> 00:00:31,000
BERLIN 1999

9
00:00:40,000 --> 00:00:41,000
Guten Tag.
"""
SRT_PARAGRAPHS = [
    "Hello there, my friend.\n- How are you?\n- Fine. I was in 5 < 6 Paris.\n[DOOR SLAMS]\n"
    "What was that?",
    "Next scene. And it goes on.",
    "BERLIN 1999",
    "Guten Tag.",
]
VTT = """WEBVTT - A title
Kind: captions

NOTE
a comment
on two lines

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.000 align:middle
<v Roger>It is <c.yellow>very</c> late &amp; dark</v>

00:02.000 --> 01:00:04.000
<00:00:03.000>and cold.
<ruby>汉<rt>hàn</rt></ruby>
"""


def srt(*cues: str) -> str:
    """Cues of a second each, without a pause."""
    return "\n\n".join(
        f"{number}\n00:00:{number:02},000 --> 00:00:{number:02},999\n{cue}"
        for number, cue in enumerate(cues, 1)
    )


def test_subtitles(tmp_path: Path) -> None:
    pytest.importorskip("webvtt")
    assert text_of(tmp_path, "a.srt", SRT) == SRT_PARAGRAPHS
    other = b"\xef\xbb\xbf" + SRT.replace("\n", "\r\n").encode()
    assert text_of(tmp_path, "a.srt.gz", gzip.compress(other)) == SRT_PARAGRAPHS
    assert text_of(tmp_path, "a.srt", srt("Él está", "aquí.").encode("latin-1"), "latin-1") == [
        "Él está aquí."
    ]
    assert text_of(tmp_path, "a.vtt", VTT) == ["It is very late & dark and cold. 汉"]
    assert text_of(tmp_path, "a.vtt", "WEBVTT\n") == [""]


@pytest.mark.parametrize(
    ("cues", "text"),
    [
        (["One", "sentence. Two", "more."], "One sentence. Two more."),
        (["He said,", "“Yes.”", "No."], "He said, “Yes.” No."),
        # without full stops a cue is a sentence
        (
            ["你好", "我不知道\n你说什么", "真的？", "是啊,", "走吧"],
            "你好\n我不知道 你说什么\n真的？\n是啊, 走吧",
        ),
        (["我们走", "吧。", "好。"], "我们走 吧。 好。"),
        (["- Yes.\n- No.", "Well."], "- Yes.\n- No. Well."),
        (["I say –\nwell – no.", "End."], "I say – well – no. End."),
        (["♪ La la ♪", "Nice.", "(LAUGHS)", "Yes."], "♪ La la ♪\nNice.\n(LAUGHS)\nYes."),
        (["It was", "1999", "then."], "It was 1999 then."),
        (["", "<i></i>", "Text."], "Text."),
    ],
)
def test_cues_are_joined(tmp_path: Path, cues: list[str], text: str) -> None:
    pytest.importorskip("webvtt")
    assert "\n\n".join(text_of(tmp_path, "a.srt", srt(*cues))) == text


def test_sentences_run_over_cues(tmp_path: Path) -> None:
    pytest.importorskip("webvtt")
    document = read_document(write(tmp_path, "a.srt", SRT), lang="en")
    assert [(s.text, s.paragraph) for s in document.sentences] == [
        ("Hello there, my friend.", 0),
        ("- How are you?", 0),
        ("- Fine.", 0),
        ("I was in 5 < 6 Paris.", 0),
        ("[DOOR SLAMS]", 0),
        ("What was that?", 0),
        ("Next scene.", 1),
        ("And it goes on.", 1),
        ("BERLIN 1999", 2),
        ("Guten Tag.", 3),
    ]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.srt", "Just text.\nMore.", "a.srt:1: this line belongs to no cue"),
        ("a.srt", "\n\n" + SRT[1:], "a.srt:4: the times of a cue without its number"),
        ("a.srt", "\nTitle\n\n" + SRT, "a.srt:2: this line belongs to no cue"),
        (
            "a.srt",
            SRT.replace("00:00:12,000", "00:12"),
            "a.srt:26: expected two times, like 00:01:02,500",
        ),
        ("a.srt", SRT.replace("6\n00:00:12", "\n00:00:12"), "a.srt:26: the times of a cue without"),
        ("a.srt", SRT + "\n10\n", "a.srt: a cue's number ends the file; it is cut short"),
        ("a.srt", SRT + "\n10\n00:00:50,000 -", "a.srt: a cue's number ends the file"),
        ("a.srt", VTT, "a.srt:1: this line belongs to no cue"),
        ("a.vtt", SRT, "a.vtt:1: not WebVTT: the first line must begin with WEBVTT"),
        ("a.vtt", VTT + "\norphan\n", "a.vtt:19: this line belongs to no cue"),
        (
            "a.vtt",
            VTT.replace("00:01.000", "1.000"),
            "a.vtt:12: expected two times, like 00:01:02.500",
        ),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\xe9", "a.srt:3: byte 0xe9 at offset 32"),
    ],
)
def test_broken_subtitles(tmp_path: Path, name: str, data: bytes | str, message: str) -> None:
    pytest.importorskip("webvtt")
    path = write(tmp_path, name, data)
    with pytest.raises(AlignError) as caught:
        extract_text(path)
    assert message in str(caught.value)


CUE = st.lists(LINE, min_size=1, max_size=3).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(CUE, max_size=8), st.sampled_from(["srt", "vtt"]))
def test_subtitles_keep_every_word(
    tmp_path_factory: pytest.TempPathFactory, cues: list[str], form: str
) -> None:
    pytest.importorskip("webvtt")
    data = srt(*cues) if form == "srt" else "WEBVTT\n\n" + srt(*cues).replace(",", ".")
    path = write(tmp_path_factory.mktemp("cues"), f"a.{form}", data)
    assert extract_text(path).split() == " ".join(cues).split()
