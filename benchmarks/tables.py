"""The figures of README and docs, as Markdown tables and pictures, from the result files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.encoder_tables import encoder_speed_table, free_table, retrieval_table
from benchmarks.markdown import markdown, percent, read
from benchmarks.svg import Dots, reliability
from benchmarks.training_tables import explore_table, memory_table, quick_table, tiers_table

ROOT = Path(__file__).resolve().parents[1]
DEV = {"mac-dev": "MAC dev, novels", "textberg-dev": "Text+Berg dev, alpine yearbooks"}
OWN = {"article": "own article, 6 pairs of languages", "story": "own story, 6 pairs of languages"}


def _sets() -> list[Any]:
    found: list[Any] = read("quality")["sets"]
    return found


def _left_out() -> Any:
    return read("weights-static")


def quality_table() -> str:
    """Figures on texts that the weights were not learned from."""
    lines = [
        "| gold set | from | strict P / R / **F1** | lax F1 | unaligned F1 | moved |",
        "|---|---|---|---|---|---|",
    ]
    for name, title in OWN.items():
        for entry in (e for e in _sets() if e["name"] == name):
            row = entry["pooled"]
            strict, moved = row["strict"], row["moved"]
            found = round(moved["recall"] * moved["gold"])
            lines.append(
                f"| {title} | {entry['from']} | {percent(strict['precision'])} / "
                f"{percent(strict['recall'])} / **{percent(strict['f1'])}** | "
                f"{percent(row['lax']['f1'])} | {percent(row['unaligned']['f1'])} | "
                f"{found} of {moved['gold']} |".replace(" 0 of 0 ", " – ")
            )
    texts = sum(1 for _ in (ROOT / "data" / "prose").iterdir())
    prose = {"prose": f"own free translations, {texts} texts, 6 pairs"}
    for name, title in (DEV | prose).items():
        row = _left_out()["left out pooled"][name]
        lines.append(
            f"| {title} ¹ | sentences | **{percent(row['strict'])}** | {percent(row['lax'])} | "
            f"{percent(row['unaligned'])} | – |"
        )
    return "\n".join(lines) + "\n"


def peers_table() -> str:
    """What others publish, and our figures on development documents left out of the training."""
    peers = json.loads((ROOT / "benchmarks" / "peers.json").read_text(encoding="utf-8"))
    numbers = {name: k for k, name in enumerate(peers["sources"], 1)}

    def cell(figures: list[float | None] | None, note: str = "") -> str:
        return "–" if figures is None else " / ".join(map(percent, figures)) + note

    lines = [
        "| aligner | needs | MAC dev, zh-en | Text+Berg, de-fr | source |",
        "|---|---|---|---|---|",
    ]
    for row in peers["rows"]:
        sources = ", ".join(f"[{numbers[name]}]" for name in row["sources"])
        lines.append(
            f"| {row['system']} | {row['needs']} | {cell(row['mac_dev'])} | "
            f"{cell(row['textberg'], ' (test)')} | {sources} |"
        )
    ours = _left_out()["left out pooled"]
    mac, textberg = (cell([ours[name]["strict"], ours[name]["lax"]]) for name in DEV)
    model = sum(path.stat().st_size for path in (ROOT / "align/encoders/static").iterdir()) / 1e6
    needs = f"nothing: {model:.0f} MB inside the package"
    own = "[weights-static.json](benchmarks/results/weights-static.json)"
    lines.append(f"| **align** | {needs} | {mac} ¹ | {textberg} (dev) ¹ | {own} |")
    lines += ["", *(f"[{numbers[name]}] {text}.  " for name, text in peers["sources"].items())]
    return "\n".join(lines) + "\n"


def machine_line() -> str:
    """With what the figures were measured."""
    found = read("quality")
    machine = found["machine"]
    versions = machine["versions"]
    return (
        f"Measured with align {versions['align']}, encoder `{found['encoder']}`, Python "
        f"{versions['python']}, numpy {versions['numpy']}.\n"
    )


def calibration_table() -> str:
    """Calibration and what a threshold of .9 keeps: own texts, then left-out documents."""
    rows = []
    for entry in (e for e in _sets() if e["name"] in OWN):
        found = entry["calibration"]
        errors = f"{found['ece']:.3f} / {found['ece_lax']:.3f}"
        name = f"own {entry['name']}, {entry['from']}"
        rows.append((name, found["pairs"], errors, percent(found["precision"])))
    for name, found in _left_out()["reliability"].items():
        kind = f"synthetic {name}" if re.fullmatch("..-..", name) else name
        sure = found["precision strict at .9"] if found["share strict at .9"] else None
        errors = f"{found['ece strict']:.3f} / {found['ece lax']:.3f}"
        rows.append((kind, found["pairs"], errors, percent(sure)))
    return markdown(
        ("pairs of", "number", "ECE strict / lax", "of the pairs at .9 or more, right"), rows
    )


def multi_table() -> str:
    """Several versions at once beside pairs."""
    names = {"made": "made in four versions", "seeds": "a magazine article ¹"}
    columns = (
        "text",
        "strict F1, pair by pair",
        "at once",
        "rows exactly right, F1",
        "rows that mix units",
        "moved text in its row",
        "ECE of rows",
        "of the rows at .9 or more, right",
    )
    table = []
    for name, part in read("multi").items():
        if isinstance(part, dict):
            rows = part["rows"]
            table.append(
                (
                    names.get(name, f"own {name}"),
                    percent(part["pair"]["strict_f1"]),
                    f"**{percent(part['multi']['strict_f1'])}**",
                    percent(rows["exact_f1"]),
                    f"{rows['mixed']} of {rows['rows']}",
                    part.get("moved_in_their_rows", "–"),
                    f"{rows['ece']:.3f}",
                    percent(rows["right_at_.9"]),
                )
            )
    return markdown(columns, table)


def settings_table() -> str:
    """What several versions gain in each kind of made texts, and could at most."""
    columns = (
        "made texts",
        "strict F1, pair by pair",
        "at once",
        "gained",
        "all third versions know it",
        "any third version knows it",
    )
    rows = (
        (
            name,
            percent(part["pair"]),
            f"**{percent(part['multi'])}**",
            f"{100 * part['gain']:+.1f}",
            percent(part["if_all_third_settled"]),
            percent(part["if_any_third_settled"]),
        )
        for name, part in read("multi")["made"]["settings"].items()
    )
    return markdown(columns, rows)


def shuffle_table() -> str:
    """Moved text, found and right."""
    kinds = ("recall", "precision", "precision lax")
    rows = (
        (langs, row["moved pairs"], *(percent(row[kind]) for kind in kinds))
        for langs, row in read("shuffle")["pairs"].items()
    )
    return markdown(("languages", "moved pairs", "recall", "precision", "precision, lax"), rows)


def exact_table() -> str:
    """Gold sets cut into segments, and as one."""
    rows = (
        (
            s["name"],
            s["beads"],
            f"{100 * s['same']:.2f}",
            percent(s["strict_cut"]),
            percent(s["strict_whole"]),
            s["cuts"],
            s["torn"],
            s["seen"],
            s["given_up"],
        )
        for s in read("exact")["sets"]
    )
    columns = (
        *("set", "beads", "the same, %", "strict F1, cut", "strict F1, whole"),
        *("sure cuts", "of them through a bead", "seen before", "cuts given up"),
    )
    return markdown(columns, rows)


def ablation_table() -> str:
    """Points of strict F1 lost without each feature, most valuable first; groups before them."""
    found = read("ablation")
    sets, whole = list(found["all"]), found["all"]
    shown = ["own texts" if name == "prose" else name for name in sets]
    lost = []
    for name, row in found["without"].items():
        points = [100 * (row[one] - whole[one]) for one in sets]
        lost.append((not name.endswith("(all)"), sum(points) / len(points), name, points))
    mean = sum(whole.values()) / len(sets)
    rows = [("nothing", *(percent(whole[name]) for name in sets), percent(mean))]
    for _, mean, name, points in sorted(lost, key=lambda row: row[:2]):
        rows.append((name, *(f"{value:+.1f}" for value in points), f"{mean:+.2f}"))
    table = markdown(("without", *shown, "mean"), rows)
    return f"{table}\nEncoder `{found['encoder']}`.\n"


def reliability_plot() -> str:
    """The reliability diagram of left-out gold documents and of synthetic ones."""
    found = _left_out()["reliability"]
    rows = [
        Dots(f"{name}, {kind}", [(p, right, count) for p, right, count in entry[f"bins {kind}"]])
        for name, entry in found.items()
        if name in ("gold left out", "synthetic")
        for kind in ("strict", "lax")
    ]
    return reliability("Are the probabilities true?", rows)


FIGURES: dict[str, Callable[[], str]] = {
    "quality": quality_table,
    "peers": peers_table,
    "machine": machine_line,
    "calibration": calibration_table,
    "multi": multi_table,
    "multi-settings": settings_table,
    "encoder-speed": encoder_speed_table,
    "retrieval": retrieval_table,
    "free": free_table,
    "shuffle": shuffle_table,
    "ablation": ablation_table,
    "exact": exact_table,
    "training-memory": memory_table,
    "training-quick": quick_table,
    "training-tiers": tiers_table,
    "explore": explore_table,
}
PLOTS: dict[Path, Callable[[], str]] = {ROOT / "docs" / "reliability.svg": reliability_plot}
