"""How good and how fast `align score` is; learns its weights.

Protocol: of each source a run of rows is taken, and about half of its pairs are shifted: to the
next shifted row (near), to a row far away (far), and far in no order (shuffled). Reported are the
area under the ROC curve and the expected calibration error (ten bins) of the probability, for each
language pair over all sources and kinds of shift; also for pairs that are scored one by one or by
four, which have few surroundings. Speed: CPU seconds and peak memory of the whole
command on a TSV file of 100,000 pairs.

    python -m benchmarks.score --corpus ../shared/corpora/copyleft [--speed] [-o JSON]
    python -m benchmarks.score --learn --corpus ../shared/corpora/open --aligned ../shared/eval/pud

The second writes align/core/weights/score.json. Line-aligned files NAME.<lang> (--aligned), which
the encoder was not trained on, count for half there. Measure on corpora that neither the encoder
nor the weights have seen.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is imported

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from align.core.pairwise import FEATURES, load_weights, probabilities  # noqa: E402
from align.core.side import Floats  # noqa: E402
from align.score import PairScorer  # noqa: E402
from align.training.bitext import find_bitexts  # noqa: E402
from align.training.dev import read_dev  # noqa: E402
from align.training.pairs import FAR, NEAR, SHUFFLED, learn, make_mix  # noqa: E402

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE.parent / "align" / "core" / "weights" / "score.json"
LANGS = ("en", "de", "fr", "zh")
ROWS = 768  # of a source and language pair
FEW = (1, 4)  # pairs scored together, besides all
FEW_ROWS = 24  # that are scored in such groups
FEW_COUNT = 0.05  # what all of these together count for, beside the rest, in learning
FEWEST = 200
PAIRS = 100_000  # of the speed test
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Data:
    """The features of the pairs of one source, language pair, kind of shift and size of group."""

    source: str
    langs: str
    kind: str
    together: int  # pairs that are scored together; 0: all
    features: Floats  # [n, F]
    true: npt.NDArray[np.bool_]  # [n]


@dataclass(frozen=True)
class Result:
    """Over all sources of a language pair."""

    langs: str
    kind: str
    together: int
    pairs: int
    auc: float
    ece: float


def runs(corpora: Sequence[Path], rows: int) -> Iterator[tuple[str, str, Pairs]]:
    """Source, language pair and a run of its rows, at a place that its name chooses."""
    for bitext in find_bitexts(corpora):
        for a, b in combinations([lang for lang in LANGS if lang in bitext.langs], 2):
            chosen = bitext.only([a, b])
            if chosen is None:
                continue
            i = chosen.langs.index(a)
            cells = [(r[i].strip(), r[1 - i].strip()) for batch in chosen.batches() for r in batch]
            full = [(s, t) for s, t in cells if s and t]
            if len(full) >= FEWEST:
                name = f"{bitext.name}-{a}-{b}".encode()
                start = zlib.crc32(name) % max(1, len(full) - rows)
                yield bitext.name, f"{a}-{b}", full[start : start + rows]


def aligned(folder: Path) -> Iterator[tuple[str, str, Pairs]]:
    """The same of line-aligned files."""
    for dev in read_dev(folder, LANGS):
        yield dev.name, dev.langs, list(zip(dev.src, dev.tgt, strict=True))


def measure(
    found: Iterator[tuple[str, str, Pairs]], scorer: PairScorer, kinds: Sequence[str]
) -> list[Data]:
    """Features of the mixes of every source; several kinds of shift take turns if so asked."""
    rng = np.random.default_rng(0)
    data = []
    for source, langs, pairs in found:
        for kind in kinds:
            mix = make_mix(pairs, kind, rng)
            for size in (0, *FEW):
                rows = FEW_ROWS if size else len(mix.src)
                groups = [slice(i, i + (size or rows)) for i in range(0, rows, size or rows)]
                parts = [scorer.features(mix.src[group], mix.tgt[group]) for group in groups]
                true = mix.true[:rows]
                data.append(Data(source, langs, kind, size, np.concatenate(parts), true))
    return data


def auc(score: Floats, true: npt.NDArray[np.bool_]) -> float:
    """The chance that a true pair scores higher than a false one; ties count half."""
    _, rank, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    wins = middle[rank][true].sum() - true.sum() * (true.sum() + 1) / 2
    return float(wins / (true.sum() * (~true).sum()))


def ece(probability: Floats, true: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins."""
    place = np.minimum((probability * 10).astype(int), 9)
    gaps = [
        abs(probability[place == i].mean() - true[place == i].mean()) * (place == i).sum()
        for i in range(10)
        if (place == i).any()
    ]
    return float(sum(gaps) / len(true))


