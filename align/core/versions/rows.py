"""From the beads of all pairs to rows: what corresponds in every version.

Beads are joined to rows strongest first (Kruskal 1956), if what all pairs of the versions that meet
say, summed, is for it (as in greedy additive edge contraction, Keuper et al. 2015,
https://doi.org/10.1109/ICCV.2015.204); a doubtful one that would bring together sentences of a
version that stand apart loses too. Where two versions are in a row but not linked with each
other, their sentences are. Rows stand in the order of the first version; what it lacks follows
what it follows in its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ints

APART = 3  # sentences between two of one version in one row, at most, ...
CERTAIN = 2.0  # ... unless the log-odds of the link that joins them are at least this

Pair = tuple[int, int]
Link = tuple[int, int, int, int]  # first sentences, and how many
Run = tuple[int, int]  # first and last sentence


@dataclass(frozen=True, slots=True)
class Joined:
    """R rows, numbered in the order of the table."""

    row: tuple[Ints, ...]  # for each version, the row of each of its sentences
    lost: dict[Pair, list[Link]]  # links that were not followed, by pair
    added: dict[Pair, list[Link]]  # links that follow from the others'
    count: int


class Evidence:
    """For every sentence and other version: what it goes with, and the log-odds of that."""

    def __init__(
        self,
        sizes: Sequence[int],
        links: dict[Pair, list[Link]],
        odds: dict[Pair, list[float]],
        alone: dict[Pair, Floats],
    ) -> None:
        """`alone[x, y]`: log-odds of each sentence of x to have nothing in y."""
        self._odds = {pair: values.tolist() for pair, values in alone.items()}
        self._partner = {(x, y): [-1] * sizes[x] for x, y in alone}
        for (x, y), found in links.items():
            for (i, j, a, b), value in zip(found, odds[x, y], strict=True):
                for pair, one, count, other in (((x, y), i, a, j), ((y, x), j, b, i)):
                    self._partner[pair][one : one + count] = [other] * count
                    self._odds[pair][one : one + count] = [value] * count

    def between(self, x: int, here: Run, y: int, there: Run) -> float:
        """Log-odds that two runs, first and last sentence, go together."""
        doubts = []
        for u, v, own, other in ((x, y, here, there), (y, x, there, here)):
            if (u, v) not in self._odds:
                return 0.0
            for k in range(own[0], own[1] + 1):
                partner, value = self._partner[u, v][k], self._odds[u, v][k]
                if other[0] <= partner <= other[1]:
                    return value
                doubts.append(-value)
        return max(doubts)


class _Sets:
    """Sets of sentences: the first and last of each version, and which set a sentence is in."""

    def __init__(self, sizes: Sequence[int], evidence: Evidence | None) -> None:
        self.evidence = evidence
        self.first = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        self.parent = list(range(self.first[-1]))
        self.reach: list[dict[int, Run]] = [
            {version: (k, k)} for version, size in enumerate(sizes) for k in range(size)
        ]

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def _doubted(self, one: dict[int, Run], two: dict[int, Run]) -> bool:
        """True when the pairs of versions that would meet are against it."""
        if self.evidence is None:
            return False
        return (
            sum(
                self.evidence.between(x, here, y, there)
                for x, here in one.items()
                if x not in two
                for y, there in two.items()
                if y not in one
            )
            < 0
        )

    def join(self, nodes: Sequence[int], certain: bool) -> bool:
        """One set of all of these, unless evidence or, in doubt, their places are against it."""
        roots = sorted({self.find(node) for node in nodes})
        if len(roots) == 1:
            return True
        if len(roots) == 2 and self._doubted(*(self.reach[root] for root in roots)):
            return False
        whole: dict[int, Run] = {}
        for version in {version for root in roots for version in self.reach[root]}:
            runs = sorted(self.reach[r][version] for r in roots if version in self.reach[r])
            end = runs[0][1]
            for low, high in runs[1:]:
                if low - end - 1 > APART and not certain:
                    return False
                end = max(end, high)
            whole[version] = runs[0][0], end
        for root in roots[1:]:
            self.parent[root] = roots[0]
            self.reach[root] = {}
        self.reach[roots[0]] = whole
        return True


def join_rows(
    sizes: Sequence[int],
    links: dict[Pair, list[Link]],
    odds: dict[Pair, list[float]],
    alone: dict[Pair, Floats] | None = None,
    *,
    most: int,
) -> Joined:
    """Rows from the links of some or all pairs of versions and their log-odds.

    `alone[x, y]`: log-odds of each sentence of x to have nothing in y; None: links alone count.
    `most`: sentences of one side of a link that follows from others.
    """
    sets = _Sets(sizes, None if alone is None else Evidence(sizes, links, odds, alone))
    order = sorted((-odds[pair][k], pair, k) for pair in links for k in range(len(links[pair])))
    lost: dict[Pair, list[Link]] = {pair: [] for pair in links}
    for against, (x, y), k in order:
        i, j, a, b = links[x, y][k]
        at, to = sets.first[x] + i, sets.first[y] + j
        if not sets.join([*range(at, at + a), *range(to, to + b)], -against >= CERTAIN):
            lost[x, y].append((i, j, a, b))
    roots = np.array([sets.find(node) for node in range(sets.first[-1])], np.int64)
    parts = [roots[low:high] for low, high in zip(sets.first, sets.first[1:], strict=False)]
    number = _ordered(parts)
    rows = tuple(number[part] for part in parts)
    return Joined(rows, lost, _missing(rows, links, lost, most), int(number.max(initial=-1)) + 1)


def _ordered(parts: Sequence[Ints]) -> Ints:
    """The place of every set in the table, by its root. -1: no root."""
    total = sum(map(len, parts))
    after = {-1: -1}  # a linked list of the roots; -1 is the head
    place = np.full(total, -1, np.int64)
    for part in parts:
        nodes = part.tolist()
        known = sorted({(int(place[root]), root) for root in nodes if place[root] >= 0})
        steady = _in_order(nodes, place) if known else set(nodes)
        last = -1
        for root in nodes:
            if place[root] >= 0 or root in after:
                last = root if root in steady else last
                continue
            after[root], after[last] = after[last], root
            last = root
        at, count = after[-1], 0
        while at != -1:
            place[at], at, count = count, after[at], count + 1
    return place


def _in_order(nodes: list[int], place: Ints) -> set[int]:
    """The known sets that stand in their order in this version too."""
    roots = list(dict.fromkeys(root for root in nodes if place[root] >= 0))
    return {roots[k] for k in longest_rise([int(place[root]) for root in roots])}


def longest_rise(values: Sequence[int]) -> list[int]:
    """Where a longest strictly rising sub-sequence stands."""
    ends: list[int] = []
    holders: list[int] = []
    parent = [-1] * len(values)
    for k, value in enumerate(values):
        at = bisect_left(ends, value)
        parent[k] = holders[at - 1] if at else -1
        ends[at : at + 1] = [value]
        holders[at : at + 1] = [k]
    out = []
    k = holders[-1] if holders else -1
    while k >= 0:
        out.append(k)
        k = parent[k]
    return out[::-1]


def _missing(
    rows: Sequence[Ints], links: dict[Pair, list[Link]], lost: dict[Pair, list[Link]], most: int
) -> dict[Pair, list[Link]]:
    """For every two versions of a row, what is alone on both sides goes together, unless it is
    longer than a bead can be."""
    out: dict[Pair, list[Link]] = {}
    for x in range(len(rows)):
        for y in range(x + 1, len(rows)):
            alone = [np.ones(len(rows[v]), bool) for v in (x, y)]
            gone = set(lost.get((x, y), []))
            for i, j, a, b in links.get((x, y), []):
                if (i, j, a, b) not in gone:
                    alone[0][i : i + a] = False
                    alone[1][j : j + b] = False
            one, two = (_by_row(rows[v], part) for v, part in zip((x, y), alone, strict=True))
            found = []
            for row in sorted(one.keys() & two.keys()):
                (i, a), (j, b) = _run(one[row]), _run(two[row])
                if max(a, b) <= most:
                    found.append((i, j, a, b))
            out[x, y] = sorted(found)
    return out


def _by_row(rows: Ints, alone: npt.NDArray[np.bool_]) -> dict[int, list[int]]:
    """The sentences alone, by their row."""
    out: dict[int, list[int]] = {}
    for number in np.flatnonzero(alone).tolist():
        out.setdefault(int(rows[number]), []).append(number)
    return out


def _run(numbers: list[int]) -> tuple[int, int]:
    """The longest run of consecutive numbers: the first, and how many."""
    runs = [[numbers[0], 1]]
    for number in numbers[1:]:
        if number == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
    first, count = max(runs, key=lambda run: run[1])
    return first, count
