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

from align.encoders.pieces import HAN as HAN_CLASS
from align.encoders.pieces import PUNCT as PUNCT_CLASS
from align.encoders.pieces import SPACE as SPACE_CLASS
from align.encoders.pieces import _simplified

WORD, SPACE, HAN, PUNCT = 0, 1, 2, 3  # kinds of characters
# Tables end where Unicode 17's letters do; tags (U+E0000..E0FFF) are moved behind that, and what
# is left (unassigned, private use) is one character that no vocabulary has.
_PLANES, _TAGS, _NOBODY = 0x40000, 0xE0000, 0x41000
_BASE = 0x9E3779B97F4A7C13  # 3 modulo 8: of the longest period there is
_FEWEST, _KEPT = 1 << 10, 1 << 20  # powers made at once, and kept between calls

Codes = npt.NDArray[np.uint32]
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


@functools.cache
def _tables() -> tuple[Codes, Kinds, Hashes]:
    """By code point: lower case and simplified, its kind, its hash."""
    fold = np.arange(_NOBODY + 1, dtype=np.uint32)
    lower = fold[:0x20000].tobytes().decode("utf-32-le", "surrogatepass")
    lower = lower.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()  # see normal()
    fold[:0x20000] = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), np.uint32)
    simplified = _simplified()
    fold[list(simplified)] = [ord(c) for c in simplified.values()]
    kinds = np.zeros(_NOBODY + 1, np.uint8)
    for kind, spec in ((SPACE, SPACE_CLASS), (HAN, HAN_CLASS), (PUNCT, PUNCT_CLASS)):
        for first, last in _ranges(spec):
            kinds[first : last + 1] = kind
    return fold, kinds, _mix(np.arange(_NOBODY + 1, dtype=np.uint64))


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
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    if int(codes.max()) >= _PLANES:
        moved = np.where(codes >> 12 == _TAGS >> 12, codes - np.uint32(_TAGS - _PLANES), _NOBODY)
        codes = np.where(codes < _PLANES, codes, moved).astype(np.uint32)
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    return codes, np.concatenate([[1], np.cumsum(lengths + 1) + 1])


def _running(codes: Codes) -> tuple[Hashes, Hashes]:
    """Running sums of hash * power, [c + 1], and the inverse powers."""
    powers, inverses = _powers(len(codes) + 1)
    sums = np.empty(len(codes) + 1, np.uint64)
    sums[0] = 0
    np.cumsum(_tables()[2][codes] * powers[: len(codes)], out=sums[1:])
    return sums, inverses


def chunk(texts: Sequence[str]) -> Chunks:
    """Normalises (as pieces.normalise does), cuts and hashes texts."""
    fold, kind, _ = _tables()
    codes, begins = _codes([text if text.isascii() else normal(text) for text in texts])
    codes = fold[codes]
    kinds = kind[codes]
    edges = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    begin = kinds[edges]
    solid = np.flatnonzero(begin != SPACE)  # never the last: there is a newline at the end
    starts, ends = edges[solid], edges[solid + 1]
    offsets = np.searchsorted(starts, begins)
    return Chunks(codes, kinds, *_running(codes), starts, ends, begin[solid] == HAN, offsets)


def spell(strings: Sequence[str]) -> tuple[Codes, Kinds, Ints, Ints]:
    """These strings as they stand: codes and kinds [c], where each starts and its length [n]."""
    codes, begins = _codes(strings)
    return codes, _tables()[1][codes], begins[:-1], np.diff(begins) - 1


def hash_spans(codes: Codes, starts: Ints, lengths: Ints) -> Hashes:
    """The hashes of short spans of codes, as Chunks.hashes gives them. [m], [m] -> [m]"""
    mixed = _tables()[2]
    longest = int(lengths.max(initial=0))
    powers, hashes = _powers(longest)[0], np.zeros(len(starts), np.uint64)
    for place in range(longest):
        here = np.flatnonzero(lengths > place)
        hashes[here] += mixed[codes[starts[here] + place]] * powers[place]
    return hashes
