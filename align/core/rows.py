"""From the beads of all pairs to rows: what corresponds in every version.

Beads are joined to rows strongest first (Kruskal 1956); one that would bring together sentences of
a version that stand apart loses. Where two versions are in a row but not linked with each other,
their sentences are. Rows stand in the order of the first version; what it lacks follows what it
follows in its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.side import Ints

APART = 3  # sentences between two of one version in one row, at most, ...
CERTAIN = 2.0  # ... unless the log-odds of the link that joins them are at least this

Pair = tuple[int, int]
Link = tuple[int, int, int, int]  # first sentences, and how many


@dataclass(frozen=True, slots=True)
class Joined:
    """R rows, numbered in the order of the table."""

    row: tuple[Ints, ...]  # for each version, the row of each of its sentences
    lost: dict[Pair, list[Link]]  # links that were not followed, by pair
    added: dict[Pair, list[Link]]  # links that follow from the others'
    count: int


class _Sets:
    """Sets of sentences: the first and last of each version, and which set a sentence is in."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.first = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        self.parent = list(range(self.first[-1]))
        self.reach: list[dict[int, tuple[int, int]]] = [
            {version: (k, k)} for version, size in enumerate(sizes) for k in range(size)
        ]

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def join(self, nodes: Sequence[int], certain: bool) -> bool:
        """One set of all of these, unless, in doubt, sentences far apart would meet in it."""
        roots = sorted({self.find(node) for node in nodes})
        if len(roots) == 1:
            return True
        whole: dict[int, tuple[int, int]] = {}
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
    sizes: Sequence[int], links: dict[Pair, list[Link]], odds: dict[Pair, list[float]]
) -> Joined:
    """Rows from the links of some or all pairs of versions and their log-odds."""
    sets = _Sets(sizes)
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
    return Joined(rows, lost, _missing(rows, links, lost), int(number.max(initial=-1)) + 1)


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
    rows: Sequence[Ints], links: dict[Pair, list[Link]], lost: dict[Pair, list[Link]]
) -> dict[Pair, list[Link]]:
    """For every two versions of a row, what is alone on both sides goes together."""
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
