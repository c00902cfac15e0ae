"""Texts in several versions with known rows, made from multi-way bitext.

Consecutive rows of a source become a text; then every version goes its own way: it leaves out
sentences and passages, has foreign ones, merges sentences, splits them, cuts them at other
places, and moves blocks. What corresponds is known from the making.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from align.training.synthetic import halves

Unit = tuple[tuple[int, ...], ...]  # the sentences of each version that render one row


@dataclass(frozen=True, slots=True)
class Ways:
    """How often what happens, per version and row.

    Merged and missing sentences are about as frequent as in the project's own article.
    """

    merge: float = 0.16  # two or three rows become one sentence
    split: float = 0.06  # a sentence becomes two
    cross: float = 0.03  # the cut between two sentences lies elsewhere
    omit: float = 0.03  # a row is missing
    passage: float = 0.006  # a passage of 3-20 rows is missing
    foreign: float = 0.006  # a passage of 1-6 sentences that no other version has
    paragraph: float = 0.2  # a paragraph ends, in all versions
    move: float = 0.01  # share of the rows that stand elsewhere, in blocks of 1-3


@dataclass(frozen=True, slots=True)
class Versions:
    """The sentences and paragraph numbers of each version, and the units they render."""

    texts: tuple[tuple[str, ...], ...]
    paragraphs: tuple[tuple[int, ...], ...]
    units: tuple[Unit, ...]


def make_versions(
    rows: Sequence[tuple[str, ...]],
    others: Sequence[tuple[str, ...]],
    ways: Ways,
    rng: np.random.Generator,
    glue: Sequence[str],
) -> Versions:
    """As many versions as a row has cells; foreign sentences are taken from `others`.

    `glue` stands between merged sentences of a version (empty for Chinese).
    """
    source = _Source(rows, others, ways, rng)
    count = len(source.cells)
    orders = [source.order() for _ in glue]
    splitter = rng.integers(0, len(glue), count)
    ids: list[list[tuple[int, ...]]] = [[()] * len(glue) for _ in range(count)]
    texts, paragraphs = [], []
    for version, order in enumerate(orders):
        writer = _Writer(version, glue[version], source, ids)
        writer.write([u for u in order if source.cells[u][version]], ways, rng, splitter.tolist())
        texts.append(tuple(writer.texts))
        paragraphs.append(tuple(writer.paragraphs))
    return Versions(tuple(texts), tuple(paragraphs), tuple(map(tuple, ids)))


class _Source:
    """The units before the versions are written: cells (empty: missing), paragraphs, moved ones."""

    def __init__(
        self,
        rows: Sequence[tuple[str, ...]],
        others: Sequence[tuple[str, ...]],
        ways: Ways,
        rng: np.random.Generator,
    ) -> None:
        self.rng, self.move = rng, ways.move
        self.cells: list[list[str]] = []
        self.paragraph: list[int] = []
        self.block: dict[int, int] = {}  # which block a moved unit belongs to
        width = len(rows[0])
        present = np.ones((len(rows), width), bool)
        for version in range(width):
            u = 0
            while u < len(rows):
                dice, count = rng.random(), 1
                if dice < ways.passage:
                    count = int(rng.integers(3, 21))
                if dice < ways.passage + ways.omit:
                    present[u : u + count, version] = False
                u += count
        number = 0
        for u, row in enumerate(rows):
            for version in range(width):
                if rng.random() < ways.foreign:
                    for _ in range(int(rng.integers(1, 7))):
                        text = others[int(rng.integers(len(others)))][version]
                        self._add([text if v == version else "" for v in range(width)], number)
            self._add([row[v] if present[u, v] else "" for v in range(width)], number)
            number += bool(rng.random() < ways.paragraph)

    def _add(self, cells: list[str], paragraph: int) -> None:
        self.cells.append(cells)
        self.paragraph.append(paragraph)

    def order(self) -> list[int]:
        """The units as one version has them: some blocks stand between two other paragraphs."""
        order = list(range(len(self.cells)))
        left = round(self.move * len(order) * 2 * self.rng.random())
        for _ in range(20):
            count = min(int(self.rng.integers(1, 4)), left)
            if count < 1:
                break
            start = int(self.rng.integers(0, len(order) - count))
            block = order[start : start + count]
            rest = order[:start] + order[start + count :]
            to = int(self.rng.integers(1, len(rest)))
            near = {rest[to - 1], rest[to]}
            if (
                abs(to - start) < count + 8
                or self.paragraph[rest[to - 1]] == self.paragraph[rest[to]]
            ):
                continue
            if any(u in self.block for u in (*block, *near)):
                continue
            order = rest[:to] + block + rest[to:]
            self.block |= dict.fromkeys(block, len(self.block) + 1)
            left -= count
        return order

    def together(self, u: int, w: int) -> bool:
        """True when two units may share a sentence."""
        same_block = self.block.get(u) == self.block.get(w)
        return same_block and self.paragraph[u] == self.paragraph[w]


class _Writer:
    """Writes one version and notes which sentences render which unit."""

    def __init__(
        self, version: int, glue: str, source: _Source, ids: list[list[tuple[int, ...]]]
    ) -> None:
        self.version, self.glue, self.source, self.ids = version, glue, source, ids
        self.texts: list[str] = []
        self.paragraphs: list[int] = []
        self._last: tuple[int, int | None] | None = None

    def _put(self, text: str, units: Sequence[int]) -> None:
        place = self.source.paragraph[units[0]], self.source.block.get(units[0])
        new = place != self._last
        self.paragraphs.append((self.paragraphs[-1] if self.paragraphs else -1) + new)
        self._last = place
        for u in units:
            self.ids[u][self.version] += (len(self.texts),)
        self.texts.append(text)

    def _next(self, units: Sequence[int], k: int) -> list[int]:
        """Up to two units that may share a sentence with this one.

        No version has anything between them: else the bead would have a hole in that version,
        and no aligner could say it.
        """
        out: list[int] = []
        for step, w in enumerate(units[k + 1 : k + 3], 1):
            if w != units[k] + step or not self.source.together(units[k], w):
                break
            out.append(w)
        return out

    def write(
        self, units: Sequence[int], ways: Ways, rng: np.random.Generator, splitter: list[int]
    ) -> None:
        """The units in this version's order; `splitter`: which version may split a unit."""
        cell = [row[self.version] for row in self.source.cells]
        k = 0
        while k < len(units):
            u, dice = units[k], rng.random()
            near = self._next(units, k)
            mine = splitter[u] == self.version
            if dice < ways.merge and near:
                count = 3 if len(near) > 1 and rng.random() < 0.2 else 2
                some = units[k : k + count]
                self._put(self.glue.join(cell[w] for w in some), some)
                k += count
                continue
            if dice < ways.merge + ways.cross and near and splitter[near[0]] == self.version:
                parts = halves(cell[near[0]])
                if len(parts) == 2:
                    self._put(cell[u] + self.glue + parts[0], [u, near[0]])
                    self._put(parts[1], near[:1])
                    k += 2
                    continue
            cut = mine and dice < ways.merge + ways.cross + ways.split * len(self.ids[u])
            for part in halves(cell[u]) if cut else [cell[u]]:
                self._put(part, [u])
            k += 1


