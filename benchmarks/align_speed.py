"""Alignment alone, vectors given: time, memory and F1 against size, and how they grow.

    python -m benchmarks.align_speed [--sizes 500,2k,8k,32k,128k,512k] [--dims 256,768]
                                     [--repeat 3] [--profile] [-o OUT.json]

Documents are synthetic: 85 % 1-1, 5 % 1-2, 5 % 2-1, 2.5 % deletions, 2.5 % insertions. A unit of
meaning is a random unit vector; a sentence's is that of its unit (the sum of both where it renders
two) plus noise of half its length plus a component common to all sentences: the cosine of a 1-1
pair is about .81, of unrelated sentences about .07. All sentences have the same dummy text, so
nothing but the vectors says anything (`--lengths real`: lengths like those of real text).

Every cell is a fresh process with one thread. Loading (imports, weights) comes first and is given
apart; then `align.sides.side_of` (what the core reads is made from sentences and vectors), then
`align.core.align.align_sides` (neighbours, anchors, scores, path, moved text, probabilities).
`cpu` is process time: of the first document of this size that the process sees, after one of 40
sentences; most of its memory has to be got from the system, page by page. `again_cpu`, of small
documents, is the median of five more calls, as a process that aligns one document after the other
sees it. Memory is measured in a call of its own, after all freed memory went back to the system
(which would cost the timed call some milliseconds that no user pays): `peak_mb` is the peak of
resident memory above that just before, with vectors and sides in memory; `total_mb` is the peak
over both steps above the vectors alone.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import (
    RESULTS,
    measure,
    measured_alone,
    numbers,
    options,
    profiled,
    report,
    write_json,
)

Floats = npt.NDArray[np.float32]
Link = tuple[tuple[int, ...], tuple[int, ...]]
KINDS = ((1, 1), (1, 2), (2, 1), (1, 0), (0, 1))
SHARES = (0.85, 0.05, 0.05, 0.025, 0.025)
NOISE, COMMON = 0.5, 0.3  # lengths beside the unit's 1
RESULT = RESULTS / "align-speed.json"
SMALL, AGAIN = 2000, 5  # sentences of documents that are aligned again, and how often


@dataclass(frozen=True)
class Synthetic:
    """Two documents of vectors and their gold."""

    src: Floats  # [n, d], unit rows
    tgt: Floats  # [m, d]
    src_bytes: npt.NDArray[np.int64]  # [n]; lengths as real text has them
    tgt_bytes: npt.NDArray[np.int64]
    gold: list[Link]


def synthetic(n: int, dims: int, seed: int = 0) -> Synthetic:
    """A pair of documents whose source has n sentences, or n + 1 if a 2-1 comes last."""
    rng = np.random.default_rng([seed, n, dims])
    kinds = rng.choice(len(KINDS), size=n + n // 16 + 64, p=SHARES)
    a, b = np.array(KINDS)[kinds].T
    last = int(np.searchsorted(np.cumsum(a), n)) + 1
    a, b = a[:last], b[:last]
    gold = _links(a, b)
    common = rng.standard_normal(dims, np.float32)
    common *= COMMON / np.linalg.norm(common)
    units = np.maximum(a, b)  # units of meaning in each bead: 1, or 2 where something merged
    first = np.cumsum(units) - units
    meaning = _unit(rng.standard_normal((int(units.sum()), dims), np.float32))
    size = np.exp(rng.normal(4.4, 0.6, len(meaning))) + 4
    sides = []
    for count in (a, b):
        where = np.repeat(first, count) + _within(count)
        merged = np.repeat((count == 1) & (units == 2), count)
        rows, lengths = meaning[where], size[where]
        rows[merged] += meaning[where[merged] + 1]
        rows[merged] = _unit(rows[merged])
        lengths[merged] += size[where[merged] + 1]
        rows += NOISE / math.sqrt(dims) * rng.standard_normal(rows.shape, np.float32)
        rows += common
        lengths *= np.exp(rng.normal(0, 0.15, len(lengths)))
        sides.append((_unit(rows), np.maximum(lengths, 2).astype(np.int64)))
    (src, src_bytes), (tgt, tgt_bytes) = sides
    return Synthetic(src, tgt, src_bytes, tgt_bytes, gold)


def _unit(rows: Floats) -> Floats:
    """Every row divided by its length, in place."""
    rows /= np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    return rows


def _within(count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0 .. c - 1 for every c."""
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def _links(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> list[Link]:
    i, j = np.cumsum(a) - a, np.cumsum(b) - b
    rows = zip(i.tolist(), j.tolist(), a.tolist(), b.tolist(), strict=True)
    return [(tuple(range(x, x + p)), tuple(range(y, y + q))) for x, y, p, q in rows]


def document(lengths: npt.NDArray[np.int64] | None, count: int) -> Any:
    """A document of dummy sentences: no name, number or closing mark tells anything."""
    from align.types import Document, Sentence

    if lengths is None:
        texts = ["lo lo lo."] * count
    else:
        made = {size: "lo " * (size // 2) + "." for size in set(lengths.tolist())}
        texts = [made[size] for size in lengths.tolist()]
    return Document(tuple(Sentence(text, 0, len(text)) for text in texts), None, "synthetic")


def strict_f1(found: Any, gold: Sequence[Link]) -> float:
    """Strict F1 of the core's beads, as `align eval` counts it."""
    from align.evaluate import evaluate

    columns = (found.src, found.tgt, found.a, found.b)
    links = [
        (tuple(range(i, i + a)), tuple(range(j, j + b)))
        for i, j, a, b in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return evaluate(gold, links).strict.f1


def run_cell(
    make: Callable[[], Synthetic], dims: int, lengths: str, profile: bool = False
) -> dict[str, Any]:
    """One measurement, in this process; `make` makes the documents when all is loaded."""
    began = time.process_time()
    import faiss  # noqa: F401  its memory and import belong to the start

    from align.core.align import align_sides
    from align.core.calibrate import load_calibration
    from align.core.scorer import load_scorer
    from align.options import Options
    from align.sides import SENTENCE, side_of

    options = Options()
    scorer = load_scorer(SENTENCE).restricted(options.max_side, options.max_total)
    calibration = load_calibration(SENTENCE)

    def sides_of(pair: Synthetic) -> list[Any]:
        parts = ((pair.src, pair.src_bytes), (pair.tgt, pair.tgt_bytes))
        made = [(document(size if lengths == "real" else None, len(v)), v) for v, size in parts]
        return [side_of(doc, None, vectors) for doc, vectors in made]

    def core(sides: list[Any]) -> Any:
        return align_sides(sides[0], sides[1], scorer, calibration, k=options.neighbours)

    core(sides_of(synthetic(40, dims, 1)))  # whatever is set up at the first call
    start_up = time.process_time() - began
    pair = make()
    sides = sides_of(pair)
    with profiled(profile):
        wall, cpu = time.perf_counter(), time.process_time()
        core(sides)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    again = []
    for _ in range(AGAIN if len(pair.src) <= SMALL else 0):
        began = time.process_time()
        core(sides)
        again.append(time.process_time() - began)
    del sides
    sides, making = measure(lambda: sides_of(pair))
    found, cost = measure(lambda: core(sides))
    sides_mb = sum(side.sums.nbytes for side in sides) / 2**20
    return {
        "start_up_cpu": round(start_up, 3),
        "side_of_cpu": round(making.cpu, 4),
        "cpu": round(cpu, 4),
        **({"again_cpu": round(median(again), 4)} if again else {}),
        "wall": round(wall, 4),
        "inputs_mb": round((pair.src.nbytes + pair.tgt.nbytes) / 2**20, 1),
        "peak_mb": round(cost.peak_mb, 1),
        "total_mb": round(max(making.peak_mb, sides_mb + cost.peak_mb), 1),
        "peak_is_exact": cost.exact,
        "strict_f1": round(strict_f1(found, pair.gold), 4),
    }


def cell_of(n: int, dims: int, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Runs of one size as one record: medians, and the spread of the CPU time."""
    cpu = [run["cpu"] for run in runs]
    middle = {
        key: round(median(run[key] for run in runs), 4) for key in runs[0] if key != "peak_is_exact"
    }
    return {
        "sentences": n,
        "dims": dims,
        "runs": len(runs),
        **middle,
        "cpu_min": min(cpu),
        "cpu_max": max(cpu),
        "peak_is_exact": all(run["peak_is_exact"] for run in runs),
    }


def exponents(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """log(time ratio) / log(size ratio), from size to size and from 8,000 to the largest."""
    found = []
    for dims in sorted({cell["dims"] for cell in cells}):
        row = sorted((c for c in cells if c["dims"] == dims), key=lambda c: c["sentences"])
        large = [c for c in row if c["sentences"] >= 8000]
        steps = list(pairwise(row))
        if len(large) > 2:
            steps.append((large[0], large[-1]))
        for low, high in steps:
            ratio = math.log(high["cpu"] / low["cpu"])
            found.append(
                {
                    "dims": dims,
                    "from": low["sentences"],
                    "to": high["sentences"],
                    "exponent": round(ratio / math.log(high["sentences"] / low["sentences"]), 3),
                }
            )
    return found


def cells(
    sizes: Sequence[int], dims: Sequence[int], repeat: int, lengths: str, profile: bool
) -> Iterator[dict[str, Any]]:
    """Every cell, each run in a fresh process."""
    for width in dims:
        for n in sizes:
            runs = []
            for seed in range(repeat):
                runs += measured_alone(
                    "align_speed", f"{n},{width},{seed}", 1, "--lengths", lengths
                )
            yield cell_of(n, width, runs)
            if profile:
                run_cell(partial(synthetic, n, width), width, lengths, profile=True)


def line(cell: dict[str, Any]) -> str:
    """A cell for people."""
    again = f", again {cell['again_cpu']:.3f} s" if "again_cpu" in cell else ""
    return (
        f"{cell['sentences']:>7} x {cell['dims']:<4} CPU {cell['cpu']:8.3f} s "
        f"({cell['cpu_min']:.3f}-{cell['cpu_max']:.3f}{again})  wall {cell['wall']:8.3f} s  "
        f"+{cell['peak_mb']:.0f} MB  F1 {cell['strict_f1']:.4f}  "
        f"side_of {cell['side_of_cpu']:.3f} s"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = options("alignment alone, vectors given", (500, 2000, 8000, 32000), RESULT)
    parser.add_argument("--dims", type=numbers, default=[256, 768])
    parser.add_argument("--lengths", choices=("same", "real"), default="same")
    a = parser.parse_args(argv)
    if a.one:
        n, dims, seed = numbers(a.one)
        print(json.dumps(run_cell(lambda: synthetic(n, dims, seed), dims, a.lengths)))
        return 0
    made = cells(a.sizes, a.dims, a.repeat, a.lengths, a.profile)
    result = report(made, line, "cells", lengths=a.lengths)
    result["growth"] = exponents(result["cells"])
    write_json(a.output, result)
    for step in result["growth"]:
        print(f"{step['dims']} dims, {step['from']} -> {step['to']}: n^{step['exponent']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
