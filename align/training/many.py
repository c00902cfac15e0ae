"""Learns what several versions are weighed with, from texts made in several versions.

`Trust` is learned in `trust.py`. `Ballot` and the probabilities by logistic regression over links,
beads and rows that were right or wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from align.core.monotone import Beads
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side
from align.core.versions.agreed import agree, candidates, settled
from align.core.versions.certainty import ROW_INPUTS, Weights, bead_probabilities, row_inputs
from align.core.versions.rows import Pair
from align.core.versions.table import BEAD_INPUTS, Table, tabulate
from align.core.versions.votes import Ballot, ballot_inputs, heard, own_odds
from align.core.versions.weighing import Trust, Weighed, weigh_all
from align.training.calibration import logistic
from align.training.versions import Unit, links_of_units, rows_of_units

Flags = npt.NDArray[np.bool_]
Link = tuple[tuple[int, ...], tuple[int, ...]]
L2 = 1.0
UNDECIDED = Ballot((9.0, 1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0, 0.0, 0.0))
OPEN = 6.5  # log-odds of links that votes are about


@dataclass(frozen=True, slots=True)
class Text:
    """The versions of a text as arrays, and its units."""

    sides: tuple[Side, ...]
    units: tuple[Unit, ...]

    @property
    def sizes(self) -> list[int]:
        """Sentences of each version."""
        return [len(side) for side in self.sides]

    def gold(self, pair: Pair) -> list[Link]:
        """The beads of two versions."""
        return links_of_units(self.units, *pair, self.sizes)


def weighed(text: Text, scorer: Scorer, trust: Trust, k: int = 4) -> dict[Pair, Weighed]:
    """All pairs of a text."""
    pairs = list(combinations(range(len(text.sides)), 2))
    return weigh_all(text.sides, pairs, scorer, trust, k)


# votes


def learn_ballot(
    texts: Sequence[Text], found: Sequence[dict[Pair, Weighed]], scorer: Scorer, k: int = 4
) -> Ballot:
    """What votes on a link are worth: in order, that it is exact; moved, that it is no chance."""
    seen: tuple[list[tuple[float, ...]], list[tuple[float, ...]]] = ([], [])
    right: tuple[list[bool], list[bool]] = ([], [])
    for text, pairs in zip(texts, found, strict=True):
        firm, ties = settled(pairs, text.sizes, scorer, UNDECIDED)
        golds = {pair: text.gold(pair) for pair in pairs}
        for pair, beads in firm.items():
            exact = set(golds[pair])
            for own, (i, j, a, b) in zip(own_odds(beads), _blocks(beads), strict=True):
                if a and b and own < OPEN:
                    src, tgt = range(i, i + a), range(j, j + b)
                    seen[0].append(ballot_inputs(own, ties.votes(*pair, src, tgt)))
                    right[0].append((tuple(src), tuple(tgt)) in exact)
        moved = candidates(pairs, firm, scorer, k)
        partners = {pair: _partners(gold) for pair, gold in golds.items()}
        blocks = {pair: [] if b is None else _blocks(b) for pair, b in moved.items()}
        for pair, number, own, votes in heard(moved, ties):
            i, j, a, b = blocks[pair][number]
            seen[1].append(ballot_inputs(own, votes))
            right[1].append(_touching(partners[pair], range(i, i + a), range(j, j + b)))
    return Ballot(
        *(
            tuple(
                round(float(weight), 3)
                for weight in logistic(np.array(x), np.array(y), np.ones(len(y)), L2)
            )
            for x, y in zip(seen, right, strict=True)
        )
    )


def _blocks(beads: Beads) -> list[tuple[int, int, int, int]]:
    columns = (beads.src, beads.tgt, beads.a, beads.b)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _partners(gold: Sequence[Link]) -> dict[int, set[int]]:
    out: dict[int, set[int]] = {}
    for src, tgt in gold:
        for i in src:
            out.setdefault(i, set()).update(tgt)
    return out


def _touching(partner: dict[int, set[int]], own: Iterable[int], other: Iterable[int]) -> bool:
    return any(not partner[one].isdisjoint(other) for one in own)


# probabilities


@dataclass(frozen=True, slots=True)
class Marked:
    """The beads of all pairs of a text, and its rows, with whether they are right."""

    table: Table
    strict: tuple[Flags, ...]  # for each pair
    lax: tuple[Flags, ...]
    rows: Flags  # [R]


def mark(
    text: Text, found: dict[Pair, Weighed], scorer: Scorer, ballot: Ballot, k: int = 4
) -> Marked:
    """One text compared with its units."""
    table = tabulate(found, text.sizes, agree(found, text.sizes, scorer, ballot, k), ballot)
    strict, lax = [], []
    for known in table.pairs:
        gold = text.gold(known.pair)
        exact = set(gold)
        partner = _partners(gold)
        b = known.beads
        right, touching = [], []
        for i, j, m, n in zip(*(c.tolist() for c in (b.src, b.tgt, b.a, b.b)), strict=True):
            own, other = tuple(range(i, i + m)), tuple(range(j, j + n))
            right.append((own, other) in exact)
            touching.append(_touching(partner, own, other))
        strict.append(np.array(right, bool))
        lax.append(np.array(touching, bool))
    want = set(rows_of_units(text.units, text.sizes))
    have: list[set[tuple[int, int]]] = [set() for _ in range(table.count)]
    for version, rows in enumerate(table.row):
        for i, row in enumerate(rows.tolist()):
            have[row].add((version, i))
    return Marked(
        table, tuple(strict), tuple(lax), np.array([frozenset(row) in want for row in have], bool)
    )


def learn_certainty(marked: Sequence[Marked], trust: Trust, ballot: Ballot) -> Weights:
    """The logistic weights of beads and rows."""
    tables = []
    for name in ("strict", "lax"):
        x = np.concatenate([known.inputs for m in marked for known in m.table.pairs])
        kind = np.concatenate([known.kind for m in marked for known in m.table.pairs])
        y = np.concatenate([flags for m in marked for flags in getattr(m, name)])
        tables.append(_by_kind(x, y, kind, 4))
    bare = np.zeros((2, len(ROW_INPUTS)), np.float32)
    weights = Weights(trust, ballot, tables[0], tables[1], bare)
    x = np.concatenate([row_evidence(m.table, weights)[0] for m in marked])
    kind = np.concatenate([row_evidence(m.table, weights)[1] for m in marked])
    y = np.concatenate([m.rows for m in marked])
    return replace(weights, row=_by_kind(x, y, kind, 2))


def row_evidence(table: Table, weights: Weights) -> tuple[Floats, Ints]:
    """What the probability of each row looks at, and the kind of the row."""
    strict = [bead_probabilities(known, weights)[0] for known in table.pairs]
    return row_inputs(table, strict)


def _by_kind(x: Floats, y: Flags, kind: Ints, kinds: int) -> Floats:
    out = np.zeros((kinds, x.shape[1]), np.float32)
    for one in range(kinds):
        at = kind == one
        if at.sum() >= 20:
            out[one] = logistic(x[at], y[at], np.ones(int(at.sum())), L2)
    return out


def write_weights(weights: Weights, path: Path) -> None:
    """As `load_weights` reads them."""

    def table(values: Floats) -> list[list[float]]:
        return [[round(float(v), 4) for v in row] for row in values]

    found = {
        "trust": asdict(weights.trust),
        "ballot": asdict(weights.ballot),
        "bead inputs": BEAD_INPUTS,
        "strict": table(weights.strict),
        "lax": table(weights.lax),
        "row inputs": ROW_INPUTS,
        "row": table(weights.row),
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
