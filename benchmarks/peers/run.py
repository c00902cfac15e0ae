"""A peer's code beside ours, on the same documents: one command for whoever has their code.

    python -m benchmarks.peers.run vecalign  --code FOLDER [--python PYTHON] [--max-align 4]
    python -m benchmarks.peers.run bertalign --code FOLDER [--python PYTHON] [--max-align 5]
    python -m benchmarks.peers.run hunalign  --code PROGRAM [--corpus FILE ...]

vecalign and bertalign get the synthetic vectors of `benchmarks.align_speed`, hunalign the
sentences of books from `benchmarks.books`. What is counted stands in README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.align_speed import cell_of, synthetic
from benchmarks.books import Book, book
from benchmarks.measure import (
    ONE_THREAD,
    RESULTS,
    ROOT,
    in_fresh_process,
    load_average,
    machine,
    measured_alone,
    numbers,
    write_json,
)

HERE = Path(__file__).resolve().parent
SIZES = {"vecalign": 4, "bertalign": 5}  # the default largest bead of each


def on_vectors(name: str, python: str, code: Path, most: int, n: int, dims: int, seed: int) -> Any:
    """One run of an adapter on a synthetic pair."""
    from align.evaluate import evaluate

    pair = synthetic(n, dims, seed)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.json"
        np.savez(
            source,
            src=pair.src,
            tgt=pair.tgt,
            src_bytes=pair.src_bytes,
            tgt_bytes=pair.tgt_bytes,
        )
        adapter = HERE / name / "adapter.py"
        command = [python, str(adapter), str(code), str(source), str(target), str(most)]
        done = subprocess.run(
            command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} fails:\n{done.stderr[-3000:]}")
        record = json.loads(target.read_text(encoding="utf-8"))
    links = [(tuple(src), tuple(tgt)) for src, tgt in record.pop("links")]
    return {**record, "strict_f1": round(evaluate(pair.gold, links).strict.f1, 4)}


def vectors(arguments: argparse.Namespace) -> dict[str, Any]:
    """The peer and ours in turn, so that both meet the same load."""
    name, most = arguments.peer, arguments.max_align or SIZES[arguments.peer]
    rows = []
    for dims in arguments.dims:
        for n in arguments.sizes:
            theirs, ours = [], []
            for seed in range(arguments.repeat):
                theirs.append(
                    on_vectors(name, arguments.python, arguments.code, most, n, dims, seed)
                )
                one = f"{n},{dims},{seed}"
                ours += measured_alone("align_speed", one, 1, "--lengths", "real")
            rows.append(
                {
                    "sentences": n,
                    "dims": dims,
                    name: cell_of(n, dims, _exact(theirs)),
                    "align": cell_of(n, dims, ours),
                }
            )
            print(f"{n} x {dims}: {name} {rows[-1][name]['cpu']:.3f} s, ", file=sys.stderr, end="")
            print(f"align {rows[-1]['align']['cpu']:.3f} s (CPU)", file=sys.stderr)
    return {"max_align": most, "cells": rows}


def _exact(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**run, "peak_is_exact": True} for run in runs]


def texts(arguments: argparse.Namespace) -> dict[str, Any]:
    """hunalign and `align pair --presplit` on the sentences of books; whole processes."""
    rows = []
    for langs in (tuple(pair.split("-")) for pair in arguments.pairs.split(",")):
        for n in arguments.sizes:
            made = book((langs[0], langs[1]), n, arguments.corpus)
            with tempfile.TemporaryDirectory() as folder:
                rows.append(_one_book(made, Path(folder), arguments.code))
            print(json.dumps(rows[-1]), file=sys.stderr)
    return {"cells": rows}


def _one_book(made: Book, folder: Path, program: Path) -> dict[str, Any]:
    from align.text.sentences import split_sentences

    paths, starts = [], []
    for text, lang in zip(made.texts, made.langs, strict=True):
        sentences = split_sentences(text, lang)
        path = folder / f"sentences.{lang}"
        path.write_text("".join(s.text + "\n" for s in sentences), encoding="utf-8")
        paths.append(str(path))
        starts.append([s.start for s in sentences])
    theirs, ours = folder / "out.hunalign", folder / "out.ladder"
    adapter = HERE / "hunalign" / "adapter.py"
    peer = in_fresh_process([sys.executable, str(adapter), str(program), *paths, str(theirs)])
    src, tgt = made.langs
    options = ["--presplit", "-q", "-s", src, "-t", tgt, "-o", str(ours)]
    own = _whole_process([sys.executable, "-m", "align", "pair", *paths, *options])
    return {
        "langs": list(made.langs),
        "sentences": [len(side) for side in starts],
        "hunalign": {**peer, "same_row": _same_row(made, starts, theirs)},
        "align": {**own, "same_row": _same_row(made, starts, ours)},
    }


def _whole_process(command: list[str]) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": round(cpu, 3), "wall": round(wall, 3)}


def _same_row(made: Book, starts: Sequence[Sequence[int]], path: Path) -> float:
    """Share of the pairs whose two sides begin in the same row of the book."""
    from align.evaluate import read_links

    links = [(src, tgt) for src, tgt in read_links(str(path)) if src and tgt]
    right = sum(
        made.row(0, starts[0][src[0]]) == made.row(1, starts[1][tgt[0]]) for src, tgt in links
    )
    return round(right / max(1, len(links)), 4)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="a peer's code beside ours")
    parser.add_argument("peer", choices=("vecalign", "bertalign", "hunalign"))
    parser.add_argument("--code", type=Path, required=True, help="their checkout or program")
    parser.add_argument("--python", default=sys.executable, help="of the peer's environment")
    parser.add_argument("--max-align", type=int, help="sentences in the peer's largest bead")
    parser.add_argument("--sizes", type=numbers, default=[500, 2000, 8000])
    parser.add_argument("--dims", type=numbers, default=[256, 768])
    parser.add_argument("--pairs", default="en-de,en-zh", help="of languages, for hunalign")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[], help="books of these")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args(argv)
    if not arguments.code.exists():
        parser.error(f"{arguments.code}: there is nothing; see benchmarks/peers/README.md")
    arguments.code = arguments.code.resolve()
    before = load_average()
    result = texts(arguments) if arguments.peer == "hunalign" else vectors(arguments)
    out = arguments.output or RESULTS / f"peer-{arguments.peer}.json"
    loads = {"before": before, "after": load_average()}
    write_json(out, {"peer": arguments.peer, "machine": machine(), "load_average": loads, **result})
    return 0


if __name__ == "__main__":
    sys.exit(main())
