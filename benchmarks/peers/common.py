"""What the adapters share: the layers of vectors that peers read, and the measuring.

Runs in the peer's own Python: numpy and the standard library only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.measure import measure


@dataclass(frozen=True)
class Task:
    """Two documents of vectors [n, d] and their lengths in bytes [n]."""

    src: Any
    tgt: Any
    src_bytes: Any
    tgt_bytes: Any


def read_task(path: str) -> Task:
    """The arrays that `benchmarks.peers.run` wrote."""
    with np.load(path) as found:
        return Task(found["src"], found["tgt"], found["src_bytes"], found["tgt_bytes"])


def sums(rows: Any, count: int) -> Any:
    """Layer k holds at i the sum of the k + 1 rows that end with row i. [count, n, ...]"""
    rows = np.asarray(rows)
    out = np.empty((count, *rows.shape), rows.dtype)
    out[0] = rows
    for k in range(1, count):
        out[k] = out[k - 1]
        out[k, k:] += rows[:-k] if k < len(rows) else 0
    return out


def layers(vectors: Any, count: int) -> Any:
    """Unit vectors of all blocks of 1 .. count sentences, float32 [count, n, d]."""
    found = sums(vectors, count)
    found /= np.maximum(np.sqrt(np.einsum("knd,knd->kn", found, found)), 1e-9)[:, :, None]
    return found.astype(np.float32)


def head(task: Task, count: int) -> Task:
    """The first sentences only: something small to compile and warm up with."""
    return Task(task.src[:count], task.tgt[:count], task.src_bytes[:count], task.tgt_bytes[:count])


def answer(path: str, prepare: Callable[[], Any], work: Callable[[Any], Any]) -> None:
    """Prepare the input (not counted), do the work (counted), write cost and links."""
    ready = prepare()
    links, cost = measure(lambda: work(ready))
    record = {
        "cpu": round(cost.cpu, 4),
        "wall": round(cost.wall, 4),
        "peak_mb": round(cost.peak_mb, 1),
        "links": [([int(i) for i in src], [int(j) for j in tgt]) for src, tgt in links],
    }
    Path(path).write_text(json.dumps(record), encoding="utf-8")
