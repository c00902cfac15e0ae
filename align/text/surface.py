"""What a sentence shows without being understood: length, punctuation, numbers, names.

These are the cues that translators leave untouched. Numbers are brought to one form for all
languages (1,956 = 1.956 = 1 956 = 一千九百五十六; 3,5 = 3.5; month names and their numbers agree);
words are kept as fingerprints of their first letters without accents, so that cognates and names
meet.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
_QUOTES = re.compile(r"[\"“”„«»「」『』]")
_MARKS = re.compile(r"[\"“”„«»「」『』'‘’‚‹›]")
_SPEAKS = "\"“„«»「『'‘‹‚–—-"
_SILENT = 10  # sentences without a mark after which a quotation is taken to be over
_LIST = re.compile(
    r"\s*(?:[-–—•*·]\s|\(?\d{1,2}[.)]\s|\(?[a-z][.)]\s|[一二三四五六七八九十]{1,3}、)"
)
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_HAN_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万亿]{2,}")
_HAN_AND_KANA = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_WORD = re.compile(rf"[^\W\d_{_HAN_AND_KANA}]{{4,}}")
_ASCII_WORD = re.compile(r"[a-z]{4,}")
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_ANY_NUMBER = re.compile(r"[\d零〇一二两三四五六七八九十百千万亿]")
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000}
STEM = 5  # letters of a word that make its fingerprint


@dataclass(frozen=True, slots=True)
class Surface:
    """The cues of n sentences; ragged lists as (ids [t], starts [n + 1])."""

    lengths: npt.NDArray[np.float32]  # [n]; UTF-8 bytes without white space, at least 1
    paragraphs: npt.NDArray[np.int64]  # [n]
    ends: npt.NDArray[np.int64]  # [n]; NONE .. SEMICOLON
    marks: npt.NDArray[np.int64]  # [n]; bits
    numbers: tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]
    names: tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]


@functools.cache
def _months() -> dict[str, str]:
    """Month name, without accents -> its number, from months.txt (one line a month)."""
    lines = Path(__file__).with_name("months.txt").read_text(encoding="utf-8").splitlines()
    return {name: str(number) for number, line in enumerate(lines, 1) for name in line.split()}


def _fingerprint(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) & 0x7FFFFFFF


class _Prints(dict[str, int]):
    """The fingerprint of each word's stem, remembered."""

    def __missing__(self, word: str) -> int:
        found = self[word] = _fingerprint(word[:STEM])
        return found


def _plain(text: str) -> str:
    """Lower case, compatibility forms folded, accents dropped."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower()))


def han_number(text: str) -> int | None:
    """The value of a number in Chinese characters; None where it is none."""
    if all(c in _DIGIT for c in text):
        return int("".join(str(_DIGIT[c]) for c in text))  # 一九五六
    total = part = digit = 0
    for c in text:
        if c in _DIGIT:
            digit = _DIGIT[c]
        elif c in _UNIT:
            part, digit = part + (digit or 1) * _UNIT[c], 0
        elif not (part or digit or total):
            return None  # 万一, 亿万: words, not numbers
        else:  # 万, 亿
            scale = 10_000 if c == "万" else 100_000_000
            total, part, digit = (total + part + digit) * scale, 0, 0
    return total + part + digit


def numbers_of(text: str) -> list[str]:
    """The numbers of a (plain) sentence in one form for all languages, in order."""
    found = []
    for match in _NUMBER.finditer(text):
        digits = match[0]
        if not digits.isdecimal():
            head, _, tail = digits.rpartition(
                next(c for c in reversed(digits) if not c.isdecimal())
            )
            digits = (
                "".join(c for c in digits if c.isdecimal())
                if len(tail) == 3
                else "".join(c for c in head if c.isdecimal()) + "." + tail
            )
        found.append(digits.lstrip("0") or "0")
    for match in _HAN_NUMBER.finditer(text):
        value = han_number(match[0])
        if value is not None and value > 2:
            found.append(str(value))
    return found


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


def _marks(text: str) -> tuple[int, bool | None]:
    """Bits without SPEECH_OPEN, and whether the last quotation mark opens (None: none there)."""
    bits, opened = 0, None
    head, tail = text[:1], text[-1:]
    if _MARKS.search(text):
        if len(_QUOTES.findall(text)) % 2:
            bits |= ODD_QUOTES
        for match in reversed(list(_MARKS.finditer(text))):
            opened = _opens(text, match.start())
            if opened is not None:
                break
        if _MARKS.match(tail) and not _opens(text, len(text) - 1):
            bits |= SPEECH_LAST
    if head and head in _SPEAKS:
        bits |= SPEECH_FIRST
    if _LIST.match(text):
        bits |= LIST_MARK
    if len(text) < 40 and sum(map(str.isalpha, text)) < max(2, len(text) / 4):
        bits |= WORDLESS
    return bits, opened


def surface_of(texts: Sequence[str], paragraphs: Sequence[int]) -> Surface:
    """Looks at every sentence once."""
    n = len(texts)
    lengths, ends, marks = [1] * n, [NONE] * n, [0] * n
    numbers: list[int] = []
    names: list[int] = []
    number_starts, name_starts = [0], [0]
    months = _months()
    print_of, no_month = _Prints().__getitem__, months.keys().isdisjoint
    speaking, silent = False, 0

    for i, text in enumerate(texts):
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        lengths[i] = max(1, size - text.count(" "))
        ends[i] = _end(text)
        marks[i], opened = _marks(text)
        silent = 0 if opened is not None else silent + 1
        speaking = opened if opened is not None else speaking and silent < _SILENT
        marks[i] |= SPEECH_OPEN * speaking | SPEECH * (speaking or opened is not None)
        plain = _plain(text)
        words = (_ASCII_WORD if plain.isascii() else _WORD).findall(plain)
        names += sorted(set(map(print_of, words)))
        found = set() if no_month(words) else {months[word] for word in words if word in months}
        if _ANY_NUMBER.search(plain):
            found.update(numbers_of(plain))
        numbers += sorted(map(_fingerprint, found))
        number_starts.append(len(numbers))
        name_starts.append(len(names))
    return Surface(
        np.array(lengths, np.float32),
        np.asarray(paragraphs, np.int64),
        np.array(ends, np.int64),
        np.array(marks, np.int64),
        (np.array(numbers, np.int32), np.array(number_starts, np.int64)),
        (np.array(names, np.int32), np.array(name_starts, np.int64)),
    )
