"""The figures of `docs/speed.md` as Markdown tables and sentences, from the result files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.svg import short

# other aligners, with the most sentences in a bead
PEERS = (("vecalign", 4), ("vecalign", 8), ("bertalign", 5), ("bertalign", 8))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def conditions(result: dict[str, Any]) -> str:
    """Where and when, in a sentence."""
    found, loads = result["machine"], result["load_average"]
    text = f"{found['cpu']}, {found['cores']} cores, Python {found['versions']['python']}, "
    text += f"numpy {found['versions']['numpy']}"
    if loads["before"] and loads["after"]:
        text += f"; load average {loads['before'][0]:g} before and {loads['after'][0]:g} after"
        if max(loads["before"][0], loads["after"][0]) > found["cores"]:
            text += " (a busy machine: other programs slow CPU seconds too)"
    return f"Machine: {text}."


def alone_table(result: dict[str, Any]) -> str:
    """The cells of align_speed."""
    rows = [
        [
            f"{_count(c['sentences'])} × {c['dims']}",
            _seconds(c["cpu"]),
            f"{_seconds(c['cpu_min'])}–{_seconds(c['cpu_max'])}",
            _seconds(c["again_cpu"]) if "again_cpu" in c else "",
            _seconds(c["wall"]),
            _seconds(c["side_of_cpu"]),
            f"{c['peak_mb']:.0f}",
            f"{c['total_mb']:.0f}",
            f"{c['strict_f1']:.3f}",
        ]
        for c in result["cells"]
    ]
    head = ["sentences × dims", "CPU s", "min–max", "again s", "wall s", "input s", "memory MB"]
    return table([*head, "with those arrays MB", "strict F1"], rows)


def growth(result: dict[str, Any]) -> str:
    """The widest span of each width, in words."""
    best: dict[int, dict[str, Any]] = {}
    for step in result["growth"]:
        known = best.get(step["dims"])
        if known is None or step["to"] / step["from"] >= known["to"] / known["from"]:
            best[step["dims"]] = step
    parts = [
        f"{s['exponent']:.2f} from {_count(s['from'])} to {_count(s['to'])} at {d} dimensions"
        for d, s in sorted(best.items())
    ]
    return ", ".join(parts) or "one size only"


def peers_part(
    ours: dict[str, Any], earlier: dict[str, Any], beside: Sequence[dict[str, Any]]
) -> str:
    """The comparison with other aligners."""
    versions = "; ".join(f"{name} {text}" for name, text in earlier["versions"].items())
    rows = []
    for c in ours["cells"]:
        row = [f"{_count(c['sentences'])} × {c['dims']}", _seconds(c["cpu"])]
        for peer, most in PEERS:
            wanted = (peer, most, c["sentences"], c["dims"])
            found = [
                r
                for r in earlier["runs"]
                if (r["peer"], r["max_align"], r["sentences"], r["dims"]) == wanted
            ]
            row.append(_seconds(found[0]["cpu"]) if found else "–")
        rows.append(row)
    head = ["sentences × dims", "align", *(f"{peer} {most}" for peer, most in PEERS)]
    parts = [
        "## Peers\n",
        f"CPU seconds of other aligners on documents of the same recipe ({versions}; the number is "
        "the most sentences in a bead). They were measured earlier and on another machine, so "
        "read them as orders of magnitude.\n",
        table(head, rows),
    ]
    for result in beside:
        parts += ["", f"{result['peer']} beside ours, CPU seconds. {conditions(result)}\n"]
        parts.append(beside_table(result))
    return "\n".join(parts)


def beside_table(result: dict[str, Any]) -> str:
    """One `peer-NAME.json`."""
    name = result["peer"]
    good = "strict_f1" if "strict_f1" in result["cells"][0]["align"] else "same_row"
    rows = []
    for cell in result["cells"]:
        label = f"{cell['sentences']} × {cell.get('dims', '-'.join(cell.get('langs', [])))}"
        both = [cell[name], cell["align"]]
        rows.append([label, *(_seconds(x["cpu"]) for x in both), *(f"{x[good]:.3f}" for x in both)])
    what = good.replace("_", " ")
    return table(["document", name, "align", f"{name} {what}", f"align {what}"], rows)


def text_table(books: Sequence[dict[str, Any]]) -> str:
    """The books of end_to_end."""
    rows = [
        [
            book_name(b),
            _count(sum(b["sentences"])),
            _seconds(b["cpu"]),
            _seconds(b["wall"]),
            _count(b["rate"]),
            f"{b['peak_mb']:.0f}",
            f"{b['same_row']:.3f}",
        ]
        for b in books
    ]
    head = ["book", "sentences", "CPU s", "wall s", "sentences / CPU s", "memory MB", "same row"]
    return table(head, rows)


def is_own(found: dict[str, Any]) -> bool:
    """Whether a book is made from the project's own texts."""
    return not any(name.partition(".")[2] for name in found["corpus"])


def book_name(found: dict[str, Any]) -> str:
    """What a book is called in tables and plots."""
    kind = "own" if is_own(found) else "corpus"
    return f"{'-'.join(found['langs'])}, {kind}, {short(found['size'])}"


def stage_table(books: Sequence[dict[str, Any]]) -> str:
    """CPU seconds by stage, a column a book."""
    names = list(books[0]["stages"])
    rows = [[name, *(_seconds(b["stages"][name]) for b in books)] for name in names]
    rows.append(["all", *(_seconds(b["cpu"]) for b in books)])
    return table(["stage", *(book_name(b) for b in books)], rows)
