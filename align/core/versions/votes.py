"""Links that several versions judge together: which lose, and which moved pairs are believed.

A link of x and y is confirmed by a version z where both of its ends go with the same text of z,
and denied where they go with different texts of z, or where only one of them goes with anything.
Its own log-odds and the votes are added. What loses is forbidden and its segment solved again; a
pair out of order needs the votes in its favour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from align.core.anchors import Segments
from align.core.monotone import Beads
from align.core.versions.posterior import Posterior, solved_again

LOOSE = 0.5  # of the surest link in a bead; below, it is no bead
SURE = 1e-3  # distance of a probability from 0 and 1 at which log-odds are cut
ROUNDS = 2  # of forbidding the worst and solving again

Votes = tuple[int, int, int, int]  # witnesses that confirm, deny, miss, ignore a link
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ballot:
    """Logistic weights over: constant, own log-odds, and the four shares of the votes."""

    in_order: tuple[float, ...]
    moved: tuple[float, ...]


class Ties:
    """What every sentence of every version goes with in every other: one run of sentences."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self._runs: dict[Pair, tuple[list[int], list[int]]] = {}
        self._moved: dict[Pair, dict[int, set[int]]] = {}

    def tie(self, x: int, y: int, beads: Beads) -> None:
        """Takes the beads of a pair; those with an empty side tie nothing."""
        both = (beads.a > 0) & (beads.b > 0)
        i, j, a, b = (part[both] for part in (beads.src, beads.tgt, beads.a, beads.b))
        for pair, first, count, other, width in (((x, y), i, a, j, b), ((y, x), j, b, i, a)):
            low, high = np.zeros((2, self.sizes[pair[0]]), np.int64)
            for step in range(int(count.max(initial=0))):
                longer = count > step
                low[first[longer] + step] = other[longer]
                high[first[longer] + step] = (other + width)[longer]
            self._runs[pair] = low.tolist(), high.tolist()

    def suggest(self, x: int, y: int, i: range, j: range) -> None:
        """A pair out of order that may be one."""
        for pair, ones, others in (((x, y), i, j), ((y, x), j, i)):
            for one in ones:
                self._moved.setdefault(pair, {}).setdefault(one, set()).update(others)

    def _witnesses(self, x: int, y: int) -> list[int]:
        return [
            z
            for z in range(len(self.sizes))
            if z not in (x, y) and (x, z) in self._runs and (y, z) in self._runs
        ]

    def _run(self, x: int, y: int, i: int) -> tuple[int, int]:
        low, high = self._runs[x, y]
        return low[i], high[i]

    def votes(self, x: int, y: int, i: range, j: range) -> Votes:
        """Witnesses that confirm, deny, miss and ignore the link, for the least liked sentence."""
        return max(
            (self._count(*seen) for seen in self._sentences(x, y, i, j)),
            key=lambda v: (v[1] + v[2] - v[0], v[1]),
        )

    def _sentences(
        self, x: int, y: int, i: range, j: range
    ) -> Iterator[tuple[int, int, int, range]]:
        yield from ((x, y, one, j) for one in i)
        yield from ((y, x, one, i) for one in j)

    def _count(self, u: int, v: int, one: int, others: range) -> Votes:
        confirmed = denied = missed = unknown = 0
        for z in self._witnesses(u, v):
            low, high = self._run(u, z, one)
            runs = [self._run(v, z, other) for other in others]
            mine, theirs = low < high, any(a < b for a, b in runs)
            if mine and theirs:
                same = any(max(a, low) < min(b, high) for a, b in runs)
                confirmed, denied = confirmed + same, denied + (not same)
            elif mine:
                found = self._suggested(z, v, range(low, high), others)
                confirmed, missed = confirmed + found, missed + (not found)
            elif theirs:
                found = any(
                    self._suggested(z, u, range(a, b), range(one, one + 1)) for a, b in runs
                )
                confirmed, missed = confirmed + found, missed + (not found)
            else:
                unknown += 1
        return confirmed, denied, missed, unknown

    def alone(self, x: int, y: int, i: int) -> Votes:
        """Witnesses that confirm or deny that a sentence of x has nothing in y, or know it not."""
        confirmed = denied = unknown = 0
        for z in self._witnesses(x, y):
            low, high = self._run(x, z, i)
            if low == high:
                unknown += 1
            elif any(a < b for a, b in (self._run(z, y, k) for k in range(low, high))):
                denied += 1
            else:
                confirmed += 1
        return confirmed, denied, 0, unknown

    def _suggested(self, z: int, v: int, ones: Iterable[int], others: range) -> bool:
        known = self._moved.get((z, v), {})
        return any(not known.get(one, set()).isdisjoint(others) for one in ones)


