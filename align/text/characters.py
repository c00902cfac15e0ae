"""Sentences as one array of code points, with what each character is: tables, no loops.

What the tables say of a character holds wherever it stands. Characters of which more is to be
known than a table tells (accents that stand alone, ligatures, most scripts) are HARD: sentences
with one of them are looked at character by character, in their plain form.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.text.numbers import HAN_DIGITS, plain

Ints = npt.NDArray[np.int64]
# bits of a character; ALNUM and LETTER are told only of those that are not HARD
DIGIT, HAN_DIGIT, QUOTE, ALNUM, LISTED, SPEAKS, HARD, LETTER = 1, 2, 4, 8, 16, 32, 64, 128
QUOTES = "\"“”„«»「」『』'‘’‚‹›"
SPEAKERS = "\"“„«»「『'‘‹‚–—-"  # a quotation or a dialogue begins with one of these
_LISTED = "-–—•*·(一二三四五六七八九十"  # and white space, digits, small letters: begin a list mark
# The blocks the tables tell of, besides the Han characters
_BLOCKS = (
    (0, 0x250), (0x370, 0x530), (0x1E00, 0x1F00), (0x2010, 0x2070), (0x20A0, 0x20C0),
    (0x2190, 0x2200), (0x25A0, 0x2600), (0x3000, 0x3100), (0xFF00, 0xFFF0),
)  # fmt: skip
_HAN, _HEXAGRAMS = (0x3400, 0xA000), (0x4DC0, 0x4E00)  # the latter are signs among them
_SENTENCES, _CHARACTERS = 2048, 1 << 19  # looked at together
_END = 0x10000  # what lies beyond is HARD
_HAN_AND_KANA = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_LETTER = re.compile(rf"[^\W\d_{_HAN_AND_KANA}]")


@dataclass(frozen=True, slots=True)
class Characters:
    """n sentences as characters, with a line end before and after each."""

    codes: Ints  # [c]
    bits: npt.NDArray[np.uint8]  # [c]
    begins: Ints  # [n + 1]; where each sentence begins; the last: one behind the last line end
    letters: Ints  # [p] of the plain sentences: code point, 0 for what is no letter
    plain_bits: npt.NDArray[np.uint8]  # [p]
    plain_begins: Ints  # [n + 1]
    texts: Sequence[str]  # [n]; plain as far as they have HARD characters: p in all


def sentences_at(places: Ints, begins: Ints) -> Ints:
    """The numbers of the sentences in which these places lie, each once, in order."""
    ordered = np.searchsorted(begins, places, side="right") - 1
    return ordered[np.flatnonzero(np.diff(ordered, prepend=-1))]


@functools.cache
def _tables() -> tuple[npt.NDArray[np.uint8], Ints]:
    """By code point: its bits, and the letter it is in plain text (0: none)."""
    bits = np.full(_END + 1, HARD, np.uint8)
    letters = np.zeros(_END + 1, np.int64)
    bits[slice(*_HAN)] = ALNUM | LETTER
    bits[slice(*_HEXAGRAMS)] = 0
    for block in _BLOCKS:
        for code in range(*block):
            char = chr(code)
            found = plain(char)
            letter = bool(_LETTER.search(found))
            if len(found) == 1 and char != "\u03a3":  # Σ: its lower case depends on its place
                letters[code] = ord(found) if letter else 0
            elif not found or letter or any(map(str.isalnum, found)):
                continue
            bits[code] = ALNUM * char.isalnum() | LETTER * char.isalpha()
            bits[code] |= DIGIT * any(map(str.isdecimal, found))
            bits[code] |= HAN_DIGIT * (found in HAN_DIGITS)
            bits[code] |= LISTED * (char.isspace() or char.isdecimal() or char.islower())
    for bit, chars in ((HAN_DIGIT, HAN_DIGITS), (QUOTE, QUOTES), (LISTED, _LISTED)):
        bits[list(map(ord, chars))] |= bit
    bits[list(map(ord, SPEAKERS))] |= SPEAKS
    return bits, letters


def batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The sentences in groups that are good to look at together."""
    begin = characters = 0
    for i, text in enumerate(texts):
        characters += len(text)
        if i - begin + 1 == _SENTENCES or characters > _CHARACTERS or i + 1 == len(texts):
            yield texts[begin : i + 1]
            begin, characters = i + 1, 0


def _joined(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Code points, and where each text begins."""
    joined = "\n" + "\n".join(texts) + "\n"
    if joined.isascii():
        codes = np.frombuffer(joined.encode(), np.uint8).astype(np.int64)
    else:
        raw = joined.encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(raw, np.uint32).astype(np.int64)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return codes, np.concatenate([[1], np.cumsum(lengths + 1) + 1])


def characters_of(texts: Sequence[str]) -> Characters:
    """The characters of some sentences."""
    bit, letter = _tables()
    codes, begins = _joined(texts)
    bits = bit.take(codes, mode="clip")
    hard = sentences_at(np.flatnonzero(bits & HARD), begins)
    if not len(hard):
        return Characters(codes, bits, begins, letter.take(codes), bits, begins, texts)
    simple = list(texts)
    for i in hard.tolist():
        simple[i] = plain(simple[i])
    new_codes, new_begins = _joined(simple)
    letters = letter.take(new_codes, mode="clip")
    # what is HARD still stands for itself
    new_bits = bit.take(new_codes, mode="clip")
    places = np.flatnonzero(new_bits & HARD)
    odd, which = np.unique(new_codes[places], return_inverse=True)
    chars = list(map(chr, odd.tolist()))
    letters[places] = np.where([_LETTER.match(c) is not None for c in chars], odd, 0)[which]
    new_bits[places] |= np.array([DIGIT * c.isdecimal() for c in chars], np.uint8)[which]
    return Characters(codes, bits, begins, letters, new_bits, new_begins, simple)
