"""Every form of input into a Document."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from align.errors import AlignError
from align.options import Options
from align.text.document import read_document
from align.types import Document, Sentence

TEXT = (
    "Der alte Mann und das Meer. Er war nicht da.\n\nDas ist die Geschichte von ihm, z. B. hier.\n"
)


def test_a_file_is_read_split_and_told_its_language(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    with caplog.at_level(logging.INFO, "align"):
        document = read_document(path)
    assert document == Document(
        (
            Sentence("Der alte Mann und das Meer.", 0, 27, 0),
            Sentence("Er war nicht da.", 28, 44, 0),
            Sentence("Das ist die Geschichte von ihm, z. B. hier.", 48, 91, 1),
        ),
        "de",
        str(path),
    )
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", f"{path}: language de detected")
    ]


def test_a_language_that_is_given_is_not_detected(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "align"):
        assert read_document(TEXT, lang="deu").lang == "de"
        assert read_document(TEXT, lang="fr-CA").lang == "fr"
        assert read_document(["Hello."], lang="tlh").lang == "tlh"
    assert not caplog.records


def test_a_str_is_the_text_itself() -> None:
    document = read_document("One is here. Two is there.", lang="en")
    assert document.texts == ["One is here.", "Two is there."]
    assert document.name == "<text>"
    assert read_document("") == Document((), None, "<text>")


def test_a_str_that_names_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("One.", encoding="utf-8")
    (tmp_path / "plain").write_text("One.", encoding="utf-8")
    with pytest.raises(AlignError, match=r"pass pathlib\.Path\('a\.txt'\)"):
        read_document("a.txt", lang="en")
    assert read_document("b.txt", lang="en").texts == ["b.txt"]
    assert read_document("plain", lang="en").texts == ["plain"]


def test_a_list_is_split_already() -> None:
    document = read_document(["One. Still one.", "", " Two"], lang="en")
    assert document.sentences == (
        Sentence("One. Still one.", 0, 15, 0),
        Sentence("", 16, 16, 1),
        Sentence("Two", 18, 21, 1),
    )
    assert read_document(("One.",), lang="en").texts == ["One."]
    assert read_document([], lang="en") == Document((), "en", "<list>")


def test_presplit_text_has_one_sentence_a_line() -> None:
    options = Options(presplit=True)
    document = read_document("One. Still one.\n\nTwo\n", lang="en", options=options)
    assert document.texts == ["One. Still one.", "", "Two"]


def test_options_reach_the_reader_and_the_splitter(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Ein\nÄrger. Zwei".encode("latin-1"))
    options = Options(encoding="latin-1", wrapped=True)
    assert read_document(path, lang="de", options=options).texts == ["Ein\nÄrger.", "Zwei"]


def test_a_document_stays_what_it_is() -> None:
    document = Document((Sentence("One", 0, 3),), None, "mine")
    assert read_document(document) is document
    assert read_document(document, lang="eng") == Document(document.sentences, "en", "mine")


def test_any_callable_may_split() -> None:
    document = read_document("a;b; c", lang="en", splitter=lambda text: ["a;", "b;", "c"])
    assert [(s.text, s.start) for s in document.sentences] == [("a;", 0), ("b;", 2), ("c", 5)]
    with pytest.raises(AlignError, match="must return all of the text"):
        read_document("a;b; c", lang="en", splitter=lambda text: text.split(";"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"bytes", "expected text as str, .* got bytes"),
        (5, "got int"),
        (None, "got NoneType"),
        ({"a": 1}, "got dict"),
        (["a", 3], "sentence 1 of the list: expected str, got int"),
        (["a", "b\0"], "sentence 1 of the list:1: NUL character at character 1"),
        ("a\n\0", "<text>:2: NUL character at character 2"),
        ("ab \ud800", "<text>:1: half a surrogate pair, U\\+D800, at character 3"),
    ],
)
def test_what_is_no_document_is_refused(source: object, message: str) -> None:
    with pytest.raises(AlignError, match=message):
        read_document(source, lang="en")  # type: ignore[arg-type]


def test_a_guess_is_called_a_guess(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("py3langid")
    with caplog.at_level(logging.INFO, "align"):
        assert read_document("Hello world").lang == "en"
        assert read_document("12 34").lang is None
    assert [r.getMessage() for r in caplog.records] == [
        "<text>: language en is a guess; better name it",
        "<text>: too little text to tell its language",
    ]
