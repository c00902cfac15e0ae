"""Documents with known alignment, made from bitext: as many as one likes, for every language pair.

Consecutive rows of a source become a text. A row whose cells hold several sentences is cut where
its sentences end, and so shows what real translators make of one sentence. On top of that
sentences are merged, split at commas and semicolons, left out, added, and whole passages are
missing or foreign on one side. Moved blocks come last. What corresponds is known from the making.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Bead = tuple[tuple[str, ...], tuple[str, ...]]  # sentences of both sides that render one another

_MOST = 4  # sentences of one side of a row
_OFF = 0.45  # log of a ratio of lengths up to which two sentences of a row count as a pair
_SPLIT = re.compile(r"(?<=[,;:，；：、—])\s*")


@dataclass(frozen=True, slots=True)
class Habits:
    """How often what happens, per sentence."""

    merge: float = 0.07  # two sentences of one side become one
    split: float = 0.08  # a sentence of one side becomes two
    cross: float = 0.015  # 2-2: both sides cut the same text at different places
    omit: float = 0.03  # a sentence is missing on one side
    passage: float = 0.012  # a passage of 2-20 sentences is missing on one side
    foreign: float = 0.01  # a passage of 1-6 sentences from elsewhere stands on one side
    paragraph: float = 0.2  # a paragraph ends, on both sides
    move: float = 0.0  # share of the sentences that are moved, in blocks of 1-10
    noise: float = 0.0  # a line of marks and stray letters, as from a scan, on one side
    vary: float = 0.0  # how much documents differ: deviation of the logarithm of each rate

    def drawn(self, rng: np.random.Generator) -> Habits:
        """The habits of one document: each rate its own multiple of the usual one."""
        names = ("merge", "split", "cross", "omit", "passage", "foreign", "noise")
        times = np.exp(rng.normal(0.0, self.vary, len(names)) - self.vary**2 / 4)
        rates = {n: float(getattr(self, n) * t) for n, t in zip(names, times, strict=True)}
        over = max(1.0, sum(rates[n] for n in names[:5]) / 0.8)
        return replace(self, **{n: rate / over for n, rate in rates.items()})


@dataclass(frozen=True, slots=True)
class Made:
    """A pair of documents and its beads (moved ones stand out of order in tgt)."""

    src: tuple[str, ...]
    tgt: tuple[str, ...]
    src_paragraphs: tuple[int, ...]
    tgt_paragraphs: tuple[int, ...]
    beads: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    moved: tuple[bool, ...]  # for each bead


@dataclass(slots=True)
class _Unit:
    src: list[str]
    tgt: list[str]
    paragraph: int = 0
    moved: bool = False


def beads_of(src: Sequence[str], tgt: Sequence[str]) -> list[Bead]:
    """The beads of a row whose cells have these sentences; none where that is not plain.

    One sentence against several is a bead. As many on both sides are pairs if their lengths agree.
    """
    a, b = len(src), len(tgt)
    if not a or not b or max(a, b) > _MOST:
        return []
    if min(a, b) == 1:
        return [(tuple(src), tuple(tgt))]
    if a != b:
        return []
    x, y = ([len(text.encode()) for text in side] for side in (src, tgt))
    ratio = math.log(sum(y) / sum(x))
    if any(abs(math.log(q / p) - ratio) >= _OFF for p, q in zip(x, y, strict=True)):
        return []
    return [((s,), (t,)) for s, t in zip(src, tgt, strict=True)]


def make_document(
    rows: Sequence[Bead],
    others: Sequence[Bead],
    habits: Habits,
    rng: np.random.Generator,
    joiner: tuple[str, str] = (" ", " "),
) -> Made:
    """One pair of documents from consecutive beads; foreign sentences are taken from `others`.

    `joiner` stands between merged sentences (empty for Chinese).
    """
    units: list[_Unit] = []
    k = paragraph = 0
    h, lean, loss = habits, 0.5, 0.5
    if habits.vary:  # and each side its own: one splits, one leaves out
        h, (lean, loss) = habits.drawn(rng), rng.beta(0.7, 0.7, 2)
    while k < len(rows):
        dice = rng.random()
        side = int(rng.random() < lean)
        plain = 0  # pairs of single sentences from here on: what is merged, cut or split
        while plain < 3 and k + plain < len(rows) and _is_pair(rows[k + plain]):
            plain += 1
        if dice < h.merge and plain > 1:
            count = 2 if rng.random() < 0.8 or plain < 3 else 3
            cells = [[row[s][0] for row in rows[k : k + count]] for s in (0, 1)]
            cells[side] = [joiner[side].join(cells[side])]
            cells[1 - side] = [
                part
                for cell in cells[1 - side]
                for part in (halves(cell) if rng.random() < h.split else [cell])
            ]
            units.append(_Unit(cells[0], cells[1]))
            k += count
        elif dice < h.merge + h.cross and plain > 2:
            a, b = [[row[s][0] for row in rows[k : k + 3]] for s in (0, 1)]
            a = [joiner[0].join(a[:2]), a[2]]
            b = [b[0], joiner[1].join(b[1:])]
            units.append(_Unit(a, b))
            k += 3
        elif dice < h.merge + h.cross + h.split and plain:
            cells = [list(rows[k][0]), list(rows[k][1])]
            cells[1 - side] = halves(cells[1 - side][0])  # the side that does not merge
            units.append(_Unit(cells[0], cells[1]))
            k += 1
        elif dice < h.merge + h.cross + h.split + h.omit + h.passage:
            side = int(rng.random() < loss)
            alone = dice < h.merge + h.cross + h.split + h.omit
            count = 1 if alone else min(int(rng.integers(2, 21)), len(rows) - k)
            units += [_one_side(row, side) for row in rows[k : k + count]]
            k += count
        else:
            side = int(rng.random() < loss)
            if rng.random() < h.noise:
                text = _scrap(rng)
                units.append(_one_side(((text,), (text,)), side))
                units[-1].paragraph = paragraph
            if rng.random() < h.foreign and others:
                for _ in range(int(rng.integers(1, 7))):
                    units.append(_one_side(others[int(rng.integers(len(others)))], side))
            units.append(_Unit(list(rows[k][0]), list(rows[k][1])))
            k += 1
        units[-1].paragraph = paragraph
        paragraph += bool(rng.random() < habits.paragraph)
    return _lay_out(units, habits.move, rng)


def _is_pair(row: Bead) -> bool:
    return len(row[0]) == len(row[1]) == 1


def _one_side(row: Bead, side: int) -> _Unit:
    return _Unit(list(row[0]), []) if side == 0 else _Unit([], list(row[1]))


def _scrap(rng: np.random.Generator) -> str:
    """What a scanner makes of a page number, a rule or a picture."""
    kinds = ("- {} -", "{}", "{} a !", "* * *", ".....", 'h * "', ".:-- , .", "] {}", "'* _ ,")
    return kinds[int(rng.integers(len(kinds)))].format(int(rng.integers(1, 400)))


def halves(text: str) -> list[str]:
    """The text cut at the comma nearest its middle; whole if there is none far enough inside."""
    cuts = [m.end() for m in _SPLIT.finditer(text)]
    cuts = [c for c in cuts if 0.25 * len(text) < c < 0.75 * len(text)]
    if not cuts:
        return [text]
    at = min(cuts, key=lambda c: abs(c - len(text) / 2))
    return [text[:at].rstrip(), text[at:]]


def _lay_out(units: list[_Unit], move: float, rng: np.random.Generator) -> Made:
    order = list(range(len(units)))
    left = round(move * len(units))
    while left > 0 and len(units) > 30:
        count = min(int(rng.integers(1, 11)), left)
        start = int(rng.integers(0, len(order) - count))
        block = order[start : start + count]
        if any(units[u].moved for u in block):
            left -= 1  # unlucky; never loops for ever
            continue
        rest = order[:start] + order[start + count :]
        to = int(rng.integers(0, len(rest)))
        if abs(to - start) < count + 8:
            left -= 1
            continue
        order = rest[:to] + block + rest[to:]
        for u in block:
            units[u].moved = True
        left -= count
    src: list[str] = []
    src_paragraphs: list[int] = []
    src_ids: list[tuple[int, ...]] = []
    last = 0
    for unit in units:
        last = unit.paragraph = max(unit.paragraph, last)
        src_ids.append(tuple(range(len(src), len(src) + len(unit.src))))
        src += unit.src
        src_paragraphs += [unit.paragraph] * len(unit.src)
    tgt: list[str] = []
    tgt_paragraphs: list[int] = []
    tgt_ids: dict[int, tuple[int, ...]] = {}
    for u in order:
        tgt_ids[u] = tuple(range(len(tgt), len(tgt) + len(units[u].tgt)))
        tgt += units[u].tgt
        tgt_paragraphs += [units[u].paragraph] * len(units[u].tgt)
    beads: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    moved: list[bool] = []
    for u, unit in enumerate(units):
        if unit.src and unit.tgt:
            beads.append((src_ids[u], tgt_ids[u]))
            moved.append(unit.moved)
        else:
            beads += [((i,), ()) for i in src_ids[u]] + [((), (j,)) for j in tgt_ids[u]]
            moved += [False] * (len(src_ids[u]) + len(tgt_ids[u]))
    return Made(
        tuple(src),
        tuple(tgt),
        tuple(src_paragraphs),
        tuple(tgt_paragraphs),
        tuple(beads),
        tuple(moved),
    )
