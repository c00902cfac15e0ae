"""Texts to one array of normalised code points, cut into chunks and hashed, all in numpy.

A chunk is a run of Chinese characters, of other word characters, or of punctuation. Its 64-bit
hash is a polynomial over the code points, modulo 2 ** 64, so that the hash of any part comes from
two running sums (Karp and Rabin 1987): chunks are looked up in the memo and their parts in the
vocabulary without making one Python string.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.encoders.pieces import CLAUSE_ENDS, _simplified
from align.encoders.pieces import HAN as HAN_CLASS
from align.encoders.pieces import PUNCT as PUNCT_CLASS
from align.encoders.pieces import SPACE as SPACE_CLASS

WORD, SPACE, HAN, PUNCT = 0, 1, 2, 3  # kinds of characters
# Tables end where Unicode 17's letters do; tags (U+E0000..E0FFF) are moved behind that, and what
# is left (unassigned, private use) is one character that no vocabulary has.
_PLANES, _TAGS, _NOBODY = 0x40000, 0xE0000, 0x41000
_BASE = 0x9E3779B97F4A7C13  # 3 modulo 8: of the longest period there is
_FEWEST, _KEPT = 1 << 10, 1 << 20  # powers made at once, and kept between calls
# Blocks of characters that may be normalised one by one; which of them may is looked up
_SIMPLE = ((0x80, 0x250), (0x2010, 0x20C0), (0x2190, 0x2200), (0x3000, 0x3100), (0xFF01, 0xFFE7))
_UNIFIED = (0x3400, 0xA000)  # all of these may: they are their own normal form
_HARD = 4  # bit of a kind: the text around needs unicodedata's help

Codes = npt.NDArray[np.int64]  # what numpy indexes with, so that no table look-up converts it
Kinds = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


def _mix(values: Hashes) -> Hashes:
    """A random-looking 64-bit number of each (splitmix64's finaliser, Steele 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _ranges(spec: str) -> list[tuple[int, int]]:
    """The inside of a regular expression's character class as (first, last) pairs."""
    found, at = [], 0
    while at < len(spec):
        at += spec[at] == "\\"
        last = at + 2 if spec[at + 1 : at + 2] == "-" else at
        found.append((ord(spec[at]), ord(spec[last])))
        at = last + 1
    return found


def _alone(code: int) -> int | None:
    """The normal form of a character, if it is one character that no neighbour changes."""
    found = unicodedata.normalize("NFKC", chr(code))
    if len(found) > 1 or found in "\u0130\u03a3" or unicodedata.combining(found):
        return None
    return ord(found)


@functools.cache
def _tables() -> tuple[Codes, Kinds, Kinds, Hashes]:
    """By code point: its normal form, the kind of that (or _HARD); its own kind, its own hash."""
    fold = np.arange(_NOBODY + 1)
    lower = fold[:0x20000].astype(np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    lower = lower.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()  # see normal()
    fold[:0x20000] = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), np.uint32)
    simplified = _simplified()
    fold[list(simplified)] = [ord(c) for c in simplified.values()]
    hard = np.full(_NOBODY + 1, _HARD, np.uint8)
    hard[:0x80] = hard[slice(*_UNIFIED)] = 0
    for block in _SIMPLE:
        for code in range(*block):
            found = _alone(code)
            if found is not None:
                hard[code], fold[code] = 0, fold[found]
    kinds = np.zeros(_NOBODY + 1, np.uint8)
    for kind, spec in ((SPACE, SPACE_CLASS), (HAN, HAN_CLASS), (PUNCT, PUNCT_CLASS)):
        for first, last in _ranges(spec):
            kinds[first : last + 1] = kind
    return fold, kinds[fold] | hard, kinds, _mix(np.arange(_NOBODY + 1, dtype=np.uint64))


_powers_kept: tuple[Hashes, Hashes] = (np.ones(1, np.uint64), np.ones(1, np.uint64))


def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The base's powers 0 .. count - 1 and their inverses, modulo 2 ** 64."""
    global _powers_kept
    powers, inverses = _powers_kept
    if len(powers) < count:
        size = max(_FEWEST, 1 << (count - 1).bit_length()) if count <= _KEPT else count
        powers, inverses = np.full((2, size), _BASE, np.uint64)
        inverses[:] = pow(_BASE, -1, 1 << 64)
        powers[0] = inverses[0] = 1
        np.cumprod(powers, out=powers)
        np.cumprod(inverses, out=inverses)
        if size <= _KEPT:
            _powers_kept = powers, inverses
    return powers, inverses


