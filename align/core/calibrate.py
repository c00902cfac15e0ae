"""From the model's marginals to probabilities that mean what they say.

Two questions are asked of a pair: do the texts translate each other around here at all, and if so,
is this the right pair? The probability is the product of both answers. One regression for both
would take free translations, whose vectors agree little, for half unrelated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.blas import row_products
from align.core.evidence import Evidence
from align.core.monotone import Beads
from align.core.scorer import FOLDER
from align.core.side import Floats, Ints

INPUTS = (
    "constant",
    "logit of the marginal",
    "logit of the link",
    "score",
    "score around",
    "links around",
    "cosine above usual",
    "parallel share",
    "next to nothing parallel",
)

ENOUGH = 0.3  # share of linked text from which documents count as translations
HARDLY = 0.15  # share below which they look unrelated


PAIR = slice(0, 4)  # inputs that tell whether a pair is right where texts translate each other
CONTEXT = (0, 2, 3, 4, 5, 6, 7, 8)  # inputs that tell whether they do


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic weights over INPUTS for pairs in order, moved pairs and sentences left alone.

    `related` is of pairs only: a sentence alone is right among unrelated texts too.
    """

    related: Floats  # [2, len(INPUTS)]
    strict: Floats  # [3, len(INPUTS)]
    lax: Floats  # [3, len(INPUTS)]

    def probabilities(self, x: Floats, group: Ints) -> tuple[Floats, Floats]:
        """Strict and lax, from `inputs` [k, len(INPUTS)] and `group_of` [k]. [k] each"""
        here = _chance(x, self.related[np.minimum(group, 1)])
        strict, lax = (
            np.where(group < 2, here, 1) * _chance(x, weights[group])
            for weights in (self.strict, self.lax)
        )
        return strict, np.where(group < 2, np.maximum(lax, strict), 0)


def _chance(x: Floats, weights: Floats) -> Floats:
    """The same sum whatever the number of threads. [k, F], [k, F] -> [k]"""
    out: Floats = 1 / (1 + np.exp(-np.einsum("kf,kf->k", x, weights)))
    return out


def load_calibration(kind: str) -> Calibration:
    """The packaged weights for a kind of vectors."""
    found = json.loads((FOLDER / f"{kind}-calibration.json").read_text(encoding="utf-8"))
    return Calibration(*(np.array(found[name], np.float32) for name in Calibration.__slots__))


def _logit(p: Floats) -> Floats:
    p = np.minimum(np.maximum(p, 1e-4), 1 - 1e-4)
    out: Floats = np.log(p / (1 - p))
    return out


def _around(values: Floats, reach: int = 5) -> Floats:
    """Mean over up to `reach` beads on either side, the bead itself left out."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    k = np.arange(len(values))
    low, high = np.maximum(k - reach, 0), np.minimum(k + reach + 1, len(values))
    return ((total[high] - total[low] - values) / np.maximum(high - low - 1, 1)).astype(np.float32)


def _in_order(values: Floats, moved: npt.NDArray[np.bool_]) -> Floats:
    """`_around` among the beads in order, 0 for moved ones: the same seen from either side."""
    out = np.zeros(len(values), np.float32)
    out[~moved] = _around(values[~moved])
    return out


def inputs(beads: Beads, moved: npt.NDArray[np.bool_], ev: Evidence) -> Floats:
    """What calibration looks at. [k, len(INPUTS)]"""
    size = np.maximum((beads.a + beads.b) / 2, 1).astype(np.float32)
    score = np.clip(beads.score / size / 5, -2, 2).astype(np.float32)
    both = (beads.a > 0) & (beads.b > 0)
    i, j = beads.src + beads.a, beads.tgt + beads.b
    x, y = np.maximum(beads.a - 1, 0), np.maximum(beads.b - 1, 0)
    norm = ev.src_blocks.norms[x, i] * ev.tgt_blocks.norms[y, j]
    cosine = _products(beads, ev) / np.maximum(norm, 1e-6)
    usual = (ev.src_background.of(x + 1, y + 1, i) + ev.tgt_background.of(y + 1, x + 1, j)) / 2
    above = np.where(both, cosine - usual, 0)
    mass = (ev.src_blocks.mass[i] - ev.src_blocks.mass[beads.src]) + (
        ev.tgt_blocks.mass[j] - ev.tgt_blocks.mass[beads.tgt]
    )
    share = float((mass * beads.linked * both).sum() / max(float(mass.sum()), 1e-6))
    columns = (
        np.ones(len(size)),
        _logit(beads.probability),
        _logit(np.maximum(beads.linked, beads.probability * both)) * both,
        score,
        _in_order(score, moved),
        _in_order(beads.linked * both, moved),
        above,
        np.full(len(size), min(share, ENOUGH) / ENOUGH),
        np.full(len(size), max(HARDLY - share, 0) / HARDLY),
    )
    return np.stack(columns, 1).astype(np.float32)


def _products(beads: Beads, ev: Evidence) -> Floats:
    """The product of both blocks' vectors; of a sentence alone anything. [k]"""
    out = np.zeros(len(beads.src), np.float32)
    for start in range(0, len(out), 512):  # stays in the cache
        part = slice(start, start + 512)
        a = _blocks(ev.src.sums, beads.src[part], beads.a[part])
        out[part] = row_products(a, _blocks(ev.tgt.sums, beads.tgt[part], beads.b[part]))
    return out


def _blocks(sums: Floats, first: Ints, count: Ints) -> Floats:
    """The summed vectors of blocks; of empty ones any vector. [k, d]"""
    out = sums.take(first, 0, mode="clip")
    for extra in range(1, int(count.max(initial=0))):
        longer = count > extra
        out[longer] += sums[first[longer] + extra]
    return out


def group_of(beads: Beads, moved: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """0: pair in order, 1: moved pair, 2: a sentence alone. [k]"""
    alone = (beads.a == 0) | (beads.b == 0)
    return np.where(alone, 2, moved).astype(np.int64)


def calibrate(
    calibration: Calibration, beads: Beads, moved: npt.NDArray[np.bool_], ev: Evidence
) -> tuple[Floats, Floats]:
    """Strict and lax probability of every bead. [k] each"""
    strict, lax = calibration.probabilities(inputs(beads, moved, ev), group_of(beads, moved))
    return strict.astype(np.float32), lax.astype(np.float32)
