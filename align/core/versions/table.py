"""From weighed pairs to one table.

What the versions agree on (`agreed`) is joined to rows, strongest first, and what is missing
follows from the rest (`rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.align import Found
from align.core.calibrate import INPUTS, inputs
from align.core.evidence import Evidence
from align.core.merging import merge
from align.core.monotone import Beads
from align.core.side import Floats, Ints
from align.core.versions.agreed import Agreed
from align.core.versions.rows import Joined, Link, Pair, join_rows, longest_rise
from align.core.versions.votes import SURE, Ballot, Ties, favour, own_odds
from align.core.versions.weighing import Weighed

BEAD_INPUTS = (*INPUTS, "confirmed", "denied", "missed")
Flags = npt.NDArray[np.bool_]
IN_ORDER, MOVED, ALONE, ADDED = range(4)  # kinds of beads


@dataclass(frozen=True, slots=True)
class Known:
    """The beads of a pair of versions, what speaks for them, and the kind of each. [k] each."""

    pair: Pair
    beads: Beads
    kind: Ints
    crosses: Flags  # out of order
    inputs: Floats  # [k, len(BEAD_INPUTS)]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and the beads of every pair, none of which crosses two rows."""

    row: tuple[Ints, ...]  # for each version, the row of each of its sentences
    count: int
    pairs: tuple[Known, ...]


def tabulate(
    found: dict[Pair, Weighed], sizes: Sequence[int], agreed: Agreed, ballot: Ballot
) -> Table:
    """Rows and the beads that go with them."""
    firm, moved, ties = agreed.firm, agreed.moved, agreed.ties
    merged = {(x, y): merge(firm[x, y], moved[x, y], sizes[x], sizes[y]) for x, y in found}
    for pair, (beads, _) in merged.items():
        ties.tie(*pair, beads)
    linked = {pair: _links(pair, *merged[pair], ties, ballot) for pair in found}
    joined = join_rows(
        sizes,
        {pair: links for pair, (links, _) in linked.items()},
        {pair: odds for pair, (_, odds) in linked.items()},
        _alone(found),
        most=min(one.ready.evidence.max_side for one in found.values()),
    )
    final = {pair: final_beads(firm[pair], moved[pair], joined, pair) for pair in found}
    for pair, (beads, _, _) in final.items():
        ties.tie(*pair, beads)
    known = (
        Known(pair, *final[pair], _inputs(pair, *final[pair][:2], one.ready.evidence, ties))
        for pair, one in found.items()
    )
    return Table(joined.row, joined.count, tuple(known))


def _alone(found: dict[Pair, Weighed]) -> dict[Pair, Floats]:
    """Log-odds of each sentence to have nothing in another version."""
    out = {}
    for (x, y), one in found.items():
        for pair, p in (((x, y), one.now.src_alone), ((y, x), one.now.tgt_alone)):
            p = np.clip(p.astype(np.float64), SURE, 1 - SURE)
            out[pair] = np.log(p / (1 - p))
    return out


def rows_of(beads: Beads | Found, row: Sequence[Ints], pair: Pair) -> Ints:
    """The row of each bead of a pair. [k]"""
    one, two = (row[version] for version in pair)
    return np.where(
        beads.a > 0,
        one[np.minimum(beads.src, len(one) - 1)],
        two[np.minimum(beads.tgt, len(two) - 1)],
    )


def beads_of(found: Found) -> Beads:
    """The same beads as another step has them."""
    b = found
    return Beads(b.src, b.tgt, b.a, b.b, b.score, b.probability, b.probability_lax)


def _links(
    pair: Pair, beads: Beads, moved: Flags, ties: Ties, ballot: Ballot
) -> tuple[list[Link], list[float]]:
    """The beads with text on both sides, and their log-odds with the votes."""
    links, odds = [], []
    columns = (part.tolist() for part in (beads.src, beads.tgt, beads.a, beads.b, moved))
    for (i, j, a, b, out_of_order), own in zip(
        zip(*columns, strict=True), own_odds(beads), strict=True
    ):
        if a and b:
            votes = ties.votes(*pair, range(i, i + a), range(j, j + b))
            links.append((i, j, a, b))
            odds.append(favour(own, votes, ballot, out_of_order))
    return links, odds


Listed = tuple[int, int, int, int, float, float, float]