def rows_of_units(units: Sequence[Unit], sizes: Sequence[int]) -> list[frozenset[tuple[int, int]]]:
    """The rows that follow: units that share a sentence are one. (version, sentence) sets."""
    owner: dict[tuple[int, int], set[tuple[int, int]]] = {
        (v, i): {(v, i)} for v, size in enumerate(sizes) for i in range(size)
    }
    for unit in units:
        whole = set().union(*(owner[v, i] for v, ids in enumerate(unit) for i in ids))
        for node in whole:
            owner[node] = whole
    return list({frozenset(row) for row in owner.values()})


def links_of_units(
    units: Sequence[Unit], x: int, y: int, sizes: Sequence[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The beads of two of the versions: units with text in both that share a sentence are one."""
    groups: list[tuple[set[int], set[int]]] = []
    for unit in units:
        if not unit[x] or not unit[y]:
            continue
        left, right = set(unit[x]), set(unit[y])
        apart = []
        for group in groups:
            if group[0] & left or group[1] & right:
                left |= group[0]
                right |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (left, right)]
    beads = [(tuple(sorted(left)), tuple(sorted(right))) for left, right in groups]
    src = {i for bead in beads for i in bead[0]}
    tgt = {j for bead in beads for j in bead[1]}
    alone = [((i,), ()) for i in range(sizes[x]) if i not in src]
    return [*beads, *alone, *(((), (j,)) for j in range(sizes[y]) if j not in tgt)]


def multi_way(
    rows_by_source: Sequence[Sequence[tuple[str, ...]]],
    count: int,
    size: int,
    seed: int,
    glue: Sequence[str],
    ways: Ways | None = None,
) -> Iterator[tuple[int, Versions]]:
    """`count` texts of `size` rows from each source: (number of the source, versions)."""
    rng = np.random.default_rng(seed)
    for number, rows in enumerate(rows_by_source):
        for _ in range(count):
            at = int(rng.integers(0, max(1, len(rows) - size)))
            yield number, make_versions(rows[at : at + size], rows, ways or Ways(), rng, glue)
