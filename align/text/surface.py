"""What the surface of sentences tells: lengths, closing marks, quotation, numbers, names.

These are the cues that translators leave untouched. Words are kept as fingerprints of their first
letters without accents, so that cognates and names meet. Most of it is found for many sentences at
once in arrays of characters; only the sentences with quotation marks, numbers or characters that no
table knows are looked at one by one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.text.characters import (
    ALNUM,
    HARD,
    LETTER,
    LISTED,
    QUOTE,
    SPEAKS,
    Characters,
    Ints,
    batches,
    characters_of,
)
from align.text.numbers import LONGEST_LABEL, is_label, months
from align.text.numerals import distinct, numbers_in, ragged

NONE, STOP, QUESTION, EXCLAMATION, DOTS, COLON, COMMA, SEMICOLON = range(8)  # closing marks
_ENDS = {
    **dict.fromkeys(".。．｡", STOP),
    **dict.fromkeys("?？؟", QUESTION),
    **dict.fromkeys("!！", EXCLAMATION),
    "…": DOTS,
    **dict.fromkeys(":：", COLON),
    **dict.fromkeys(",，、", COMMA),
    **dict.fromkeys(";；", SEMICOLON),
}
_CLOSERS = "\"'”’»›」』)]）】》〉*_“‘« \u00a0\u202f"
# bits of `marks`; SPEECH_OPEN: a quotation goes on after the sentence, SPEECH: there is one in it
ODD_QUOTES, SPEECH_FIRST, SPEECH_LAST, SPEECH_OPEN, LIST_MARK, WORDLESS, SPEECH = (
    1, 2, 4, 8, 16, 32, 64,
)  # fmt: skip
_APOSTROPHES = [ord(c) for c in "'’"]
_PAIRED = [ord(c) for c in '"“”„«»「」『』']
_SILENT = 10  # sentences without a mark after which a quotation is taken to be over
_LIST = re.compile(
    r"\s*(?:[-–—•*·]\s|\(?\d{1,2}[.)]\s|\(?[a-z][.)]\s|[一二三四五六七八九十]{1,3}、)"
)
STEM = 5  # letters of a word that make its fingerprint
_SHORTEST = 4  # letters of a word that is looked at
_BRIEF = 40  # characters that a sentence with hardly a word has not
_BASE, _SPREAD = np.uint64(0xD6E8FEB86659FD93), np.uint64(0x9E3779B97F4A7C15)  # of a stem's hash


@dataclass(frozen=True, slots=True)
class Surface:
    """The cues of n sentences; ragged lists as (ids [t], starts [n + 1])."""

    lengths: npt.NDArray[np.float32]  # [n]; UTF-8 bytes without white space, at least 1
    paragraphs: Ints  # [n]
    ends: Ints  # [n]; NONE .. SEMICOLON
    marks: Ints  # [n]; bits
    numbers: tuple[npt.NDArray[np.int32], Ints]
    names: tuple[npt.NDArray[np.int32], Ints]


def size_of(text: str) -> int:
    """UTF-8 bytes without spaces, at least 1."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return max(1, size - text.count(" "))


def _end(text: str) -> int:
    last = _ENDS.get(text[-1:])
    if last is not None:
        return last
    for c in reversed(text[-12:].rstrip()):
        if c in _ENDS:
            return _ENDS[c]
        if c not in _CLOSERS:
            return NONE
    return NONE


def _opens(text: str, at: int) -> bool | None:
    """Whether the quotation mark at this place opens; None for an apostrophe.

    Its form tells, or, for marks used both ways („so“, “so”, »so«, « so », 'so'), what is around.
    """
    mark = text[at]
    if mark in "”」』":
        return False
    if mark in "„「『‘‚":
        return True
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if mark in "'’" and before.isalnum() and after.isalnum():
        return None
    if mark in "«»‹›" and not after.isalnum() and (not before or before.isspace()):
        return mark in "«‹"  # set off by blanks, as in French
    return bool(after) and not after.isspace() and after not in ".,;:!?)"


def _quotation(texts: Sequence[str], found: Characters) -> tuple[Ints, Ints]:
    """ODD_QUOTES and SPEECH_LAST; 1 where the last quotation mark opens, 0 where it closes, -1
    where there is none. [n], [n]"""
    n = len(texts)
    bits, opened = np.zeros(n, np.int64), np.full(n, -1)
    at = np.flatnonzero(found.bits & QUOTE)
    code = found.codes[at]
    sentence = np.searchsorted(found.begins, at, side="right") - 1
    paired = sentence[np.isin(code, _PAIRED)]
    bits |= ODD_QUOTES * (np.bincount(paired, minlength=n) & 1)
    inside = found.bits[at - 1] & found.bits[at + 1] & ALNUM != 0
    mark = np.flatnonzero(~(np.isin(code, _APOSTROPHES) & inside))[::-1]
    last = -1
    for i, place in zip(
        sentence[mark].tolist(), (at - found.begins[sentence])[mark].tolist(), strict=True
    ):
        if i == last and opened[i] >= 0:
            continue
        opens = _opens(texts[i], place)
        if i != last and place == len(texts[i]) - 1 and not opens:
            bits[i] |= SPEECH_LAST
        if opens is not None:
            opened[i] = opens
        last = i
    return bits, opened


