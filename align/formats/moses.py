"""Moses pairs: two text files with the same number of lines, `book.en` and `book.de`.

The path is what stands before the language: `book` (or `book.gz` for compressed files). Line
breaks in a text become a space, a lone surrogate becomes U+FFFD. Nothing but text is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from align.errors import AlignError
from align.formats.files import PACKED, STREAM, lines, opening_line, writing
from align.formats.rows import Header, Row, known, well_formed, with_languages

_BREAKS = str.maketrans("\n\r", "  ")


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write both files and return the number of lines in each."""
    rows, header = with_languages(rows, header)
    src_path, tgt_path = _paths(path, header)
    count = 0
    with writing(src_path) as src, writing(tgt_path) as tgt:
        for count, row in enumerate(rows, 1):
            for out, text in ((src, row.src), (tgt, row.tgt)):
                line = well_formed(known(text, count).translate(_BREAKS)) + "\n"
                out.write(opening_line(line) if count == 1 else line)
        src.flush()  # a full disk shows now, before either file is there
        tgt.flush()
    return count


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield a row for each line. Files of different lengths are an AlignError."""
    src_path, tgt_path = (_existing(p) for p in _paths(path, header))
    sides = (lines(p, header.encoding) for p in (src_path, tgt_path))
    for src, tgt in zip_longest(*sides):
        if src is None or tgt is None:
            short, long = (src_path, tgt_path) if src is None else (tgt_path, src_path)
            line = (src or tgt)[0]
            raise AlignError(
                f"{short}:{line}: the file ends after {line - 1} lines, but {long} has more; "
                "a pair of Moses files has as many lines on both sides"
            )
        yield Row(src=src[1], tgt=tgt[1], src_lang=header.src_lang, tgt_lang=header.tgt_lang)


def _paths(path: str, header: Header) -> tuple[str, str]:
    if path == STREAM:
        raise AlignError("moses writes and reads two files, so it needs a name, not -")
    if not header.src_lang or not header.tgt_lang:
        raise AlignError(
            f"{path}: moses files are named by language ({path}.en, {path}.de); "
            "give both with -s and -t"
        )
    if header.src_lang == header.tgt_lang:
        raise AlignError(f"{path}: both languages are {header.src_lang}; one file would be lost")
    packed = Path(path).suffix if Path(path).suffix.lower() in PACKED else ""
    stem = path.removesuffix(packed) if packed else path
    return f"{stem}.{header.src_lang}{packed}", f"{stem}.{header.tgt_lang}{packed}"


def _existing(path: str) -> str:
    """The path, or its compressed form when only that is there."""
    for packed in ("", *PACKED):
        if Path(path + packed).is_file():
            return path + packed
    return path
