"""How well and how fast the splitter works: boundary F1 and characters per CPU-second.

Protocol: gold sentences are joined in groups of 20 (with a space; with nothing in Chinese) and
their ends are looked for again. The end of a group counts for nothing. Positions are counted in
visible characters. The seed documents are split as they are and compared with the hand-made
list of their sentences.

    python benchmarks/splitting.py [--shared ../shared] [--errors pud-de] [--no-speed]

Writes benchmarks/results/splitting.json. Sources whose cells often hold two sentences bound
every splitter's precision; they stand here to be compared with themselves.
"""

from __future__ import annotations

import argparse
import json
import lzma
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from align.text.sentences import split_sentences

HERE = Path(__file__).resolve().parent
GROUP = 20
CORPORA = ("tico19", "mlqe-pe", "xquad-contexts", "paws-x", "mt-geneval", "bilinguator-classics")
FINAL = tuple('.!?…。！？”"»“)）')


@dataclass(frozen=True)
class Score:
    """Boundaries of one source in one language."""

    source: str
    lang: str
    sentences: int
    precision: float
    recall: float
    f1: float


def ends_of(sentences: list[str]) -> set[int]:
    """Where sentences end, counted in visible characters, without the last."""
    ends, at = set(), 0
    for sentence in sentences:
        at += sum(not char.isspace() for char in sentence)
        ends.add(at)
    return ends - {at}


def compare(gold: list[str], text: str, lang: str) -> tuple[set[int], set[int]]:
    """Gold and found ends of one text."""
    return ends_of(gold), ends_of([s.text for s in split_sentences(text, lang)])


def score(source: str, lang: str, groups: list[tuple[list[str], str]], show: bool) -> Score:
    """Boundary F1 over groups of (gold sentences, the text to split)."""
    right = found_all = gold_all = total = 0
    for gold, text in groups:
        wanted, found = compare(gold, text, lang)
        right += len(wanted & found)
        found_all += len(found)
        gold_all += len(wanted)
        total += len(gold)
        if show:
            visible = [i for i, char in enumerate(text) if not char.isspace()]
            for end in sorted(wanted ^ found):
                at = visible[end - 1] + 1
                kind = "missed" if end in wanted else "extra "
                print(f"{kind} {text[max(0, at - 60) : at]!r} | {text[at : at + 40]!r}")
    precision = right / max(found_all, 1)
    recall = right / max(gold_all, 1)
    f1 = 2 * right / max(found_all + gold_all, 1)
    return Score(source, lang, total, *(round(100 * x, 2) for x in (precision, recall, f1)))


def in_groups(sentences: list[str], lang: str) -> list[tuple[list[str], str]]:
    """Groups of 20 sentences and the text they make together."""
    joint = "" if lang == "zh" else " "
    parts = [sentences[i : i + GROUP] for i in range(0, len(sentences), GROUP)]
    return [(part, joint.join(part)) for part in parts]


def lines_of(path: Path) -> list[str]:
    """The lines of a file that hold something."""
    return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]


def sources(shared: Path) -> list[tuple[str, str, list[tuple[list[str], str]]]]:
    """`(name, language, groups)` of everything to measure."""
    found = []
    for lang in ("en", "de", "fr", "zh"):
        gold = lines_of(shared / "eval/pud" / f"pud.{lang}")
        found.append((f"pud-{lang}", lang, in_groups(gold, lang)))
    for lang in ("en", "de", "fr", "zh"):
        text = (shared / "seeds" / f"{lang}.txt").read_text("utf-8")
        gold = lines_of(shared / "seeds/sentences" / f"{lang}.txt")
        found.append((f"seeds-{lang}", lang, [(gold, text)]))
    for lang in ("en", "zh"):
        paths = sorted((shared / "eval/mac-dev").glob(f"*.{lang}"))
        groups = [group for path in paths for group in in_groups(lines_of(path), lang)]
        found.append((f"mac-dev-{lang}", lang, groups))
    for lang in ("de", "fr"):
        gold = lines_of(shared / "eval/textberg-dev" / f"0.{lang}")
        found.append((f"textberg-{lang}", lang, in_groups(gold, lang)))
    for name in CORPORA:
        with lzma.open(shared / "corpora/open" / f"{name}.tsv.xz", "rt", encoding="utf-8") as file:
            head = file.readline().rstrip("\n").split("\t")
            rows = [
                line.rstrip("\n").split("\t") for line, _ in zip(file, range(4000), strict=False)
            ]
        for column, lang in enumerate(head):
            gold = [row[column].strip() for row in rows if row[column].strip().endswith(FINAL)]
            if len(gold) >= 300:
                found.append((f"{name}-{lang}", lang, in_groups(gold[:2000], lang)))
    return found


def speed(shared: Path) -> dict[str, float]:
    """Characters per CPU-second, in millions, on the PUD sentences of each language."""
    rates = {}
    for lang in ("en", "de", "fr", "zh"):
        sentences = lines_of(shared / "eval/pud" / f"pud.{lang}")
        for name, joint in (("paragraphs", "" if lang == "zh" else " "), ("lines", "\n")):
            text = (
                "\n\n".join(joint.join(group) for group, _ in in_groups(sentences, lang)) + "\n\n"
            )
            text *= 1_000_000 // len(text) + 1
            best = min(_seconds(text, lang) for _ in range(3))
            rates[f"{lang}-{name}"] = round(len(text) / best / 1e6, 2)
        text = joint_line(sentences, lang)
        rates[f"{lang}-one-line"] = round(len(text) / _seconds(text, lang) / 1e6, 2)
    return rates


def joint_line(sentences: list[str], lang: str) -> str:
    """A line of a million characters."""
    text = ("" if lang == "zh" else " ").join(sentences)
    return (text * (1_000_000 // len(text) + 1))[:1_000_000]


def _seconds(text: str, lang: str) -> float:
    begin = time.process_time()
    split_sentences(text, lang)
    return time.process_time() - begin


def main() -> None:
    """Measure, print a table and write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared")
    parser.add_argument("--errors", help="print the errors on this source and stop")
    parser.add_argument("--no-speed", action="store_true")
    args = parser.parse_args()
    scores = []
    for name, lang, groups in sources(args.shared):
        if args.errors is None or args.errors == name:
            scores.append(score(name, lang, groups, show=args.errors is not None))
            row = scores[-1]
            print(
                f"{name:26} {row.sentences:5}  P {row.precision:6.2f}  R {row.recall:6.2f}  "
                f"F1 {row.f1:6.2f}"
            )
    if args.errors is not None:
        return
    rates = {} if args.no_speed else speed(args.shared)
    for name, rate in rates.items():
        print(f"{name:26} {rate:6.2f} M characters per CPU-second")
    result = {
        "protocol": f"groups of {GROUP}, boundary F1 in per cent, inner boundaries only",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "scores": [asdict(row) for row in scores],
        "million_characters_per_cpu_second": rates,
    }
    path = HERE / "results" / "splitting.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
