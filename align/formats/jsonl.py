"""JSON lines: one bead a line, nothing lost.

Text is UTF-8; only lone surrogates and the line breaks that some readers split on (NEL, U+2028,
U+2029) are escaped, so text comes back exactly. Numbers are rounded to six decimals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from align.errors import AlignError
from align.formats.cells import finite
from align.formats.files import lines, writing
from align.formats.rows import Header, Row
from align.types import Reason

_ESCAPED = re.compile("[\ud800-\udfff\x85\u2028\u2029]")


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number."""
    count = 0
    with writing(path) as out:
        for row in rows:
            count += 1
            out.write(dumped(_record(row)) + "\n")
    return count


def dumped(record: dict[str, Any]) -> str:
    """A record as one line."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def _record(row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {
        "src": row.src,
        "tgt": row.tgt,
        "src_ids": row.src_ids,
        "tgt_ids": row.tgt_ids,
        "src_span": row.src_span,
        "tgt_span": row.tgt_span,
        "score": _rounded(row.score),
        "kind": row.kind,
        "probability": _rounded(row.probability),
        "probability_lax": _rounded(row.probability_lax),
        "moved": row.moved,
    }
    for name in ("src_lang", "tgt_lang"):
        if getattr(row, name):
            record[name] = getattr(row, name)
    if row.why:
        record["why"] = [
            {
                "name": reason.name,
                "value": _rounded(reason.value),
                "weight": _rounded(reason.weight),
                "points": _rounded(reason.points),
            }
            for reason in row.why
        ]
    return record


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6) + 0.0


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield rows. Keys nobody knows are passed over; a value of the wrong type is an AlignError."""
    for number, line in lines(path, header.encoding):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        yield _row(loaded(line, where), where)


def loaded(line: str, where: str) -> dict[str, Any]:
    """The record of a line; anything but an object is an AlignError."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise AlignError(f"{where}: not valid JSON ({error})") from None
    if not isinstance(record, dict):
        raise AlignError(f"{where}: expected an object {{...}}, got {line[:40]!r}")
    return record


def _row(record: dict[str, Any], where: str) -> Row:
    src, tgt = text_of(record, "src", where), text_of(record, "tgt", where)
    src_ids, tgt_ids = ints_of(record, "src_ids", where), ints_of(record, "tgt_ids", where)
    if (src is None or tgt is None) and (src_ids is None or tgt_ids is None):
        raise AlignError(f"{where}: neither src and tgt nor src_ids and tgt_ids are there")
    kind = text_of(record, "kind", where)
    if kind is None and src_ids is not None and tgt_ids is not None:
        kind = f"{len(src_ids)}-{len(tgt_ids)}"
    moved = record.get("moved") or False
    if not isinstance(moved, bool):
        raise AlignError(f"{where}: moved: expected true or false, got {moved!r}")
    return Row(
        src=src,
        tgt=tgt,
        src_ids=src_ids,
        tgt_ids=tgt_ids,
        score=float_of(record, "score", where),
        probability=float_of(record, "probability", where),
        probability_lax=float_of(record, "probability_lax", where),
        kind=kind,
        moved=moved,
        src_span=pair_of(record, "src_span", where),
        tgt_span=pair_of(record, "tgt_span", where),
        src_lang=text_of(record, "src_lang", where),
        tgt_lang=text_of(record, "tgt_lang", where),
        why=_reasons(record, where),
    )


def text_of(record: dict[str, Any], key: str, where: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise AlignError(f"{where}: {key}: expected text, got {value!r:.40}")
    return value


def float_of(record: dict[str, Any], key: str, where: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise AlignError(f"{where}: {key}: expected a number, got {value!r:.40}")
    return finite(str(value), f"{where}: {key}")


def _reasons(record: dict[str, Any], where: str) -> tuple[Reason, ...]:
    found = record.get("why") or []
    if not isinstance(found, list) or not all(isinstance(part, dict) for part in found):
        raise AlignError(f"{where}: why: expected a list of objects, got {found!r:.40}")
    reasons = []
    for number, part in enumerate(found):
        here = f"{where}: why[{number}]"
        name = text_of(part, "name", here)
        value, weight = float_of(part, "value", here), float_of(part, "weight", here)
        if name is None or value is None or weight is None:
            raise AlignError(f"{here}: expected name, value and weight, got {part!r:.40}")
        reasons.append(Reason(name, value, weight))
    return tuple(reasons)


def ints_of(record: dict[str, Any], key: str, where: str) -> tuple[int, ...] | None:
    value = record.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or any(type(i) is not int or not 0 <= i < 10**15 for i in value):
        raise AlignError(f"{where}: {key}: expected a list of numbers from 0, got {value!r:.40}")
    return tuple(value)


def pair_of(record: dict[str, Any], key: str, where: str) -> tuple[int, int] | None:
    value = ints_of(record, key, where)
    if value is None:
        return None
    if len(value) != 2:
        raise AlignError(f"{where}: {key}: expected [start, end], got {list(value)!r:.40}")
    return value[0], value[1]