def log_odds(probability: float) -> float:
    """log(p / (1 - p)), bounded."""
    p = min(max(probability, SURE), 1 - SURE)
    return math.log(p / (1 - p))


def ballot_inputs(own: float, votes: Votes) -> tuple[float, ...]:
    """What a ballot looks at. More than two witnesses count as two, as in `witnesses`."""
    share = min(1.0, 2 / max(sum(votes), 1))
    return (1.0, own, *(share * count for count in votes))


def favour(own: float, votes: Votes, ballot: Ballot, moved: bool) -> float:
    """Log-odds of a link with the votes; above 0 it is believed."""
    weights = ballot.moved if moved else ballot.in_order
    return sum(w * x for w, x in zip(weights, ballot_inputs(own, votes), strict=True))


def dissolved(beads: Beads) -> Beads:
    """Beads linked too loosely fall apart into sentences alone."""
    keep = (beads.a == 0) | (beads.b == 0) | (beads.linked >= LOOSE)
    if keep.all():
        return beads
    rows = []
    loose = np.flatnonzero(~keep).tolist()
    for k in loose:
        i, j, a, b = (int(part[k]) for part in (beads.src, beads.tgt, beads.a, beads.b))
        alone = 1 - float(beads.linked[k])
        rows += [(x, j, 1, 0, 0.0, alone, 0.0) for x in range(i, i + a)]
        rows += [(i + a, y, 0, 1, 0.0, alone, 0.0) for y in range(j, j + b)]
    extra = [np.array(column) for column in zip(*rows, strict=True)]
    columns = []
    for name, more in zip(Beads.__slots__, extra, strict=True):
        old = getattr(beads, name)
        columns.append(np.concatenate([old[keep], more.astype(old.dtype)]))
    order = np.lexsort((columns[1] + columns[3], columns[0] + columns[2], columns[1], columns[0]))
    return Beads(*(column[order] for column in columns))


@dataclass(slots=True)
class Contested:
    """A pair whose beads are still open."""

    posterior: Posterior
    beads: Beads
    box: Segments


def settle(
    pairs: dict[Pair, Contested], sizes: Sequence[int], ballot: Ballot, size: int
) -> tuple[dict[Pair, Beads], Ties]:
    """Forbids links that the others vote down, and solves their segments again.

    Returns the beads of every pair, loose ones dissolved, and what they tie.
    """
    for _ in range(ROUNDS):
        firm, ties = _tied(pairs, sizes)
        lost = _lost(firm, ties, ballot)
        if not lost:
            return firm, ties
        for pair, links in lost.items():
            pairs[pair] = _without(pairs[pair], links, size)
    return _tied(pairs, sizes)


def _tied(pairs: dict[Pair, Contested], sizes: Sequence[int]) -> tuple[dict[Pair, Beads], Ties]:
    ties = Ties(sizes)
    firm = {}
    for (x, y), pair in pairs.items():
        firm[x, y] = dissolved(pair.beads)
        ties.tie(x, y, firm[x, y])
    return firm, ties


