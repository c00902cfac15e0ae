"""Apache Parquet, for those who read columns: extra `[parquet]` (pyarrow).

The columns are the fields of a row, sentence numbers and spans as lists of int64, scores
as float64, unrounded. A lone surrogate becomes U+FFFD. The signature is in the
file's metadata as `align.signature`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from align.errors import AlignError
from align.formats.files import STREAM, reading, writing_bytes
from align.formats.rows import COLUMNS, Header, Row, well_formed

_BATCH = 4096  # rows in memory at a time
_TEXT = ("src", "tgt", "kind", "src_lang", "tgt_lang")
_INTS = ("src_ids", "tgt_ids", "src_span", "tgt_span")
_NUMBERS = ("score", "probability", "probability_lax")


def _arrow(path: str) -> tuple[Any, Any]:
    if path == STREAM:
        raise AlignError("parquet is not a stream; give a file name instead of -")
    try:
        import pyarrow  # type: ignore[import-untyped,import-not-found]
        import pyarrow.parquet  # type: ignore[import-untyped,import-not-found]
    except ImportError:
        raise AlignError("parquet needs pyarrow: pip install 'parallel-align[parquet]'") from None
    return pyarrow, pyarrow.parquet


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number."""
    pa, pq = _arrow(path)
    types = {
        "moved": pa.bool_(),
        **dict.fromkeys(_TEXT, pa.string()),
        **dict.fromkeys(_NUMBERS, pa.float64()),
        **dict.fromkeys(_INTS, pa.list_(pa.int64())),
    }
    schema = pa.schema(
        [(name, types[name]) for name in COLUMNS],
        metadata={"align.signature": well_formed(header.signature)},
    )
    stream, count = iter(rows), 0
    with writing_bytes(path) as out, pq.ParquetWriter(out, schema, compression="zstd") as table:
        while batch := list(islice(stream, _BATCH)):
            columns = {name: [_plain(getattr(row, name)) for row in batch] for name in COLUMNS}
            table.write_batch(pa.RecordBatch.from_pydict(columns, schema=schema))
            count += len(batch)
    return count


def _plain(value: object) -> object:
    return well_formed(value) if isinstance(value, str) else value


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield rows. Columns nobody knows are passed over; text or sentence numbers must be there."""
    pa, pq = _arrow(path)
    with reading(path) as stream:
        try:
            table = pq.ParquetFile(stream)
            names = [name for name in COLUMNS if name in table.schema_arrow.names]
            if not ({"src", "tgt"} <= set(names) or {"src_ids", "tgt_ids"} <= set(names)):
                raise AlignError(
                    f"{path}: no columns src and tgt; there are {table.schema_arrow.names}"
                )
            for batch in table.iter_batches(_BATCH, columns=names):
                for number, record in enumerate(batch.to_pylist()):
                    yield _row(record, f"{path}: row {number}")
        except (pa.ArrowException, OSError) as error:
            raise AlignError(f"{path}: not a whole Parquet file ({error})") from None


def _row(record: dict[str, Any], where: str) -> Row:
    try:
        for name in _INTS:
            if record.get(name) is not None:
                record[name] = tuple(map(int, record[name]))
        for name in _NUMBERS:
            if record.get(name) is not None:
                record[name] = float(record[name])
    except (TypeError, ValueError):
        raise AlignError(f"{where}: {name} has the wrong type: {record[name]!r:.40}") from None
    for name in _TEXT:
        if not isinstance(record.get(name), (str, type(None))):
            raise AlignError(f"{where}: {name}: expected text, got {record[name]!r:.40}")
    record["moved"] = bool(record.get("moved"))
    return Row(**record)
