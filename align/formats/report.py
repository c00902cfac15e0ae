"""A report for people: each bead with its sentences and the largest parts of its score.

It is written only; JSONL holds the same parts (all of them) for programs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from align.errors import AlignError
from align.formats import Format, format_of
from align.formats.files import STREAM, suffixes, writing
from align.formats.rows import Header, Row, well_formed
from align.types import Reason

WIDTH = 100  # columns of a terminal; a Chinese character takes two
PARTS = 5  # of a score that are shown one by one

REPORT = Format("report", ("", ".txt"), whole=True)


def explained_format(path: str, name: str | None) -> Format:
    """The format of explained output: JSONL or the report.

    `name` is what was asked for, None: the suffix of `path` tells; the standard output and .txt
    stand for the report. Raises AlignError for a format that has no place for reasons.
    """
    if name is None and (path == STREAM or suffixes(path)[0] in REPORT.suffixes):
        return REPORT
    found = format_of(path, name)
    if found.name != "jsonl":
        raise AlignError(
            f"{found.name} has no place for reasons; write JSONL (--format jsonl), or a text "
            "report (no --format, to the standard output or a .txt file)"
        )
    return found


def write_report(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write the report and return the number of beads.

    The file appears whole or not at all; `path` "-" is the standard output, suffixes .gz, .xz
    and .zst compress.
    """
    count = 0
    with writing(path) as out:
        for count, row in enumerate(rows, 1):
            out.write("".join(f"{line}\n" for line in block(row, count, header)))
    return count


def block(row: Row, number: int, header: Header) -> Iterator[str]:
    """The lines of one bead, and an empty one."""
    kind = row.kind or "?"
    facts = [f"#{number}", f"moved {kind}" if row.moved else kind]
    if row.probability is not None:
        facts.append(f"probability {row.probability:.2f}")
    if row.probability_lax is not None and row.is_pair:
        facts.append(f"in part {row.probability_lax:.2f}")
    if row.is_pair:
        facts.append(f"score {row.score or 0.0:.2f}")
    yield "  ".join(facts)
    for lang, ids, text in (
        (header.src_lang or "src", row.src_ids, row.src),
        (header.tgt_lang or "tgt", row.tgt_ids, row.tgt),
    ):
        if text or ids:
            yield _cut(f"  {lang} {_range(ids)}  {' '.join(well_formed(text or '').split())}")
    yield from _parts(row.why)
    yield ""


def _range(ids: tuple[int, ...] | None) -> str:
    if not ids:
        return "-"
    return str(ids[0]) if len(ids) == 1 else f"{ids[0]}-{ids[-1]}"


def _cut(text: str) -> str:
    """As much of a line as fits WIDTH, in whole characters."""
    columns = fits = 0
    for at, char in enumerate(text):
        columns += _columns(char)
        if columns > WIDTH:
            return text[:fits].rstrip() + "…"
        if columns < WIDTH:  # room for the mark
            fits = at + 1
    return text


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _parts(why: tuple[Reason, ...]) -> Iterator[str]:
    """`name: value x weight = points`, the largest first; the rest in one line."""
    ranked = sorted(why, key=lambda reason: -abs(reason.points))
    for reason in ranked[:PARTS]:
        value = f"{reason.value:.2f}".rstrip("0").rstrip(".")
        yield f"    {reason.name}: {value} x {reason.weight:+.2f} = {reason.points:+.2f}"
    if rest := ranked[PARTS:]:
        points = sum(reason.points for reason in rest)
        yield f"    {len(rest)} smaller part{'s'[: len(rest) > 1]} = {points:+.2f}"
