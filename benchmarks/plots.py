"""`docs/speed.md` and its plots, made from the result files.

    python -m benchmarks.plots            write the page and the plots
    python -m benchmarks.plots --check    only say what is out of date (exit code 1)

Reads `results/align-speed.json`, `results/end-to-end*.json`, `results/peer-*.json` and
`peers/earlier.json`; tables come from `speed_tables.py`, plots from `svg.py`. The text of the page
is in PAGE.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import hard
from benchmarks.measure import RESULTS, ROOT
from benchmarks.speed_tables import (
    PEERS,
    alone_table,
    book_name,
    conditions,
    growth,
    is_own,
    peers_part,
    stage_table,
    table,
    text_table,
)
from benchmarks.svg import Line, bars, log_plot

EARLIER = ROOT / "benchmarks" / "peers" / "earlier.json"
DOCS = ROOT / "docs"
NO_STAGE = 0.02  # share of the time below which a stage goes to the rest in the plot

PAGE = """\
# Speed

Made by `python -m benchmarks.plots` from the files in `benchmarks/results/`; how to measure on your
machine stands at the end.

## Alignment alone

Vectors are given; neighbours, anchors, scores, path, moved text and probabilities are counted. The
documents are synthetic: 85 % 1-1, 5 % 1-2, 5 % 2-1, 2.5 % deletions, 2.5 % insertions, cosine of
a 1-1 pair about .81. One thread, every run in a fresh process. {alone_note}

{alone_table}

"Memory" is the peak of resident memory above the inputs (vectors, and the arrays made from them);
"with those arrays" is the peak above the vectors alone. "Input" is the time that the arrays take
(`side_of`: sentences and vectors into what the core reads), apart from the CPU column. "CPU" is the
first call of this size in its process, after one of 40 sentences; "again", of short documents, is
the CPU time of further calls, when the memory is there.

Growth, as the exponent of the number of sentences: {growth}.

![CPU seconds against sentences](speed-cpu.svg)

![Memory against sentences](speed-memory.svg)

{peers}

{hard}## From raw text to TSV

`align.pair` on two files with the embedded encoder, and all pairs written to a TSV file. One
thread, every run in a fresh process; a sentence of either side counts as one. Importing, loading
the encoder and aligning a text of twelve lines come first ({start_up}). {text_note}

{text_table}

"Same row" is a check of the work: the share of the pairs whose two sides begin in the same row of
the source of the book. The own book is made from this project's two short texts by recombination:
its words are few, so the encoder knows most of them already.

![Where the time goes](speed-stages.svg)

CPU seconds by stage:

{stage_table}

"Score" is the features of all beads inside the segments and their sums, "path" the best path and
the sums over all paths, "probability" the joining of both passes and the calibration. What is in
no stage is "other".

## Measure it yourself

```sh
python -m benchmarks.align_speed --sizes 500,2k,8k,32k,128k,512k
python -m benchmarks.hard
python -m benchmarks.end_to_end --sizes 2k,200k --corpus FILE.tsv ...
python -m benchmarks.plots
```

Without options they stay below 32,000 sentences, and need no data but the project's own.
[Peers](../benchmarks/peers/README.md) says how to run other aligners beside ours.
"""


HARD = """\
## Hard documents

Vectors are given as above; what `benchmarks/hard.py` does to the documents breaks the assumption
that all of one stands in all of the other, in the same order. Time stays linear. Strict F1 counts
pairs in order, pairs that moved, and sentences that must stay alone. {note}

{table}

"""


# the plots


def peer_lines(ours: dict[str, Any], earlier: dict[str, Any], key: str) -> list[Line]:
    """Our cells and the peers' at 256 dimensions (ours at all), as lines."""
    lines = []
    for dims in sorted({c["dims"] for c in ours["cells"]}):
        points = [
            (c["sentences"], c[key]) for c in ours["cells"] if c["dims"] == dims and c[key] > 0
        ]
        lines.append(Line(f"align, {dims} dims", points))
    for peer, most in PEERS:
        points = [
            (r["sentences"], r[key])
            for r in earlier["runs"]
            if (r["peer"], r["max_align"], r["dims"]) == (peer, most, 256)
        ]
        lines.append(Line(f"{peer} {most}, 256 dims", points, dashed=True))
    return [line for line in lines if line.points]


def _shares(found: dict[str, Any]) -> dict[str, float]:
    """Stages that matter in any book; the rest are one."""
    small = {name for name, spent in found["stages"].items() if spent < NO_STAGE * found["cpu"]}
    parts = {
        name: spent for name, spent in found["stages"].items() if name not in small | {"other"}
    }
    return {**parts, "rest": max(1e-9, found["cpu"] - sum(parts.values()))}


# the page


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def pages(results: Path = RESULTS) -> dict[str, str]:
    """Every file that this script makes: name in `docs/` -> text."""
    alone, earlier = _load(results / "align-speed.json"), _load(EARLIER)
    ends = [_load(path) for path in sorted(results.glob("end-to-end*.json"))]
    if not ends:
        raise SystemExit(f"{results}: no end-to-end*.json; run python -m benchmarks.end_to_end")
    books = [found for result in ends for found in result["books"]]
    beside = [_load(path) for path in sorted(results.glob("peer-*.json"))]
    corpora = sorted({name for b in books if not is_own(b) for name in b["corpus"]})
    start = [b["start_up"]["cpu"] for b in books]
    note = " ".join(dict.fromkeys(conditions(result) for result in ends))
    if corpora:
        note += f" Corpora: {', '.join(corpora)}."
    hard_part = ""
    if (results / hard.RESULT.name).exists():
        found = _load(results / hard.RESULT.name)
        rows = table(hard.HEAD, hard.rows(found))
        hard_part = HARD.format(note=conditions(found), table=rows)
    text = PAGE.format(
        hard=hard_part,
        alone_note=conditions(alone),
        alone_table=alone_table(alone),
        growth=growth(alone),
        peers=peers_part(alone, earlier, beside),
        start_up=f"{min(start):.1f}–{max(start):.1f} CPU seconds, not counted",
        text_note=note,
        text_table=text_table(books),
        stage_table=stage_table(books),
    )
    return {
        "speed.md": text,
        "speed-cpu.svg": log_plot(
            "Alignment alone, one thread", "CPU seconds", peer_lines(alone, earlier, "cpu")
        ),
        "speed-memory.svg": log_plot(
            "Memory above the inputs", "MB", peer_lines(alone, earlier, "peak_mb")
        ),
        "speed-stages.svg": bars(
            "From raw text to TSV: shares of the CPU time",
            [(book_name(b), _shares(b)) for b in books],
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="write docs/speed.md and its plots")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    arguments = parser.parse_args(argv)
    stale = []
    for name, text in pages(arguments.results).items():
        path = arguments.docs / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not arguments.check:
                path.write_text(text, encoding="utf-8", newline="\n")
    if stale:
        print(("out of date: " if arguments.check else "written: ") + ", ".join(stale))
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