@dataclass(frozen=True, slots=True)
class Chunks:
    """Texts as code points with their chunks: c characters, k chunks, n texts."""

    codes: Codes  # [c] normalised
    kinds: Kinds  # [c]
    sums: Hashes  # [c + 1] running sum of hash * power
    inverses: Hashes  # [> c] inverse powers
    starts: Ints  # [k] first character of each chunk
    ends: Ints  # [k]
    han: npt.NDArray[np.bool_]  # [k] whether it is Chinese
    offsets: Ints  # [n + 1] text i has the chunks offsets[i] .. offsets[i + 1]

    def hashes(self, starts: Ints, ends: Ints) -> Hashes:
        """The hash of the characters starts[i] .. ends[i]. [m] -> [m]."""
        return (self.sums[ends] - self.sums[starts]) * self.inverses[starts]


def normal(text: str) -> str:
    """NFKC; the tables do the rest, but for two letters whose lower case is no single one."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return text.lower() if "\u0130" in text or "\u03a3" in text else text


def _codes(strings: Sequence[str]) -> tuple[Codes, Ints]:
    """Code points, a newline before and after each string, and where each begins, [n + 1]."""
    joined = "\n" + "\n".join(strings) + "\n"
    if joined.isascii():
        codes = np.frombuffer(joined.encode(), np.uint8).astype(np.int64)
    else:
        raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = raw.astype(np.int64)
        if int(raw.max()) >= _PLANES:
            moved = np.where(codes >> 12 == _TAGS >> 12, codes - (_TAGS - _PLANES), _NOBODY)
            codes = np.where(codes < _PLANES, codes, moved)
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    return codes, np.concatenate([[1], np.cumsum(lengths + 1) + 1])


def _running(codes: Codes) -> tuple[Hashes, Hashes]:
    """Running sums of hash * power, [c + 1], and the inverse powers."""
    powers, inverses = _powers(len(codes) + 1)
    sums = np.empty(len(codes) + 1, np.uint64)
    sums[0] = 0
    hashes = _tables()[3].take(codes)
    hashes *= powers[: len(codes)]
    np.cumsum(hashes, out=sums[1:])
    return sums, inverses


def chunk(texts: Sequence[str]) -> Chunks:
    """Normalises (as pieces.normalise does), cuts and hashes texts."""
    fold, kind, _, _ = _tables()
    codes, begins = _codes(texts)
    kinds = kind.take(codes)
    if kinds.max() >= _HARD:  # few texts have such characters
        places = np.searchsorted(begins, np.flatnonzero(kinds >= _HARD), side="right") - 1
        mended = list(texts)
        for i in np.unique(places).tolist():
            mended[i] = normal(mended[i])
        codes, begins = _codes(mended)
        kinds = kind.take(codes) & np.uint8(_HARD - 1)
    codes = fold.take(codes)
    edges = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    begin = kinds[edges]
    solid = np.flatnonzero(begin != SPACE)  # never the last: there is a newline at the end
    starts, ends = edges[solid], edges[solid + 1]
    offsets = np.searchsorted(starts, begins)
    return Chunks(codes, kinds, *_running(codes), starts, ends, begin[solid] == HAN, offsets)


@functools.cache
def clause_marks() -> frozenset[int]:
    return frozenset(c for first, last in _ranges(CLAUSE_ENDS) for c in range(first, last + 1))


def clause_ends(chunks: Chunks, some: Ints) -> npt.NDArray[np.bool_]:
    """Which of these chunks end a clause: punctuation with a comma, a stop, a bracket, ... [m]"""
    found = np.zeros(len(some), np.bool_)
    for k in np.flatnonzero(chunks.kinds[chunks.starts[some]] == PUNCT).tolist():
        codes = chunks.codes[chunks.starts[some[k]] : chunks.ends[some[k]]]
        found[k] = not clause_marks().isdisjoint(codes.tolist())
    return found


def spell(strings: Sequence[str]) -> tuple[Codes, Kinds, Ints, Ints]:
    """These strings as they stand: codes and kinds [c], where each starts and its length [n]."""
    codes, begins = _codes(strings)
    return codes, _tables()[2][codes], begins[:-1], np.diff(begins) - 1


def hash_spans(codes: Codes, starts: Ints, lengths: Ints) -> Hashes:
    """The hashes of short spans of codes, as Chunks.hashes gives them. [m], [m] -> [m]"""
    mixed = _tables()[3]
    longest = int(lengths.max(initial=0))
    powers, hashes = _powers(longest)[0], np.zeros(len(starts), np.uint64)
    for place in range(longest):
        here = np.flatnonzero(lengths > place)
        hashes[here] += mixed[codes[starts[here] + place]] * powers[place]
    return hashes
