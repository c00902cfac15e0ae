"""The figures of results/training.json and results/explore.json as tables for docs/training.md."""

from __future__ import annotations

import json
import math
import statistics
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


_KINDS = ("cosine", "margin", "among", "other")


def explore_table() -> str:
    """The base of `benchmarks/explore.py`, and how far each change is from it."""
    found = json.loads((RESULTS / "explore.json").read_text(encoding="utf-8"))
    (base,) = found["groups"]["base"].values()
    values = {seed: [_mean(run, kind) for kind in _KINDS] for seed, run in base.items()}
    spread = [statistics.stdev(column) for column in zip(*values.values(), strict=True)]
    whole = [statistics.mean(column) for column in zip(*values.values(), strict=True)]
    most = max(found["tests"].values())
    lines = [
        f"| | change | PUD, cosine | margin | cosine among {most:,} more | other text | seeds |",
        "|---|---|---|---|---|---|---|",
        f"| **base** | | {' | '.join(f'{v:.2f}' for v in whole)} | {len(base)} |",
        f"| | spread of its seeds | {' | '.join(f'{s:.2f}' for s in spread)} | |",
    ]
    for group, some in found["groups"].items():
        if group == "base":
            continue
        for number, (name, runs) in enumerate(some.items()):
            seeds = [seed for seed in runs if seed in values]
            if not seeds:  # begun, not done
                continue
            cells = []
            for k, kind in enumerate(_KINDS):
                change = statistics.mean(_mean(runs[s], kind) - values[s][k] for s in seeds)
                sure = abs(change) > 2 * spread[k] * math.sqrt(2 / len(seeds))
                cells.append(f"**{_changed(change)}**" if sure else _changed(change))
            title = "" if number else f"**{group}** "
            lines.append(f"| {title}| {name} | {' | '.join(cells)} | {len(seeds)} |")
    cut, settings, facts = found["base"]["cut"], found["base"]["settings"], found["facts"]
    lines += [
        "",
        f"Base: {cut['size']:,} tokens of {settings['dims']} dimensions, {settings['steps']} steps "
        f"of {found['base']['recipe']['size']:,} examples, scale {settings['scale']:g}, margin "
        f"{settings['margin']:g}, {facts['rows']:,} rows ({facts['pairs']:,} pairs). Unknown "
        f"tokens of PUD: {_each(facts['unknown_base'])}; of the shipped "
        f"vocabulary {_each(facts['unknown_shipped'])}. PUD sentences with numbers "
        f"that `numbers alike` changes: {_each(facts['with_such_numbers'])}.",
    ]
    return "\n".join(lines) + "\n"


def _each(shares: Any) -> str:
    """Percent by language."""
    return ", ".join(f"{lang} {share:.2g} %" for lang, share in shares.items())


def _mean(run: Any, kind: str) -> float:
    """Over the pairs of languages."""
    return statistics.mean(row[kind] for row in run["scores"].values())


def _changed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
