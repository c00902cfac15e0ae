"""What beads of all shapes find of themselves on their other side, from running sums.

For each shape: what both blocks find, what they would find in a block one sentence larger, and how
well the sentence that is found least is found.
"""

from __future__ import annotations

import numpy as np

from align.core.coverage import Coverage
from align.core.side import Floats

Shape = tuple[int, int]  # sentences: source, target
MOST_WEAK = 0.3  # of the least found sentence


class Found:
    """One bucket's beads, asked for in rising order of shapes; keeps what several shapes share."""

    def __init__(self, cover: Coverage, src: Floats, tgt: Floats) -> None:
        """The mass of each sentence, in mean sentences: [h, S] and [w, S]."""
        self.cover, self.mass = cover, (src[:, None], tgt)
        self.rows, self.columns = len(src) + 1, len(tgt) + 1
        self.a = 0
        self.gained: dict[Shape, Floats] = {}  # by target sentences from source blocks
        self.weak: tuple[dict[int, _Weakest], dict[int, _Weakest]] = ({}, {})

    def _by_src(self, a: int) -> Floats:
        """By a source sentences, from target blocks of each size. [B, h + 1 - a, w + 2, S]"""
        if a != self.a:
            self.a = a
            self.gains = self.cover.src[:, a:] - self.cover.src[:, :-a]
            self.gained = {shape: found for shape, found in self.gained.items() if shape[0] >= a}
        return self.gains

    def _by_tgt(self, a: int, b: int) -> Floats:
        """[h + 2, w + 1 - b, S]"""
        if (a, b) not in self.gained:
            sums = self.cover.tgt[a - 1]
            self.gained[a, b] = sums[:, b:] - sums[:, :-b]
        return self.gained[a, b]

    def both(self, a: int, b: int) -> tuple[Floats, Floats]:
        """By the source block and by the target block. [h + 1 - a, w + 1 - b, S] each"""
        return self._by_src(a)[b - 1, :, b : self.columns], self._by_tgt(a, b)[a : self.rows]

    def reach(self, a: int, b: int, by_src: Floats, by_tgt: Floats, out: Floats) -> None:
        """In the block one sentence larger, once for each of the four ends, all together.

        Where there is no larger one, or it lies outside, the block itself counts: `by_src` and
        `by_tgt` are what `both` gave.
        """
        gains = self._by_src(a)
        if b < len(gains):
            wider = gains[b]
            np.maximum(wider[:, b : self.columns], by_src, out=out)
            out += np.maximum(wider[:, b + 1 : self.columns + 1], by_src)
        else:
            np.multiply(by_src, 2, out=out)
        if a < len(self.cover.tgt):
            taller = self._by_tgt(a + 1, b)
            out += np.maximum(taller[a : self.rows], by_tgt)
            out += np.maximum(taller[a + 1 : self.rows + 1], by_tgt)
        else:
            out += by_tgt
            out += by_tgt

    def weakest(self, a: int, b: int, out: Floats) -> None:
        """By the sentence that finds least for its mass, of both sides, MOST_WEAK at most each.

        Of a sentence alone on its side nothing is asked.
        """
        of_src = self._least(0, b, a)[:, b : self.columns] if a > 1 else None
        of_tgt = self._least(1, a, b)[a : self.rows] if b > 1 else None
        if of_src is None or of_tgt is None:
            out[...] = 0 if of_src is of_tgt else of_tgt if of_src is None else of_src
        else:
            np.add(of_src, of_tgt, out=out)

    def _least(self, side: int, others: int, length: int) -> Floats:
        """By the weakest sentence of each run of one side (0: source) in blocks of the other."""
        known, cover = self.weak[side], self.cover
        if others not in known:
            sums = cover.src[others - 1, :, :-1] if side == 0 else cover.tgt[others - 1, :-1]
            known[others] = _Weakest(sums, self.mass[side], side)
        return known[others].of_runs(length)


class _Weakest:
    """The least covered sentence of runs that grow, by its share of its own mass."""

    def __init__(self, sums: Floats, mass: Floats, axis: int) -> None:
        """`sums` of coverage along the axis and the mass of each sentence, in mean sentences."""
        each = sums[1:] - sums[:-1] if axis == 0 else sums[:, 1:] - sums[:, :-1]
        each /= mass
        self.each = np.minimum(each, MOST_WEAK, out=each)
        self.least, self.length, self.axis = self.each, 1, axis

    def of_runs(self, length: int) -> Floats:
        """At least as long as those asked for before."""
        while self.length < length:
            if self.axis == 0:
                self.least = np.minimum(self.least[:-1], self.each[self.length :])
            else:
                self.least = np.minimum(self.least[:, :-1], self.each[:, self.length :])
            self.length += 1
        return self.least
