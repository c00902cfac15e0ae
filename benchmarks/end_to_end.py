"""From two raw texts to a TSV file: sentences a CPU-second, stage by stage.

    python -m benchmarks.end_to_end [--pairs en-de,en-zh] [--sizes 2k,200k] [--repeat 3]
                                    [--corpus FILE ...] [--profile] [-o OUT.json]

The books are those of `benchmarks.books`: recombined from the project's own texts, or with
`--corpus` the rows of TSV files of your own. A size is the sentences of the source; the rate
counts both sides. Every run is a fresh process with one thread. Before the clock starts, the
libraries and the encoder are loaded and a text of twelve lines is aligned; this is the start-up,
given apart.

What is measured is `align.pair` on two paths and the writing of all its pairs, nothing else.
Stages are the functions named in STAGES, each without the others that it calls; what is in none
of them is `other`. `same_row` is a check that the work was done: the share of the pairs whose
two sides begin in the same row of the book.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.books import Book, book
from benchmarks.measure import (
    RESULTS,
    measure,
    measured_alone,
    options,
    profiled,
    report,
    write_json,
)

RESULT = RESULTS / "end-to-end.json"
# stage, module, the names in it that belong to the stage
STAGES = (
    ("read", "align.text.document", ("extract_text",)),
    ("language", "align.text.document", ("detect_language",)),
    ("split", "align.text.document", ("split_sentences",)),
    ("encode", "align.pair", ("side_of",)),
    ("surface", "align.sides", ("surface_of",)),
    ("neighbours", "align.core.monotone", ("nearest",)),
    ("anchors", "align.core.monotone", ("chain", "mutual_best", "segments")),
    ("score", "align.core.monotone", ("evidence", "find_shared", "make_bucket", "score_bucket")),
    ("path", "align.core.monotone", ("best_path", "marginals", "strongest_links")),
    ("moved", "align.core.align", ("uncrossed", "find_moved")),
    ("probability", "align.core.align", ("merge", "calibrate")),
    ("text of the pairs", "align.pair", ("alignment_of",)),
    ("write", "align.formats", ("write_rows",)),
)
WARM_UP = (
    "The mill stood by the river. It was old, and the miller was older. Who would buy it?\n" * 12,
    "Die Mühle stand am Fluss. Sie war alt, und der Müller war älter. Wer sollte sie kaufen?\n"
    * 12,
)


class Clock:
    """CPU time by stage: time inside a stage that another one calls belongs to that one."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {stage: 0.0 for stage, _, _ in STAGES}
        self._running: list[str] = []
        self._since = 0.0

    def _switch(self) -> None:
        now = time.process_time()
        if self._running:
            self.spent[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time noted."""

        @functools.wraps(work)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._switch()
            self._running.append(stage)
            try:
                return work(*args, **kwargs)
            finally:
                self._switch()
                self._running.pop()

        return call

    def watch(self) -> None:
        """Put the clock around every function of STAGES. SystemExit if one is gone."""
        for stage, name, functions in STAGES:
            module = import_module(name)
            for function in functions:
                if not hasattr(module, function):
                    raise SystemExit(f"{name} has no {function} now; mend STAGES in {__file__}")
                setattr(module, function, self.timed(stage, getattr(module, function)))


def run_once(paths: tuple[Path, Path], langs: tuple[str, str], profile: bool) -> dict[str, Any]:
    """One measurement, in this process."""
    began, wall = time.process_time(), time.perf_counter()
    import faiss  # noqa: F401  loaded when documents are long

    clock = Clock()
    clock.watch()
    pairing = import_module("align.pair")
    formats = import_module("align.formats")
    with tempfile.TemporaryDirectory() as folder:

        def work(sources: Sequence[Any]) -> Any:
            alignment = pairing.pair(*sources)
            header = formats.header_of(alignment)
            formats.write_rows(str(Path(folder) / "out.tsv"), formats.rows_of(alignment), header)
            return alignment

        work(WARM_UP)
        start_up = {
            "cpu": round(time.process_time() - began, 3),
            "wall": round(time.perf_counter() - wall, 3),
        }
        clock.spent = dict.fromkeys(clock.spent, 0.0)
        with profiled(profile):
            alignment, cost = measure(lambda: work(paths))
    count = len(alignment.src) + len(alignment.tgt)
    stages = {stage: round(spent, 4) for stage, spent in clock.spent.items()}
    stages["other"] = round(max(0.0, cost.cpu - sum(clock.spent.values())), 4)
    spans = [(bead.src_span[0], bead.tgt_span[0]) for bead in alignment]
    return {
        "langs": list(langs),
        "detected": [alignment.src.lang, alignment.tgt.lang],
        "signature": alignment.signature,
        "sentences": [len(alignment.src), len(alignment.tgt)],
        "characters": [max(s.end for s in d.sentences) for d in (alignment.src, alignment.tgt)],
        "pairs": len(alignment),
        "parallel": round(alignment.parallel, 4),
        "start_up": start_up,
        "cpu": round(cost.cpu, 4),
        "wall": round(cost.wall, 4),
        "rate": round(count / cost.cpu),
        "peak_mb": round(cost.peak_mb, 1),
        "stages": stages,
        "begins": spans,
    }


def same_row(made: Book, begins: Sequence[Sequence[int]]) -> float:
    """Share of the pairs whose two sides begin in the same row."""
    right = sum(made.row(0, src) == made.row(1, tgt) for src, tgt in begins)
    return right / max(1, len(begins))


def cell_of(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Runs of one book as one record: everything of the run with the median CPU time."""
    ordered = sorted(runs, key=lambda run: run["cpu"])
    middle = ordered[(len(ordered) - 1) // 2]
    cpu = [run["cpu"] for run in ordered]
    return {
        **middle,
        "runs": len(runs),
        "cpu_min": cpu[0],
        "cpu_max": cpu[-1],
        "start_up": {k: median(run["start_up"][k] for run in runs) for k in middle["start_up"]},
    }


def books(
    pairs: Sequence[tuple[str, str]],
    sizes: Sequence[int],
    repeat: int,
    corpora: Sequence[Path] = (),
    seed: int = 0,
    profile: bool = False,
) -> Iterator[dict[str, Any]]:
    """Every book, each run in a fresh process."""
    for langs in pairs:
        usable = [path for path in corpora if _has(path, langs)]
        if corpora and not usable:
            raise SystemExit(f"no corpus has {langs[0]} and {langs[1]}")
        for size in sizes:
            made = book(langs, size, usable, seed)
            with tempfile.TemporaryDirectory() as folder:
                paths = made.write(Path(folder))
                names = [str(path) for path in paths]
                runs = measured_alone("end_to_end", "-".join(langs), repeat, *names)
                if profile:
                    run_once(paths, langs, profile=True)
            cell = cell_of(runs)
            cell["same_row"] = round(same_row(made, cell.pop("begins")), 4)
            corpus = [path.name for path in usable] or ["the project's own texts"]
            yield {"size": size, "corpus": corpus, **cell}


def _has(path: Path, langs: tuple[str, str]) -> bool:
    from benchmarks.books import _open

    with _open(path) as lines:
        return set(langs) <= set(next(lines, "").rstrip("\n").split("\t"))


def line(cell: dict[str, Any]) -> str:
    """A book for people."""
    longest = sorted(cell["stages"].items(), key=lambda item: -item[1])[:4]
    parts = ", ".join(f"{stage} {100 * spent / cell['cpu']:.0f} %" for stage, spent in longest)
    return (
        f"{'-'.join(cell['langs'])} {sum(cell['sentences']):>7} sentences: "
        f"CPU {cell['cpu']:.2f} s, {cell['rate']} a CPU-second, "
        f"+{cell['peak_mb']:.0f} MB, same row {cell['same_row']:.3f} "
        f"({parts}); start-up {cell['start_up']['cpu']:.2f} s"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = options("raw text to TSV, stage by stage", (2000, 200_000), RESULT)
    parser.add_argument("--pairs", default="en-de,en-zh")
    parser.add_argument("--corpus", type=Path, nargs="+", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("paths", nargs="*", type=Path, help=argparse.SUPPRESS)
    a = parser.parse_args(argv)
    if a.one:
        src, tgt = a.one.split("-")
        print(json.dumps(run_once((a.paths[0], a.paths[1]), (src, tgt), a.profile)))
        return 0
    pairs = []
    for name in a.pairs.split(","):
        src, tgt = name.split("-")
        pairs.append((src, tgt))
    made = books(pairs, a.sizes, a.repeat, a.corpus, a.seed, a.profile)
    write_json(a.output, report(made, line, "books", seed=a.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
