"""Documents that break assumptions: are they aligned right, and in what time?

    python -m benchmarks.hard [--sizes 8k,32k] [--dims 256] [--repeat 3] [-o OUT.json]

Vectors are given: the synthetic documents of `benchmarks.align_speed`, taken to pieces and put
together as KINDS says. A size is that of the longer document, about. What was put where is known,
so strict F1 counts everything: pairs in order, pairs that moved, and sentences without a partner.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.align_speed import Floats, Link, Synthetic, cell_of, run_cell, synthetic
from benchmarks.measure import RESULTS, measured_alone, numbers, options, report, write_json

RESULT = RESULTS / "hard.json"


def plain(n: int, dims: int, seed: int) -> Synthetic:
    """As a measure: nothing is hard about it."""
    return synthetic(n, dims, seed)


def excerpt(n: int, dims: int, seed: int) -> Synthetic:
    """A tenth of the source, out of the middle, beside all of the target."""
    parts = split(synthetic(n, dims, seed), (0.45, 0.55))
    return joined(parts, (1,), (0, 1, 2))


def foreign(n: int, dims: int, seed: int) -> Synthetic:
    """A passage in the middle of the target, a quarter of it, that has nothing to do with it."""
    first, second = split(synthetic(n * 3 // 4, dims, seed), (0.5,))
    return joined((first, second, synthetic(n // 4, dims, seed + 1000)), (0, 1), (0, 2, 1))


def equal(n: int, dims: int, seed: int) -> Synthetic:
    """Every fourth 1-1 pair, about a fifth of all lines, is the same again."""
    pair = synthetic(n, dims, seed)
    src, tgt = pair.src.copy(), pair.tgt.copy()
    ones = [(i, j) for i, j in pair.gold if len(i) == len(j) == 1][::4]
    rows, columns = np.array(ones).reshape(-1, 2).T
    src[rows], tgt[columns] = src[rows[0]], tgt[columns[0]]
    return replace(pair, src=src, tgt=tgt)


def shifted(n: int, dims: int, seed: int) -> Synthetic:
    """The target begins in the middle of the source and goes on as long behind its end."""
    first, second = split(synthetic(n, dims, seed), (0.5,))
    other = synthetic(n // 2, dims, seed + 1000)
    return joined((first, second, other), (0, 1), (1, 2))


def swapped(n: int, dims: int, seed: int) -> Synthetic:
    """Two books, bound in the opposite order."""
    return joined(split(synthetic(n, dims, seed), (0.5,)), (0, 1), (1, 0))


Maker = Callable[[int, int, int], Synthetic]
KINDS: dict[str, tuple[str, Maker]] = {
    "plain": ("nothing hard", plain),
    "excerpt": ("an excerpt beside a book ten times longer", excerpt),
    "foreign": ("a foreign passage, a quarter of the target", foreign),
    "equal": ("every fifth line the same", equal),
    "shifted": ("the target begins in the middle of the source", shifted),
    "swapped": ("two books bound in opposite order", swapped),
}


def split(pair: Synthetic, shares: Sequence[float]) -> list[Synthetic]:
    """The documents cut between two links, where so much of the source is over."""
    ends = [round(share * len(pair.src)) for share in shares]
    begins = [(src or (-1,))[0] for src, _ in pair.gold]
    cuts = [0, *(begins.index(next(i for i in begins if i >= end)) for end in ends)]
    parts = []
    for low, high in zip(cuts, [*cuts[1:], len(pair.gold)], strict=True):
        gold = pair.gold[low:high]
        i, j = (min(x for link in gold for x in link[side]) for side in (0, 1))
        i_end, j_end = (1 + max(x for link in gold for x in link[side]) for side in (0, 1))
        parts.append(
            Synthetic(
                pair.src[i:i_end],
                pair.tgt[j:j_end],
                pair.src_bytes[i:i_end],
                pair.tgt_bytes[j:j_end],
                [moved(link, -i, -j) for link in gold],
            )
        )
    return parts


def moved(link: Link, i: int, j: int) -> Link:
    """A link with other sentence numbers."""
    return tuple(x + i for x in link[0]), tuple(y + j for y in link[1])


def joined(parts: Sequence[Synthetic], src: Sequence[int], tgt: Sequence[int]) -> Synthetic:
    """Some parts one after the other as source, and some as target."""
    at, places = [0, 0], [dict[int, int](), dict[int, int]()]
    for side, order in enumerate((src, tgt)):
        for part in order:
            places[side][part] = at[side]
            at[side] += len((parts[part].src, parts[part].tgt)[side])
    gold: list[Link] = []
    for number, part in enumerate(parts):
        i, j = places[0].get(number), places[1].get(number)
        if i is not None and j is not None:
            gold += [moved(link, i, j) for link in part.gold]
        elif i is not None:
            gold += [((i + x,), ()) for x in range(len(part.src))]
        elif j is not None:
            gold += [((), (j + y,)) for y in range(len(part.tgt))]

    def together(name: str, order: Sequence[int]) -> Floats:
        return np.concatenate([getattr(parts[part], name) for part in order])

    return Synthetic(
        together("src", src),
        together("tgt", tgt),
        together("src_bytes", src).astype(np.int64),
        together("tgt_bytes", tgt).astype(np.int64),
        gold,
    )


def cells(sizes: Sequence[int], dims: int, repeat: int, profile: bool) -> Iterator[dict[str, Any]]:
    """Every kind in every size, each run in a fresh process."""
    for kind, (name, make) in KINDS.items():
        for n in sizes:
            runs = []
            for seed in range(repeat):
                runs += measured_alone("hard", f"{kind},{n},{dims},{seed}", 1)
            yield {"kind": kind, "name": name, **cell_of(n, dims, runs)}
            if profile:
                run_cell(partial(make, n, dims, 0), dims, "same", profile=True)


def line(cell: dict[str, Any]) -> str:
    """A cell for people."""
    return (
        f"{cell['kind']:<8} {cell['sentences']:>7}  CPU {cell['cpu']:7.3f} s  "
        f"+{cell['peak_mb']:.0f} MB  F1 {cell['strict_f1']:.4f}"
    )


HEAD = ("document", "sentences", "CPU s", "of the plain one", "memory MB", "strict F1")


def rows(result: dict[str, Any]) -> list[list[str]]:
    """The table for people, under HEAD."""
    cells = result["cells"]
    usual = {cell["sentences"]: cell["cpu"] for cell in cells if cell["kind"] == "plain"}
    return [
        [
            cell["name"],
            f"{cell['sentences']:,}",
            f"{cell['cpu']:.2f}",
            f"× {cell['cpu'] / usual[cell['sentences']]:.1f}",
            f"{cell['peak_mb']:.0f}",
            f"{cell['strict_f1']:.3f}",
        ]
        for cell in cells
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = options("documents that break assumptions, vectors given", (8000, 32000), RESULT)
    parser.add_argument("--dims", type=int, default=256)
    a = parser.parse_args(argv)
    if a.one:
        kind, *rest = a.one.split(",")
        n, dims, seed = numbers(",".join(rest))
        print(json.dumps(run_cell(partial(KINDS[kind][1], n, dims, seed), dims, "same")))
        return 0
    write_json(a.output, report(cells(a.sizes, a.dims, a.repeat, a.profile), line, "cells"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
