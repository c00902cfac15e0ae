"""Any form of input into a `Document`: read, told its language, split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from align.errors import AlignError
from align.options import Options
from align.text.inputs import FORMS, TEXT, extract_text, form_of
from align.text.languages import detect_language, normalise_language
from align.text.reading import STDIN, check_text
from align.text.sentences import Splitter, presplit_sentences, spans_of, split_sentences
from align.types import Document, Sentence

log = logging.getLogger("align")

_UNSURE = 0.5  # confidence below which a detected language is called a guess

Source = str | Path | Sequence[str] | Document


def read_document(
    source: Source,
    *,
    lang: str | None = None,
    options: Options | None = None,
    splitter: Splitter | None = None,
    input_format: str | None = None,
) -> Document:
    """The sentences of `source`, their spans and their language.

    `source` is a `pathlib.Path` (a file), "-" (standard input), a `str` (the text itself), a
    list of sentences, or a ready Document. `lang` is any code of a language; None detects it.
    `options` says how to read and to split (`encoding`, `presplit`, `wrapped`); a list is
    always taken as split. `splitter(text)` may replace the splitter of the package; it returns
    the sentences of the text in order. A file's kind goes by its suffix (web page, Markdown,
    Word, EPUB, subtitles; plain text otherwise) unless `input_format` names it; spans refer to
    its text as `align.text.inputs.extract_text` returns it. Raises AlignError for input that is
    no text, an unknown form of language code, or a splitter that changes or loses text.
    """
    options = options or Options()
    lang = None if lang is None else normalise_language(lang)
    if isinstance(source, Document):
        return source if lang is None else replace(source, lang=lang)
    if not isinstance(source, str | Path):
        sentences = _checked_list(source)
        return Document(sentences, lang or _detect("\n".join(source), "<list>"), "<list>")
    if isinstance(source, Path) or source == STDIN:
        name = str(source)
        form = input_format or form_of(name)
        if options.presplit and form != TEXT and form in FORMS:
            raise AlignError(
                f"{name}: {FORMS[form].title} has no sentence a line; presplit text "
                "is plain text: give it a .txt name"
            )
        text = extract_text(source, options.encoding, form)
    else:
        name, text = "<text>", check_text(source, "<text>")
        _refuse_file_name(text)
    lang = lang or _detect(text, name)
    if options.presplit:
        sentences = presplit_sentences(text)
    elif splitter is not None:
        sentences = spans_of(text, splitter(text))
    else:
        sentences = split_sentences(text, lang, options.wrapped)
    return Document(sentences, lang, name)


def _detect(text: str, name: str) -> str | None:
    found = detect_language(text)
    if found.lang is None:
        log.info("%s: too little text to tell its language", name)
    elif found.confidence < _UNSURE:
        log.warning("%s: language %s is a guess; better name it", name, found.lang)
    else:
        log.info("%s: language %s detected", name, found.lang)
    return found.lang


def _checked_list(source: Sequence[str]) -> tuple[Sentence, ...]:
    """A list of sentences, each of which must be text."""
    if isinstance(source, bytes) or not isinstance(source, Sequence):
        raise AlignError(
            "expected text as str, a file as pathlib.Path, a list of sentences or a Document, "
            f"got {type(source).__name__}"
        )
    for number, sentence in enumerate(source):
        if not isinstance(sentence, str):
            kind = type(sentence).__name__
            raise AlignError(f"sentence {number} of the list: expected str, got {kind}")
        check_text(sentence, f"sentence {number} of the list")
    return presplit_sentences(source)


def _refuse_file_name(text: str) -> None:
    """Stop a str that is meant as the name of a file: a plain str is the text itself."""
    suffix = Path(text).suffix if len(text) < 1000 and not any(map(str.isspace, text)) else ""
    if 2 <= len(suffix) <= 6 and Path(text).is_file():
        raise AlignError(
            f"{text!r} is taken as the text itself, but a file of this name exists; to read it, "
            f"pass pathlib.Path({text!r})"
        )
