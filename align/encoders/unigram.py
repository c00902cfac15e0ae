"""The Unigram model in numpy: the best cut of many pieces at once.

The best cut is the one whose tokens' log probabilities sum highest (Viterbi; Kudo 2018,
https://arxiv.org/abs/1804.10959). It is found for all pieces together, one character position at
a time: a step costs the same few numpy calls for one piece as for ten thousand. Scores are added in
float64 in the same order as in the `tokenizers` library and ties go the same way (to the longer
last token), so that the tokens are the same, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from align.encoders.chunks import (
    HAN,
    PUNCT,
    SPACE,
    WORD,
    Chunks,
    Codes,
    Hashes,
    Ints,
    chunk,
    hash_spans,
    spell,
)
from align.encoders.hashing import KeyTable
from align.encoders.pieces import MAX_PIECE

_PENALTY = 10.0  # an unknown character scores so much below the worst token; as the library does
_SHORT = 16  # pieces up to so many characters go together, so that few long ones cost no memory

LONGEST = 31  # characters of a token, at most: sizes are bits of a 32-bit number
_THREES, _WHOLE = 17, 20  # bits of the filters by three characters and by all of them
_MIXERS = np.array([0xA0761D6478BD642F, 0xD6E8FEB86659FD93, 0x9E3779B97F4A7C15], np.uint64)

Tokens = npt.NDArray[np.int32]


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """The numbers starts[i] .. starts[i] + lengths[i], for every i, end to end."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.repeat(starts - ends + lengths, lengths) + np.arange(total))


def _threes(codes: Codes) -> Hashes:
    """A hash of every character and the two before it; of the first two it says nothing. [c]"""
    plain = codes.view(np.uint64)
    hashes = plain * _MIXERS[0]
    hashes[1:] += plain[:-1] * _MIXERS[1]
    hashes[2:] += plain[:-2] * _MIXERS[2]
    return hashes


def _slot(hashes: Hashes, bits: int) -> npt.NDArray[np.int64]:
    return (hashes * np.uint64(0xD6E8FEB86659FD93) >> np.uint64(64 - bits)).view(np.int64)


