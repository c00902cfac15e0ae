"""The figures of results/training.json as tables for docs/training.md."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.measure import RESULTS

_PHASES = ("reading", "vocabulary", "tokens", "training")


def _part(name: str) -> Any:
    return json.loads((RESULTS / "training.json").read_text(encoding="utf-8"))[name]


def memory_table() -> str:
    """Peak memory of each phase, by size of the bitext."""
    lines = [
        f"| bitext | lines | text | {' | '.join(_PHASES)} | without mapped files |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in _part("memory"):
        bitext = row["bitext"]
        copies = bitext["copies"]
        name = {0.25: "every fourth file", 1: "all files"}.get(copies, f"all, {copies} copies")
        peaks = " | ".join(f"{row['peak_mb'][phase]:,} MB" for phase in _PHASES)
        own = max(row["peak_anonymous_mb"][phase] for phase in _PHASES)
        lines.append(
            f"| {name} | {bitext['lines']:,} | {bitext['text_mb']:,} MB | {peaks} | {own:,} MB |"
        )
    return "\n".join(lines) + "\n"


def quick_table() -> str:
    """A model in minutes."""
    found = _part("quick")
    minutes = found["minutes"]["command"].rpartition("--minutes ")[2]
    names = {
        "minutes": f"`--minutes {minutes}`",
        "resumed": "`--steps "
        + found["resumed"]["command"].rpartition("--steps ")[2].split()[0]
        + f"`, killed, `--resume` at step {(found['resumed']['resumed_at'] or ['?'])[0]}",
        "on top": "`--from embedded --minutes 1`",
    }
    lines = [
        f"| {found['pairs']:,} pairs, {found['langs']} "
        "| whole run | held out | PUD | model | memory |",
        "|---|---|---|---|---|---|",
    ]

    def cell(scores: Any) -> str:
        return f"{scores['cosine']:.2f} / {scores['margin']:.2f}"

    for key, name in names.items():
        row = found[key]
        pud = next(iter(row["retrieval"].values()))
        held = next(iter(row["held_out"].values()))
        lines.append(
            f"| {name} | {row['wall_s']:.0f} s | {cell(held)} | {cell(pud)} | "
            f"{row['model_mb']} MB | {max(row['peak_mb'].values()):,} MB |"
        )
    start = next(iter(found["embedded"].values()))
    lines.append(f"| the embedded model as it is | – | – | {cell(start)} | – | – |")
    return "\n".join(lines) + "\n"


def tiers_table() -> str:
    """What more bitext adds."""
    found = _part("tiers")
    name, scores = next(iter(found["start"].items()))
    pairs = list(scores["pairs"])
    lines = [
        f"| {name}, {scores['sentences']:,} sentences | {' | '.join(pairs)} | mean |",
        "|---" * (len(pairs) + 2) + "|",
    ]
    rows = {"the embedded model": found["start"]}
    for key in ("without", "with"):
        rows[" + ".join(found[key]["bitext"]["tiers"])] = found[key]["retrieval"]
    for by in ("cosine", "margin"):
        for title, entry in rows.items():
            values = [entry[name]["pairs"][pair][by] for pair in pairs]
            cells = " | ".join(f"{value:.2f}" for value in values)
            lines.append(f"| {title}, {by} | {cells} | {sum(values) / len(values):.2f} |")
    sizes = ", ".join(
        f"{' + '.join(found[key]['bitext']['tiers'])} {found[key]['bitext']['lines']:,}"
        for key in ("without", "with")
    )
    lines += ["", f"{found['steps']} steps each, seed {found['seed']}; lines: {sizes}."]
    return "\n".join(lines) + "\n"
