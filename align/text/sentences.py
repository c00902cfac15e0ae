"""Text into sentences with exact spans: rules and abbreviation lists, no model.

The text is cut into blocks (lines, or paragraphs where the lines are wrapped) and each block
at the final marks that end a sentence (`spaced` and `han` hold the rules). Every visible
character belongs to exactly one sentence, and `text[s.start:s.end] == s.text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, groupby
from operator import itemgetter

from align.errors import AlignError
from align.text.han import ends_han
from align.text.spaced import ends_spaced
from align.text.wordlists import rules_of
from align.types import Sentence

Splitter = Callable[[str], Sequence[str]]

# Languages written without spaces between words and with full-width final marks.
_CHINESE = frozenset({"zh", "yue", "wuu", "lzh", "nan", "hak"})
_BREAK = r"\n\r\x85\u2028\u2029"
_LINE = re.compile(rf"[^{_BREAK}]+")
# A byte order mark and a zero-width space are as invisible as white space.
_INVISIBLE = "\ufeff\u200b"
_VISIBLE = re.compile(rf"[^\s{_INVISIBLE}]")
_INPUT_LINE = re.compile(r"\r\n|\n|\r")


def split_sentences(text: str, lang: str | None, wrapped: bool = False) -> tuple[Sentence, ...]:
    """The sentences of `text`, in order, stripped of outer white space, none empty.

    A blank line ends a paragraph, and with it a sentence. A single line break ends a sentence
    too unless `wrapped`. `lang` is a two-letter code; languages without rules of their own get
    common ones. The time is linear in the length of the text, whatever its lines.
    """
    rules = rules_of("zh" if lang in _CHINESE else lang)
    ends = ends_han if lang in _CHINESE or lang == "ja" else ends_spaced
    found: list[Sentence] = []
    append = found.append
    for start, end, paragraph in _blocks(text, wrapped):
        for stop, follow in ends(text, start, end, rules):
            append(Sentence(text[start:stop], start, stop, paragraph))
            start = follow
        append(Sentence(text[start:end], start, end, paragraph))
    return tuple(found)


def presplit_sentences(text: str | Sequence[str]) -> tuple[Sentence, ...]:
    """The sentences of text that has one a line already, or of a list of sentences.

    Sentence `i` is line `i`, counted from 0: an empty line is an empty sentence, so that
    sentence numbers are line numbers; only the end of the last line adds none. Sentences are
    stripped of outer white space; the spans of a list refer to its items joined by "\\n".
    Empty lines part the paragraphs.
    """
    if isinstance(text, str):
        bounds = [match.span() for match in _INPUT_LINE.finditer(text)]
        starts = [0, *(after for _, after in bounds)]
        ends = [*(before for before, _ in bounds), len(text)]
        if starts[-1] == len(text):  # nothing behind the last line's end
            starts.pop()
            ends.pop()
        lines = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    else:
        lines = list(text)
        starts = [0, *accumulate(len(line) + 1 for line in lines[:-1])] if lines else []
    found = []
    paragraph, fresh = 0, True
    for line, start in zip(lines, starts, strict=True):
        bare = _bare(line)
        if not bare and not fresh:
            paragraph, fresh = paragraph + 1, True
        fresh = fresh and not bare
        start += line.index(bare)
        found.append(Sentence(bare, start, start + len(bare), paragraph))
    return tuple(found)


def spans_of(text: str, pieces: Sequence[str]) -> tuple[Sentence, ...]:
    """The exact spans of sentences that another splitter cut from `text`.

    Pieces are stripped of outer white space and empty ones left out. Raises AlignError when a
    piece does not stand in the text where the one before it ended, or text is left over: a
    splitter must neither change nor lose anything.
    """
    found: list[Sentence] = []
    at = paragraph = 0
    for number, piece in enumerate(pieces):
        if not isinstance(piece, str):
            raise AlignError(
                f"splitter: sentence {number}: expected str, got {type(piece).__name__}"
            )
        bare = _bare(piece)
        if not bare:
            continue
        start = _next_visible(text, at)
        if not text.startswith(bare, start):
            raise AlignError(
                f"splitter: sentence {number} is {_short(bare)}, but the text goes on with "
                f"{_short(text[start : start + 60])} at character {start}; a splitter must return "
                "all of the text, unchanged and in order"
            )
        if found and _is_blank_line(text[at:start]):
            paragraph += 1
        at = start + len(bare)
        found.append(Sentence(bare, start, at, paragraph))
    rest = _next_visible(text, at)
    if rest < len(text):
        raise AlignError(
            f"splitter: {len(found)} sentences end at character {at} of {len(text)}, before "
            f"{_short(text[rest : rest + 60])}; a splitter must return all of the text"
        )
    return tuple(found)


def _bare(line: str) -> str:
    return line.strip().strip(_INVISIBLE).strip()


def _next_visible(text: str, start: int) -> int:
    match = _VISIBLE.search(text, start)
    return match.start() if match else len(text)


def _is_blank_line(gap: str) -> bool:
    """Whether the white space between two sentences holds an empty line."""
    return len(_INPUT_LINE.findall(gap)) > 1


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _blocks(text: str, wrapped: bool) -> Iterator[tuple[int, int, int]]:
    """`(start, end, paragraph)` of the stretches that no sentence leaves, in order."""
    lines = _lines(text)
    if not wrapped:
        yield from lines
        return
    for number, group in groupby(lines, key=itemgetter(2)):
        members = list(group)
        yield members[0][0], members[-1][1], number


def _lines(text: str) -> Iterator[tuple[int, int, int]]:
    """`(start, end, paragraph)` of every line with something visible in it, trimmed."""
    number, fresh = 0, True  # fresh: the paragraph has no line yet
    last = 0
    for match in _LINE.finditer(text):
        start, end = match.span()
        gap = text[last:start]
        last = end
        visible = _VISIBLE.search(text, start, end)
        blank = visible is None or gap == "\u2029" or (len(gap) > 1 and gap != "\r\n")
        if blank and not fresh:
            number, fresh = number + 1, True
        if visible is None:
            continue
        while text[end - 1].isspace() or text[end - 1] in _INVISIBLE:
            end -= 1
        fresh = False
        yield visible.start(), end, number