class Unigram:
    """A vocabulary that cuts chunks into tokens."""

    def __init__(self, tokens: Sequence[str], scores: Sequence[float], unknown: int) -> None:
        """`unknown` is the number of the token for unknown characters, which is never returned."""
        self._unknown, self._missing = unknown, len(tokens)
        self._scores = np.array([*scores, -np.inf])
        self._scores[unknown] = min(scores) - _PENALTY
        codes, kinds, starts, lengths = spell(tokens)
        numbers = np.arange(len(tokens), dtype=np.int32)
        first = codes[starts]
        self._single = np.full(int(first.max()) + 2, unknown, np.int32)  # by character
        one = np.flatnonzero((lengths == 1) & (numbers != unknown))
        self._single[first[one]] = numbers[one]
        more = np.flatnonzero((lengths > 1) & (numbers != unknown))
        starts, lengths, kinds = starts[more], lengths[more], kinds[starts[more]]
        self._longest = {k: int(lengths[kinds == k].max(initial=1)) for k in (HAN, WORD)}
        hashes = hash_spans(codes, starts, lengths)
        self._table = KeyTable(len(more))
        self._table.insert(hashes, numbers[more])
        self._maybe = np.zeros(1 << _WHOLE, np.bool_)  # small and mostly right (Bloom 1970)
        self._maybe[_slot(hashes, _WHOLE)] = True
        self._begins, self._closes = np.zeros((2, 1 << _THREES), np.uint32)
        long = np.flatnonzero(lengths > 2)  # all of two characters are looked up
        starts, lengths = starts[long], lengths[long]
        slots, size = _slot(_threes(codes), _THREES), np.uint32(1) << lengths.astype(np.uint32)
        np.bitwise_or.at(self._begins, slots[starts + 2], size)
        np.bitwise_or.at(self._closes, slots[starts + lengths - 1], size)

    @property
    def count(self) -> int:
        """Number of tokens."""
        return self._missing

    def cut(self, chunks: Chunks, starts: Ints, ends: Ints) -> tuple[Tokens, Ints]:
        """The known tokens of the spans starts[i] .. ends[i], and how many each span has.

        Spans hold no white space (it is left out). [m] -> ([tokens], [m])
        """
        lengths = ends - starts
        at = _ranges(starts, lengths)  # [c] character numbers
        kinds = chunks.kinds[at]
        first = np.empty(len(at), np.bool_)  # where a piece begins
        first[:1] = True
        first[1:] = (kinds[1:] != kinds[:-1]) | (kinds[1:] == PUNCT)
        span_ends = np.cumsum(lengths)
        first[(span_ends - lengths)[lengths > 0]] = True
        begin = np.flatnonzero(first)
        length = np.diff(begin, append=len(at))
        if length.max(initial=0) > MAX_PIECE:
            first[begin[0] :] |= _ranges(np.zeros_like(length), length) % MAX_PIECE == 0
            begin = np.flatnonzero(first)
            length = np.diff(begin, append=len(at))
        kind = kinds[begin]
        chosen = np.full(len(at), self._unknown, np.int32)  # the token that ends at a character
        alone = begin[(length == 1) & (kind != SPACE)]
        chosen[alone] = self._singles(chunks, at[alone])
        for name, longest in self._longest.items():
            here = (kind == name) & (length > 1)
            for group in (here & (length <= _SHORT), here & (length > _SHORT)):
                if group.any():
                    self._best(
                        chunks, at[begin[group]], begin[group], length[group], longest, chosen
                    )
        known = chosen != self._unknown
        running = np.concatenate([[0], np.cumsum(known)])
        return chosen[known], running[span_ends] - running[span_ends - lengths]

    def cut_texts(self, texts: Sequence[str]) -> tuple[Tokens, Ints]:
        """The known tokens of every text, end to end, and how many each has. Equal words are cut
        once."""
        chunks = chunk(texts)
        keys = chunks.hashes(chunks.starts, chunks.ends)
        _, first, same = np.unique(keys, return_index=True, return_inverse=True)
        tokens, counts = self.cut(chunks, chunks.starts[first], chunks.ends[first])
        begins, counts = (np.cumsum(counts) - counts)[same], counts[same]
        running = np.concatenate([[0], np.cumsum(counts)])
        return tokens[_ranges(begins, counts)], np.diff(running[chunks.offsets])

    def _singles(self, chunks: Chunks, at: Ints) -> Tokens:
        codes = np.minimum(chunks.codes[at], len(self._single) - 1)
        return self._single[codes]

    def _candidates(
        self, chunks: Chunks, place: Ints, offset: Ints, longest: int
    ) -> tuple[Ints, Ints, Tokens]:
        """Tokens of two characters and more in pieces that lie end to end: the number of the
        last character of each, how many characters it has, and the token. [k] each

        Character i of the pieces is place[i] of the chunks and number offset[i], from 0, of its
        piece. Only what begins with the first three and ends with the last three characters of some
        token of its length is looked up.
        """
        slots = _slot(_threes(chunks.codes.take(place)), _THREES)
        begins, closes = self._begins.take(slots), self._closes.take(slots)  # sizes as bits
        closes &= (np.uint32(4) << offset.astype(np.uint32)) - np.uint32(1)
        last = [np.flatnonzero(offset > 0)]
        for size in range(3, longest + 1):
            likely = closes[size - 1 :] & begins[2 : len(begins) - size + 3] & np.uint32(1 << size)
            last.append(np.flatnonzero(likely != 0) + (size - 1))
        ends = np.concatenate(last)
        sizes = np.repeat(np.arange(2, len(last) + 2), [len(some) for some in last])
        first = ends - sizes + 1
        before, behind = chunks.sums.take(place), chunks.sums.take(place + 1)
        # as Chunks.hashes gives them
        hashes = behind.take(ends) - before.take(first)
        hashes *= chunks.inverses.take(place).take(first)
        maybe = np.flatnonzero(self._maybe.take(_slot(hashes, _WHOLE)))
        tokens = self._table.find(hashes[maybe], self._missing)
        return ends[maybe], sizes[maybe], tokens

    def _best(
        self, chunks: Chunks, at: Ints, begin: Ints, length: Ints, longest: int, chosen: Tokens
    ) -> None:
        """Writes the best tokens of the pieces into `chosen`, each where it ends.

        Piece i is the characters at[i] .. at[i] + length[i]; in `chosen` it begins at begin[i].
        """
        order = np.argsort(-length.astype(np.int16), kind="stable")  # those that go on come first
        at, begin, length = at[order], begin[order], length[order]
        longest = min(longest, int(length[0]))
        # tables have a row a character: of all pieces the first ones, then the second ones, ...
        going = np.searchsorted(-length, -np.arange(int(length[0])), side="left")
        base = np.concatenate([[0], np.cumsum(going)])
        pieces = np.arange(len(at))
        piece = np.repeat(pieces, length)
        offset = np.arange(len(piece)) - (np.cumsum(length) - length)[piece]
        place, row = at[piece] + offset, base[offset] + piece
        # column j: the token of `longest - j` characters that ends there
        found = np.full((len(piece), longest), self._missing, np.int32)
        found[row, -1] = self._singles(chunks, place)
        if longest > 1:
            ends, sizes, tokens = self._candidates(chunks, place, offset, longest)
            found[row[ends], longest - sizes] = tokens
        best = np.full((len(at), longest + int(length[0])), -np.inf)  # best score up to a place
        best[:, longest - 1] = 0.0
        back = np.empty(len(piece), np.int64)  # the column of the best last token
        for at_place, count in enumerate(going.tolist()):
            rows = slice(int(base[at_place]), int(base[at_place + 1]))
            skip = max(0, longest - 1 - at_place)  # tokens that would begin before the piece
            scores = self._scores.take(found[rows, skip:])
            scores += best[:count, at_place + skip : at_place + longest]
            last = scores.argmax(1)  # the first of equals, so the longest token
            best[:count, at_place + longest] = scores[pieces[:count], last]
            back[rows] = last + skip
        left = length.copy()  # characters not yet cut, from the end
        while len(left):
            here = base[left - 1] + pieces
            column = back[here]
            chosen[begin + left - 1] = found[here, column]
            left = left - longest + column
            more = left > 0
            left, pieces, begin = left[more], pieces[more], begin[more]
