"""The learned bead scorer: a weight for each feature, a constant for each shape.

The scores are log-potentials of a conditional random field over paths: its marginals are
probabilities. Weights are tied so that swapping the documents changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from align.core.bucket import Bucket
from align.core.evidence import NULL_FEATURES
from align.core.features import (
    BEAD_FEATURES,
    INNER_FEATURES,
    inner_scores,
)
from align.core.found import Shape
from align.core.lattice import NEVER, Lattice, shapes_of
from align.core.measures import measured
from align.core.places import START_FEATURES, end_table, looked_up, start_table, weighed
from align.core.side import Floats, Ints
from align.errors import AlignError

_STARTS = len(INNER_FEATURES)
_ENDS = _STARTS + len(START_FEATURES)
_PARTS = slice(_STARTS), slice(_STARTS, _ENDS), slice(_ENDS, None)
LENGTH = "length"  # the weights for when vectors tell nothing
BATCH = 1 << 14  # beads measured together
PART = 1 << 14  # beads whose features are held together: they stay in the cache
FOLDER = Path(__file__).with_name("weights")


@dataclass(frozen=True, slots=True)
class Scorer:
    """Weights for one kind of vectors."""

    beads: Floats  # [len(BEAD_FEATURES)]
    nulls: Floats  # [len(NULL_FEATURES)]
    shapes: Floats  # [A, A]; symmetric; NEVER for shapes that are not allowed

    def allowed(self) -> list[Shape]:
        """In rising order."""
        return [
            (a, b)
            for a, row in enumerate(self.shapes.tolist(), 1)
            for b, score in enumerate(row, 1)
            if score > NEVER
        ]

    def restricted(self, max_side: int, max_total: int) -> Scorer:
        """The same without beads longer than these, in sentences a side and on both sides."""
        size = min(max_side, len(self.shapes))
        a = np.arange(1, size + 1)
        allowed = a[:, None] + a <= max_total
        shapes = np.where(allowed, self.shapes[:size, :size], NEVER).astype(np.float32)
        return Scorer(self.beads, self.nulls, shapes)


def load_scorer(kind: str) -> Scorer:
    """The packaged weights for a kind of vectors: "static" or "sentence"; LENGTH for none."""
    return read_scorer(FOLDER / f"{kind}.json")


def read_scorer(path: Path) -> Scorer:
    """Weights from a JSON file; AlignError if they belong to other features."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for name, wanted in (("beads", BEAD_FEATURES), ("nulls", NULL_FEATURES)):
        if set(found[name]) != set(wanted):
            odd = sorted(set(found[name]) ^ set(wanted))
            raise AlignError(f"{path}: weights for other features than ours: {', '.join(odd)}")
    size = max(int(shape.split("-")[1]) for shape in found["shapes"])
    shapes = np.full((size, size), NEVER, np.float32)
    for shape, value in found["shapes"].items():
        a, b = (int(part) for part in shape.split("-"))
        shapes[a - 1, b - 1] = shapes[b - 1, a - 1] = value
    return Scorer(
        np.array([found["beads"][name] for name in BEAD_FEATURES], np.float32),
        np.array([found["nulls"][name] for name in NULL_FEATURES], np.float32),
        shapes,
    )


def write_scorer(scorer: Scorer, path: Path) -> None:
    """The inverse of `read_scorer`."""
    size = len(scorer.shapes)
    shapes = {
        f"{a + 1}-{b + 1}": round(float(scorer.shapes[a, b]), 4)
        for a in range(size)
        for b in range(a, size)
        if scorer.shapes[a, b] > NEVER
    }
    beads, nulls = (
        {name: round(float(x), 4) for name, x in zip(names, weights, strict=True)}
        for names, weights in ((BEAD_FEATURES, scorer.beads), (NULL_FEATURES, scorer.nulls))
    )
    text = json.dumps({"beads": beads, "nulls": nulls, "shapes": shapes}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def score_bucket(bucket: Bucket, scorer: Scorer) -> Lattice:
    """The scores of everything that can happen in these segments."""
    ev = bucket.evidence
    rows, columns, count = bucket.dots.shape
    shapes = shapes_of([(a, b) for a, b in scorer.allowed() if a < rows and b < columns])
    inner, start, end = (scorer.beads[part] for part in _PARTS)
    starting = weighed(start, start_table(ev.paragraphs))
    begins = looked_up(starting, bucket.src.begin, bucket.tgt.begin)  # [h + 1, w + 1, S]
    ends = looked_up(weighed(end, end_table()), bucket.src.end, bucket.tgt.end)
    beads = np.full((rows, len(shapes.a), columns, count), NEVER, np.float32)
    for found in measured(bucket, scorer.allowed(), BATCH):
        scores, done = inner_scores(inner, found, ev.level, PART), 0
        for a, b in found.shapes:
            here = scores[done : done + (rows - a) * (columns - b) * count]
            done += len(here)
            here += scorer.shapes[a - 1, b - 1]
            here = here.reshape(rows - a, columns - b, count)
            here += begins[:-a, :-b]
            here += ends[a:, b:]
            beads[a:, shapes.number[a, b], b:] = here
    src_null = np.zeros((rows, count), np.float32)
    tgt_null = np.zeros((columns, count), np.float32)
    src_null[1:] = _nulls(ev.src_nulls, scorer, bucket.src.at)
    tgt_null[1:] = _nulls(ev.tgt_nulls, scorer, bucket.tgt.at)
    return Lattice(shapes, beads, src_null, tgt_null, bucket.heights, bucket.widths)


def _nulls(features: Floats, scorer: Scorer, at: Ints) -> Floats:
    """Of leaving out the sentence before each place but the first. [k + 1, S] -> [k, S]"""
    out: Floats = features.take(at[1:] - 1, 0, mode="clip") @ scorer.nulls
    return out
