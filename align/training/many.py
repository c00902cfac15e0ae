"""Learns what several versions are weighed with, from texts made in several versions.

`Trust` by likelihood: the gold paths of every pair under the scores with the testimonies added, as
the scorer itself is learned (`scorer.py`), its weights fixed. `Ballot` and the probabilities by
logistic regression over links, beads and rows that were right or wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.lattice import all_paths, marginals
from align.core.monotone import Beads
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side
from align.core.versions.certainty import ROW_INPUTS, Weights, bead_probabilities, row_inputs
from align.core.versions.posterior import Posterior, laid, places
from align.core.versions.rows import Pair
from align.core.versions.table import BEAD_INPUTS, Table, candidates, settled, tabulate
from align.core.versions.votes import Ballot, ballot_inputs, heard, own_odds
from align.core.versions.weighing import Trust, Weighed, summed, testimonies, weigh_all
from align.training.calibration import logistic
from align.training.versions import Unit, links_of_units, rows_of_units

Flags = npt.NDArray[np.bool_]
Link = tuple[tuple[int, ...], tuple[int, ...]]
COST = 0.1  # added to a wrong bead, per (a + b) / 2, while learning
L2 = 1.0
NOTHING = Trust(0.0, 0.0, 0.0, 0.0)
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


# trust


@dataclass(frozen=True, slots=True)
class _Lesson:
    """One pair: its beads, what is said of them, and which are gold."""

    posterior: Posterior
    one: Weighed
    said: tuple[Floats, Floats, Floats]
    right: tuple[Flags, Flags, Flags]  # of the beads, of the sentences alone
    taught: tuple[Flags, Flags, Flags]  # those in segments that hold whole gold beads
    whole: Flags  # [S]; such segments


def _lesson(one: Weighed, said: tuple[Floats, Floats, Floats], gold: Sequence[Link]) -> _Lesson:
    p, box = one.first, one.ready.box
    beads = zip(p.src.tolist(), p.tgt.tolist(), p.a.tolist(), p.b.tolist(), strict=True)
    at = {bead: k for k, bead in enumerate(beads)}
    src_at = np.repeat(np.arange(len(box.src_first)), box.src_last - box.src_first)
    tgt_at = np.repeat(np.arange(len(box.tgt_first)), box.tgt_last - box.tgt_first)
    right = [np.zeros(n, bool) for n in (len(p.src), len(src_at), len(tgt_at))]
    whole = np.ones(len(box.src_first), bool)
    for src, tgt in gold:
        if src and tgt:
            k = at.get((src[0], tgt[0], len(src), len(tgt)))
            if k is not None and src[-1] - src[0] < len(src) and tgt[-1] - tgt[0] < len(tgt):
                right[0][k] = True
            else:
                whole[src_at[list(src)]] = False
                whole[tgt_at[list(tgt)]] = False
        elif src:
            right[1][src[0]] = True
        else:
            right[2][tgt[0]] = True
    taught = whole[p.segment], whole[src_at], whole[tgt_at]
    return _Lesson(p, one, said, (right[0], right[1], right[2]), taught, whole)


def _objective(
    weights: npt.NDArray[np.float64], lessons: Sequence[_Lesson], size: int
) -> tuple[float, npt.NDArray[np.float64]]:
    """Loss and gradient."""
    loss, slope = L2 / 2 * float(weights @ weights), L2 * weights
    for one in lessons:
        p = one.posterior
        old = (p.score, p.src_score, p.tgt_score)
        scores = [s + x @ weights for s, x in zip(old, one.said, strict=True)]
        gold = [
            s[right & taught].sum()
            for s, right, taught in zip(scores, one.right, one.taught, strict=True)
        ]
        wrong: tuple[Any, ...] = (COST * (p.a + p.b) / 2, COST / 2, COST / 2)
        scores = [s + np.where(r, 0.0, c) for s, c, r in zip(scores, wrong, one.right, strict=True)]
        p = replace(p, score=scores[0], src_score=scores[1], tgt_score=scores[2])
        chances, total = _chances(p, one.one, size)
        loss += float(total[one.whole].sum()) - float(sum(gold))
        for x, chance, right, taught in zip(one.said, chances, one.right, one.taught, strict=True):
            slope = slope + x[taught].T @ (chance - right)[taught]
    return loss, slope


def _chances(p: Posterior, one: Weighed, size: int) -> tuple[list[Floats], Floats]:
    """Marginals of the beads and of the sentences alone, and the log-sum of each segment."""
    box = one.ready.box
    out = [np.zeros(n) for n in (len(p.src), len(p.src_score), len(p.tgt_score))]
    total = np.zeros(len(box.src_first))
    at = np.full(len(box.src_first), -1)
    for lattice, chosen in laid(p, box, size, np.arange(len(box.src_first))):
        sums = all_paths(lattice)
        chances = marginals(lattice, sums)
        total[chosen] = sums.total
        at[:] = -1
        at[chosen] = np.arange(len(chosen))
        here = np.flatnonzero(at[p.segment] >= 0)
        s = at[p.segment[here]]
        i = (p.src + p.a)[here] - box.src_first[chosen][s]
        j = (p.tgt + p.b)[here] - box.tgt_first[chosen][s]
        out[0][here] = chances.beads[i, p.a[here] - 1, p.b[here] - 1, j, s]
        rows, columns = places(box, chosen, lattice)
        out[1][rows[2]] = chances.src_null[1:][rows[0], rows[1]]
        out[2][columns[2]] = chances.tgt_null[1:][columns[0], columns[1]]
    return out, total


def learn_trust(texts: Sequence[Text], scorer: Scorer, rounds: int = 15) -> Trust:
    """What a witness's word is worth."""
    from scipy.optimize import minimize

    size = len(scorer.shapes)
    lessons = []
    for text in texts:
        found = weighed(text, scorer, NOTHING)
        said = testimonies({pair: one.first for pair, one in found.items()}, len(text.sides), size)
        for pair, one in found.items():
            lessons.append(_lesson(one, summed(one.first, said[pair]), text.gold(pair)))
    found_weights = minimize(
        _objective,
        np.zeros(4),
        args=(lessons, size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": rounds},
    ).x
    return Trust(*(round(float(weight), 3) for weight in found_weights))


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
    table = tabulate(found, text.sizes, scorer, ballot, k)
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