def _marks(texts: Sequence[str], found: Characters) -> tuple[Ints, Ints]:
    """Bits without SPEECH_OPEN and SPEECH, and what `_quotation` says of the last mark. [n], [n]"""
    marks, opened = _quotation(texts, found)
    begins = found.begins[:-1]
    head = found.bits[begins]
    marks |= SPEECH_FIRST * (head & SPEAKS != 0)
    for i in np.flatnonzero(head & (LISTED | HARD)).tolist():
        if _LIST.match(texts[i]):
            marks[i] |= LIST_MARK
    lengths = np.diff(found.begins) - 1
    letters = np.add.reduceat(found.bits & LETTER != 0, begins, dtype=np.int64)
    few = (lengths < _BRIEF) & (letters < np.maximum(2, lengths / 4))
    for i in np.flatnonzero(few).tolist():  # the table does not tell of all letters
        if sum(map(str.isalpha, texts[i])) < max(2, len(texts[i]) / 4):
            marks[i] |= WORDLESS
    for i in np.flatnonzero(lengths <= LONGEST_LABEL).tolist():
        if is_label(texts[i]):
            marks[i] |= LIST_MARK
    return marks, opened


def _spoken(opened: Ints) -> Ints:
    """SPEECH_OPEN and SPEECH of every sentence, from all the quotation marks before. [n] -> [n]"""
    here = np.arange(len(opened))
    last = np.maximum.accumulate(np.where(opened >= 0, here, -1))
    speaking = (last >= 0) & (opened[last] == 1) & (here - last < _SILENT)
    return SPEECH_OPEN * speaking + SPEECH * (speaking | (opened >= 0))


def _stem(letters: Ints, starts: Ints) -> npt.NDArray[np.int32]:
    """The fingerprints of the words that begin at these letters; behind a word is a 0."""
    key = np.zeros(len(starts), np.uint64)
    for place in range(STEM):
        key = key * _BASE + letters[starts + min(place, _SHORTEST)].view(np.uint64)
    return (key * _SPREAD >> np.uint64(33)).astype(np.int32)


@functools.cache
def _month_stems() -> npt.NDArray[np.int32]:
    """The fingerprints of the months' names."""
    names = [name for name in months() if len(name) >= _SHORTEST]
    letters = np.array([[*map(ord, name[:STEM].ljust(STEM, "\0"))] for name in names])
    return np.unique(_stem(letters.ravel(), np.arange(len(names)) * STEM))


def _words(found: Characters) -> tuple[Ints, Ints, Ints]:
    """Where the words of the plain sentences begin and end, and their sentences. [w] each"""
    edges = np.flatnonzero(np.diff(found.letters != 0)) + 1
    starts, ends = edges[::2], edges[1::2]
    long = np.flatnonzero(ends - starts >= _SHORTEST)
    starts, ends = starts[long], ends[long]
    bounds = np.searchsorted(starts, found.plain_begins)
    return starts, ends, np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))


def surface_of(texts: Sequence[str], paragraphs: Sequence[int]) -> Surface:
    """Looks at every sentence once."""
    nothing = np.empty(0, np.int64)
    ends, marks, opened = [nothing], [nothing], [nothing]
    names, name_counts, numbers, number_counts = [nothing], [nothing], [nothing], [nothing]
    for batch in batches(texts):
        found = characters_of(batch)
        ends.append(np.fromiter(map(_end, batch), np.int64, len(batch)))
        for column, part in zip((marks, opened), _marks(batch, found), strict=True):
            column.append(part)
        first, last, sentence = _words(found)
        stems = _stem(found.letters, first)
        spelled: list[tuple[int, str]] = []
        for i in np.flatnonzero(np.isin(stems, _month_stems())).tolist():
            word = "".join(map(chr, found.letters[first[i] : last[i]].tolist()))
            if word in months():
                spelled.append((int(sentence[i]), months()[word]))
        ids, counts = distinct(len(batch), sentence, stems)
        names.append(ids)
        name_counts.append(counts)
        ids, counts = numbers_in(found, spelled)
        numbers.append(ids)
        number_counts.append(counts)
    lengths = np.fromiter(map(size_of, texts), np.float32, len(texts))
    return Surface(
        lengths,
        np.asarray(paragraphs, np.int64),
        np.concatenate(ends),
        np.concatenate(marks) | _spoken(np.concatenate(opened)),
        ragged(numbers, number_counts),
        ragged(names, name_counts),
    )