def results(data: Sequence[Data], weights: Floats) -> list[Result]:
    """By language pair, all kinds together and each alone; then everything, and in small groups."""
    out = []
    wanted = [
        (langs, kind, 0)
        for langs in [*sorted({d.langs for d in data}), "all"]
        for kind in ("all", *sorted({d.kind for d in data}))
    ]
    for langs, kind, together in [*wanted, *(("all", "all", size) for size in FEW)]:
        part = [
            d
            for d in data
            if d.together == together and langs in (d.langs, "all") and kind in (d.kind, "all")
        ]
        true = np.concatenate([d.true for d in part])
        p = probabilities(np.concatenate([d.features for d in part]), weights)
        found = round(auc(p, true), 5), round(ece(p, true), 5)
        out.append(Result(langs, kind, together, len(true), *found))
    return out


def learned(sets: Sequence[Sequence[Data]]) -> Floats:
    """Weights from several sets, which count alike."""
    data, counts = [], []
    for part in sets:
        sizes = {size: sum(len(d.true) for d in part if d.together == size) for size in (0, *FEW)}
        for d in part:
            share = 1.0 if d.together == 0 else FEW_COUNT / len(FEW)
            data.append(d)
            counts.append(np.full(len(d.true), 1e5 * share / sizes[d.together]))
    return learn(
        np.concatenate([d.features for d in data]),
        np.concatenate([d.true for d in data]),
        np.concatenate(counts).astype(np.float32),
    )


def speed(corpora: Sequence[Path], langs: str) -> dict[str, float]:
    """CPU seconds and peak memory of `align score` on a file of PAIRS pairs."""
    a, b = langs.split("-")
    pairs: Pairs = []
    for _, found, part in runs(corpora, PAIRS):
        if found == langs:
            pairs += part
    if not pairs:
        return {}
    pairs = (pairs * (PAIRS // len(pairs) + 1))[:PAIRS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.tsv"
        path.write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")
        command = [sys.executable, "-m", "align", "score", str(path), "-o", f"{folder}/out.tsv"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, "--threads", "1", "-q"], check=True, cwd=HERE.parent)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    distinct = len(set(pairs))
    return {
        "pairs": PAIRS,
        "distinct": distinct,
        "cpu_seconds": round(seconds, 2),
        "pairs_per_cpu_second": round(PAIRS / seconds),
        "peak_mb": round(after.ru_maxrss / 1024),
        f"{a}_characters": round(sum(len(s) for s, _ in pairs) / PAIRS, 1),
        f"{b}_characters": round(sum(len(t) for _, t in pairs) / PAIRS, 1),
    }


def main() -> None:
    """Measure, or learn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", nargs="+", type=Path, required=True)
    parser.add_argument("--aligned", type=Path, help="folder of NAME.<lang>, for --learn")
    parser.add_argument("--learn", action="store_true", help="write the weights")
    parser.add_argument("--speed", action="store_true", help="time the command, too")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "score.json")
    arguments = parser.parse_args()
    scorer = PairScorer()
    if arguments.learn:
        sets = [measure(runs(arguments.corpus, ROWS), scorer, (NEAR, FAR, SHUFFLED))]
        if arguments.aligned:
            sets.append(measure(aligned(arguments.aligned), scorer, (NEAR, FAR, SHUFFLED)))
        weights = learned(sets)
        named = dict(zip(FEATURES, [round(float(w), 4) for w in weights], strict=True))
        WEIGHTS.write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {WEIGHTS}; below: on the data they were learned from")
        data = sets[0]
    else:
        data = measure(runs(arguments.corpus, ROWS), scorer, (NEAR, FAR, SHUFFLED))
    found = results(data, load_weights())
    print(f"{'':8}{'shift':10}{'together':10}{'pairs':>8}{'AUC':>9}{'ECE':>8}")
    for r in found:
        together = r.together or "all"
        print(f"{r.langs:8}{r.kind:10}{together:<10}{r.pairs:8}{r.auc:9.4f}{r.ece:8.3f}")
    times = {}
    if arguments.speed:
        for langs in ("de-en", "en-zh", "en-de", "zh-en"):
            times[langs] = speed(arguments.corpus, langs)
        times = {langs: figures for langs, figures in times.items() if figures}
        for langs, figures in times.items():
            print(langs, figures)
    if not arguments.learn:
        report = {
            "encoder": scorer.signature,
            "machine": platform.processor() or platform.machine(),
            "corpora": sorted(str(path.name) for path in arguments.corpus),
            "quality": [asdict(r) for r in found],
            "speed": times,
        }
        arguments.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
