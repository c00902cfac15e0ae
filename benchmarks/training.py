"""What `align train` promises: memory that does not grow, a model in minutes, `--resume`, `--from`.

    python -m benchmarks.training memory TIER ...                     peak memory by size of bitext
    python -m benchmarks.training quick TIER ... --retrieval FOLDER   50,000 pairs, five minutes
    python -m benchmarks.training tiers TIER ... --more TIER --retrieval FOLDER

A TIER is a folder of bitext. Every model is made by the command line in a process of its own, on
one thread. `memory` trains on every fourth file of the tiers, on all of them, and on several copies
of all. `quick` takes rows at even distances from the files of the tiers that have both languages,
trains, kills a run with SIGKILL and resumes it, and continues the embedded model. `tiers` continues
the embedded model twice for the same number of steps, on the tiers and on those with `--more`; what
a tier adds is the difference of the two. Each part has its place in results/training.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from align.encoders.load import EMBEDDED, load_encoder
from align.training.bitext import find_bitexts
from benchmarks.measure import ONE_THREAD, RESULTS, ROOT, machine, write_json
from benchmarks.retrieval import retrieval
from benchmarks.texts import lines

OUT = RESULTS / "training.json"
COPIES = (1, 2)
PAIRS = 50_000
_PHASES = {  # what the log says when a phase begins
    "reading the bitext": "reading",
    "learning the vocabulary": "vocabulary",
    "cutting the bitext": "tokens",
    "training ": "training",
}
_HELD_OUT = re.compile(
    r"held out (\S+): (\S+) % find their translation by cosine, (\S+) % by margin \((\d+) pairs\)"
)


def _status(pid: int) -> dict[str, int]:
    """Resident memory of a process by kind, bytes; empty once it is gone, or without /proc."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return {}
    found = re.findall(r"(VmRSS|RssAnon|RssFile):\s+(\d+) kB", text)
    return {name: 1024 * int(size) for name, size in found}


def run(
    arguments: Sequence[str], stop: Callable[[str, float], bool] | None = None
) -> dict[str, Any]:
    """`align train` with these arguments: what it took, and its scores on held-out pairs.

    `stop` is asked about the latest line of the log and the seconds so far, and kills it if true.
    """
    command = [sys.executable, "-m", "align", "train", *arguments, "--threads", "1"]
    peaks: dict[str, dict[str, int]] = {}
    phase, log, wall = "start", "", time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as notes:
        environment = {**os.environ, **ONE_THREAD}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=notes)
        killed = False
        while process.poll() is None:
            time.sleep(0.1)
            now = _status(process.pid)
            notes.seek(0)
            log = notes.read()
            for line in log.splitlines():
                begun = [name for begins, name in _PHASES.items() if f"align: {begins}" in line]
                phase = begun[-1] if begun else phase
            kept = peaks.setdefault(phase, {})
            for name, size in now.items():
                kept[name] = max(size, kept.get(name, 0))
            if stop is not None and stop(log, time.perf_counter() - wall):
                process.send_signal(signal.SIGKILL)
                killed = True
        notes.seek(0)
        log = notes.read()
    if process.returncode and not killed:
        raise SystemExit(f"{' '.join(command)} fails:\n{log[-3000:]}")
    print(log, file=sys.stderr)
    steps = [int(step) for step in re.findall(r"step (\d+),", log)]
    found: dict[str, Any] = {
        "command": " ".join(["align", "train", *map(_short, arguments)]),
        "wall_s": round(time.perf_counter() - wall, 1),
        "peak_mb": {name: round(kept.get("VmRSS", 0) / 1e6) for name, kept in peaks.items()},
        "peak_anonymous_mb": {
            name: round(kept.get("RssAnon", 0) / 1e6) for name, kept in peaks.items()
        },
        "noted_steps": steps,
        "resumed_at": [int(step) for step in re.findall(r"resumed at step (\d+)", log)],
        "held_out": {
            langs: {"cosine": float(cosine), "margin": float(margin), "pairs": int(count)}
            for langs, cosine, margin, count in _HELD_OUT.findall(log)
        },
    }
    return found


def _short(argument: str) -> str:
    return Path(argument).name if "/" in argument else argument


def size_of(files: Sequence[Path]) -> dict[str, Any]:
    """Files, lines and bytes of text, unpacked."""
    count = size = 0
    for path in files:
        for line in lines(path):
            count += 1
            size += len(line.encode()) + 1
    return {"files": len(files), "lines": count, "text_mb": round(size / 1e6)}


def memory(tiers: Sequence[Path], steps: int) -> list[Any]:
    """Peak memory by size."""
    every = [bitext.paths[0] for bitext in find_bitexts(tiers)]
    rows = []
    for copies in (0, *COPIES):
        with tempfile.TemporaryDirectory() as folder:
            chosen = every if copies else every[::4]
            files = []
            for copy in range(max(1, copies)):
                place = Path(folder) / f"copy-{copy}"
                place.mkdir()
                files += [Path(shutil.copy(path, place / path.name)) for path in chosen]
            model = Path(folder) / "model"
            places = sorted({str(path.parent) for path in files})
            found = run([*places, "-o", str(model), "--steps", str(steps)])
            found["bitext"] = {"copies": copies or 0.25, **size_of(files)}
        rows.append(found)
        print(json.dumps(found), file=sys.stderr)
    return rows