def own_odds(beads: Beads) -> list[float]:
    """Log-odds of each bead by itself: of the link where it is 1-1, else of its exact extent."""
    p = np.where((beads.a == 1) & (beads.b == 1), beads.linked, beads.probability)
    return [log_odds(value) for value in p.tolist()]


def _lost(
    firm: dict[Pair, Beads], ties: Ties, ballot: Ballot
) -> dict[Pair, list[tuple[int, int, int, int]]]:
    """The beads with the votes against them; of those that touch, the worst."""
    bad = []
    worst = min(favour(0.0, votes, ballot, False) for votes in ((0, 2, 0, 0), (0, 0, 2, 0)))
    enough = -worst / ballot.in_order[1]  # beyond, no vote can turn it
    for pair, beads in firm.items():
        own = own_odds(beads)
        both = (beads.a > 0) & (beads.b > 0) & (np.array(own) <= enough)
        for k in np.flatnonzero(both).tolist():
            i, j, a, b = (int(part[k]) for part in (beads.src, beads.tgt, beads.a, beads.b))
            votes = ties.votes(*pair, range(i, i + a), range(j, j + b))
            value = favour(own[k], votes, ballot, moved=False)
            if value < 0:
                bad.append((value, pair, (i, j, a, b)))
    touched: set[tuple[int, int]] = set()
    out: dict[Pair, list[tuple[int, int, int, int]]] = {}
    for _, pair, (i, j, a, b) in sorted(bad):
        near = {(pair[0], s) for s in range(i, i + a)} | {(pair[1], s) for s in range(j, j + b)}
        if near.isdisjoint(touched):
            touched |= near
            out.setdefault(pair, []).append((i, j, a, b))
    return out


def _without(pair: Contested, links: list[tuple[int, int, int, int]], size: int) -> Contested:
    """The pair solved again where these beads were, without them."""
    p, box = pair.posterior, pair.box
    gone = np.zeros(len(p.src), bool)
    for i, j, a, b in links:
        gone |= (p.src == i) & (p.tgt == j) & (p.a == a) & (p.b == b)
    some = np.unique(p.segment[gone])
    p = p.only(np.flatnonzero(~gone))
    new = solved_again(p, box, size, some)
    old = pair.beads
    at = np.where(
        old.a > 0,
        np.searchsorted(box.src_last, old.src, "right"),
        np.searchsorted(box.tgt_last, old.tgt, "right"),
    )
    keep = ~np.isin(at, some)
    columns = [
        np.concatenate([getattr(old, name)[keep], getattr(new, name)]) for name in Beads.__slots__
    ]
    order = np.lexsort((columns[1] + columns[3], columns[0] + columns[2], columns[1], columns[0]))
    return replace(pair, posterior=p, beads=Beads(*(column[order] for column in columns)))


def heard(moved: dict[Pair, Beads | None], ties: Ties) -> Iterator[tuple[Pair, int, float, Votes]]:
    """Every pair out of order: its number among those of its pair, own log-odds, votes."""
    links = []
    for pair, beads in moved.items():
        if beads is not None:
            columns = (beads.src, beads.tgt, beads.a, beads.b)
            for k, (i, j, a, b) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
                links.append((pair, k, range(i, i + a), range(j, j + b)))
                ties.suggest(*pair, *links[-1][2:])
    for pair, k, i, j in links:
        beads = moved[pair]
        if beads is not None:
            yield pair, k, log_odds(float(beads.linked[k])), ties.votes(*pair, i, j)


def believed(
    moved: dict[Pair, Beads | None], ties: Ties, ballot: Ballot
) -> dict[Pair, Beads | None]:
    """The pairs out of order that have the votes for them."""
    keep: dict[Pair, list[int]] = {}
    for pair, k, own, votes in heard(moved, ties):
        if favour(own, votes, ballot, moved=True) > 0:
            keep.setdefault(pair, []).append(k)
    return {
        pair: None if beads is None or pair not in keep else beads.taken(np.array(keep[pair]))
        for pair, beads in moved.items()
    }
