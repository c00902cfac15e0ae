"""Documents that are more than plain text: web pages, Markdown, Word, EPUB, subtitles.

Every kind becomes a list of paragraphs (headings, list items and table cells are paragraphs
too), and the document's text is these paragraphs with a blank line between them. Sentences and
spans refer to that text. A line break inside a paragraph is one the author set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from align.errors import AlignError
from align.text.reading import PACKED, check_text, codec_of, read_data, read_text

TEXT = "text"
_LIMIT = 64 << 20  # most bytes of one document that is all text


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of document: how messages call it, and its suffixes."""

    title: str
    suffixes: tuple[str, ...]
    limit: int = _LIMIT  # most bytes of a file


FORMS = {
    TEXT: Form("plain text", (".txt",)),
    "html": Form("a web page", (".html", ".htm", ".xhtml")),
    "markdown": Form("Markdown", (".md", ".markdown")),
    "docx": Form("a Word document", (".docx",), 1 << 30),
    "epub": Form("an EPUB book", (".epub",), 1 << 30),
    "srt": Form("SubRip subtitles", (".srt",)),
    "vtt": Form("WebVTT subtitles", (".vtt",)),
}


def form_of(name: str) -> str:
    """The kind of a file by its suffix, which a compression's may follow; "text" if none's."""
    path = Path(name)
    if path.suffix.lower() in PACKED:
        path = Path(path.stem)
    suffix = path.suffix.lower()
    return next((key for key, form in FORMS.items() if suffix in form.suffixes), TEXT)


def extract_text(
    source: str | Path, encoding: str = "utf-8", input_format: str | None = None
) -> str:
    """The text of a file of any kind, or of standard input for "-".

    `input_format` is a key of `FORMS`; None goes by the suffix. Plain text comes back as it
    stands, of the rest the paragraphs with a blank line between them. `encoding` is that of
    plain text, Markdown and subtitles, and of a web page that is not in UTF-8 and names none.
    Raises AlignError for damaged or dangerous files, those of another kind, and a library that
    is not installed.
    """
    name = str(source)
    form = form_of(name) if input_format is None else input_format
    if form not in FORMS:
        raise AlignError(f"unknown input format {form!r}; choose from {', '.join(FORMS)}")
    if form == TEXT:
        return read_text(source, encoding)
    codec_of(encoding)
    data = read_data(source)
    limit = FORMS[form].limit
    if len(data) > limit:
        raise AlignError(
            f"{name}: {len(data) >> 20} MiB, more than the {limit >> 20} MiB that "
            f"{FORMS[form].title} may have; cut it in parts"
        )
    found = _reader(form)(data, name, encoding) if data.strip() else []
    return check_text("\n\n".join(found), name)


def _reader(form: str) -> Callable[[bytes, str, str], list[str]]:
    """`(data, name, encoding) -> paragraphs` of a kind; its module is imported only now."""
    if form == "html":
        from align.text.inputs.web import paragraphs
    elif form == "markdown":
        from align.text.inputs.markdown import paragraphs
    elif form == "docx":
        from align.text.inputs.word import paragraphs
    elif form == "epub":
        from align.text.inputs.epub import paragraphs
    else:
        from align.text.inputs import subtitles

        return subtitles.reader(form)
    return paragraphs