def sample(tiers: Sequence[Path], langs: tuple[str, str], count: int) -> list[str]:
    """Rows of two languages, in runs of 100 at even distances over all files that have both."""
    rows: list[str] = []
    for bitext in find_bitexts(tiers):
        chosen = bitext.only(langs)
        if chosen is not None:
            order = [chosen.langs.index(lang) for lang in langs]
            for batch in chosen.batches():
                cells = ([row[i].strip() for i in order] for row in batch)
                rows += ["\t".join(pair) for pair in cells if all(pair)]
    runs = len(rows) // 100
    wanted = min(runs, count // 100)
    starts = [100 * (i * runs // wanted) for i in range(wanted)]
    return [row for start in starts for row in rows[start : start + 100]]


def quick(
    tiers: Sequence[Path], langs: tuple[str, str], count: int, minutes: float, folder: Path
) -> Any:
    """A model in minutes, a killed and resumed run, and one on top of the embedded model."""
    result: dict[str, Any] = {"langs": "-".join(langs)}
    with tempfile.TemporaryDirectory() as home:
        bitext = Path(home) / f"sample.{langs[0]}-{langs[1]}.tsv"
        rows = sample(tiers, langs, count)
        bitext.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        result["pairs"] = len(rows)

        def add(name: str, model: Path, *arguments: str) -> None:
            found = run([str(bitext), "-o", str(model), *arguments])
            scores = retrieval(load_encoder(str(model)), folder)
            found["retrieval"] = {text: only(s, langs) for text, s in scores.items()}
            found["model_mb"] = round(
                sum(path.stat().st_size for path in model.rglob("*") if path.is_file()) / 1e6, 1
            )
            result[name] = found
            print(json.dumps(found), file=sys.stderr)

        add("minutes", Path(home) / "quick", "--minutes", f"{minutes:g}")
        killed = Path(home) / "killed"
        steps = max(result["minutes"]["noted_steps"], default=400)
        arguments = [str(bitext), "-o", str(killed), "--steps", str(steps)]
        state = killed.with_name("killed.work") / "state.pt"
        result["killed"] = run(arguments, lambda log, spent: state.exists() and "dev" in log)
        add("resumed", killed, "--steps", str(steps), "--resume")
        add("on top", Path(home) / "top", "--from", "embedded", "--minutes", "1")
    result["embedded"] = {
        text: only(s, langs) for text, s in retrieval(load_encoder(None), folder).items()
    }
    return result


def only(scores: Any, langs: tuple[str, str]) -> Any:
    """The scores of one pair of languages."""
    pairs = scores["pairs"]
    return pairs.get("-".join(langs)) or pairs.get("-".join(reversed(langs)))


def tiers_report(
    tiers: Sequence[Path], more: Sequence[Path], steps: int, seed: int, folder: Path
) -> Any:
    """What more bitext adds to the embedded model."""
    result: dict[str, Any] = {"steps": steps, "seed": seed}
    result["start"] = retrieval(load_encoder(None), folder)
    for name, places in (("without", tiers), ("with", [*tiers, *more])):
        with tempfile.TemporaryDirectory() as home:
            model = Path(home) / "model"
            given = [*map(str, places), "-o", str(model), "--from", "embedded"]
            found = run([*given, "--steps", str(steps), "--seed", str(seed), "--bits", "4"])
            found["bitext"] = {
                "tiers": [place.name for place in places],
                **size_of([bitext.paths[0] for bitext in find_bitexts(places)]),
            }
            found["retrieval"] = retrieval(load_encoder(str(model)), folder)
        result[name] = found
        print(json.dumps(found), file=sys.stderr)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Measure one part and put it into the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("memory", "quick", "tiers"))
    parser.add_argument("tiers", type=Path, nargs="+", metavar="TIER")
    parser.add_argument("--more", type=Path, nargs="+", default=[], metavar="TIER")
    parser.add_argument("--retrieval", type=Path, metavar="FOLDER", help="files NAME.<lang>")
    parser.add_argument("--langs", default="en-de")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int, help="default 20 for memory, 200 for tiers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    a = parser.parse_args(argv)
    tiers = [place.resolve() for place in a.tiers]
    if a.part != "memory" and a.retrieval is None:
        parser.error("--retrieval FOLDER is needed")
    if a.part == "memory":
        found: Any = memory(tiers, a.steps or 20)
    elif a.part == "quick":
        src, tgt = a.langs.split("-")
        found = quick(tiers, (src, tgt), a.pairs, a.minutes, a.retrieval)
    else:
        more = [place.resolve() for place in a.more]
        found = tiers_report(tiers, more, a.steps or 200, a.seed, a.retrieval)
    whole = json.loads(a.output.read_text(encoding="utf-8")) if a.output.exists() else {}
    whole |= {"machine": machine(), "encoder": load_encoder(EMBEDDED).name, a.part: found}
    write_json(a.output, whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