def final_beads(
    firm: Beads, moved: Beads | None, joined: Joined, pair: Pair
) -> tuple[Beads, Ints, Flags]:
    """The beads without the links that lost and with those that follow from others.

    With the kind of each, and whether it is out of order.
    """
    lost = set(joined.lost.get(pair, []))
    late = [((*link, 0.0, 0.5, 0.5), ADDED) for link in joined.added.get(pair, [])]
    if moved is not None:
        late += [(bead, MOVED) for bead in _listed(moved) if bead[:4] not in lost]
    sizes = [len(joined.row[version]) for version in pair]
    taken: tuple[set[int], set[int]] = (set(), set())
    for bead, _ in late:
        _take(bead, taken)
    found = []
    alone: tuple[dict[int, float], dict[int, float]] = ({}, {})
    for bead in _listed(firm):
        i, j, a, b = bead[:4]
        if not a or not b:
            alone[0 if a else 1][i if a else j] = bead[5]
        elif (
            bead[:4] not in lost
            and taken[0].isdisjoint(range(i, i + a))
            and taken[1].isdisjoint(range(j, j + b))
        ):
            found.append((bead, IN_ORDER))
    for bead, _ in found:
        _take(bead, taken)
    return _arranged(sorted(found + late), alone, taken, sizes)


def _listed(beads: Beads) -> list[Listed]:
    return list(zip(*(getattr(beads, name).tolist() for name in Beads.__slots__), strict=True))


def _take(bead: Listed, taken: tuple[set[int], set[int]]) -> None:
    taken[0].update(range(bead[0], bead[0] + bead[2]))
    taken[1].update(range(bead[1], bead[1] + bead[3]))


def _arranged(
    pairs: list[tuple[Listed, int]],
    alone: tuple[dict[int, float], dict[int, float]],
    taken: tuple[set[int], set[int]],
    sizes: list[int],
) -> tuple[Beads, Ints, Flags]:
    """Pairs, sorted, and the sentences that are left, in document order."""
    steady = _steady(pairs)
    ends = [(0, 0), *((pairs[k][0][1], pairs[k][0][0] + pairs[k][0][2]) for k in steady)]
    in_order = set(steady)
    rows: list[tuple[int, bool, int, Listed, int, bool]] = []
    for k, (bead, kind) in enumerate(pairs):
        rows.append((bead[0], True, bead[1], bead, kind, k not in in_order))
    for i in range(sizes[0]):
        if i not in taken[0]:
            bead = (i, 0, 1, 0, 0.0, alone[0].get(i, 0.5), 0.0)
            rows.append((i, True, 0, bead, ALONE, False))
    at = 0
    for j in range(sizes[1]):
        while at + 1 < len(ends) and ends[at + 1][0] < j:
            at += 1
        if j not in taken[1]:
            place = ends[at][1]  # it follows the pair before it
            bead = (place, j, 0, 1, 0.0, alone[1].get(j, 0.5), 0.0)
            rows.append((place, False, j, bead, ALONE, False))
    rows.sort()
    end = 0
    beads = []
    for _, _, _, bead, kind, crosses in rows:
        if kind != ALONE and not crosses:
            end = bead[1] + bead[3]
        beads.append((bead[0], end, *bead[2:]) if not bead[3] else bead)
    columns = list(zip(*beads, strict=True))
    ids = (np.array(part, np.int64) for part in columns[:4])
    values = (np.array(part, np.float32) for part in columns[4:])
    kinds = np.array([row[4] for row in rows], np.int64)
    return Beads(*ids, *values), kinds, np.array([row[5] for row in rows], bool)


def _steady(pairs: list[tuple[Listed, int]]) -> list[int]:
    """Which pairs are in order: those found so, and what was added where it fits."""
    count = len(pairs)
    before, after = [0] * count, [0] * count
    last = 0
    for k, (bead, kind) in enumerate(pairs):
        before[k] = last
        if kind == IN_ORDER:
            last = max(last, bead[1] + bead[3])
    last = 1 << 62
    for k in reversed(range(count)):
        after[k] = last
        if pairs[k][1] == IN_ORDER:
            last = min(last, pairs[k][0][1])
    fits = [
        k
        for k, (bead, kind) in enumerate(pairs)
        if kind == IN_ORDER
        or (kind == ADDED and before[k] <= bead[1] and bead[1] + bead[3] <= after[k])
    ]
    return [fits[k] for k in longest_rise([pairs[k][0][1] for k in fits])]


def _inputs(pair: Pair, beads: Beads, kind: Ints, ev: Evidence, ties: Ties) -> Floats:
    """What calibration looks at. [k, len(BEAD_INPUTS)]"""
    rows = []
    for i, j, a, b, *_ in _listed(beads):
        if a and b:
            votes = ties.votes(*pair, range(i, i + a), range(j, j + b))
        else:
            votes = ties.alone(*pair, i) if a else ties.alone(*pair[::-1], j)
        share = 1 / max(sum(votes), 1)
        rows.append((share * votes[0], share * votes[1], share * votes[2]))
    return np.concatenate([inputs(beads, kind == MOVED, ev), np.array(rows, np.float32)], 1)
