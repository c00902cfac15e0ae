"""Remembers the summed vector of every chunk seen, in a bounded table that threads may share.

Running text repeats its words (Zipf): after some thousand sentences about one chunk in fifty is
new. A chunk's row is always the sum of its tokens in their order, so a sentence's vector is the
same bytes whatever was seen before it. When the table is full, the rows used most are kept and the
rest is forgotten.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.chunks import Chunks, Hashes, Ints, chunk, clause_ends
from align.encoders.hashing import KeyTable
from align.encoders.unigram import Tokens, Unigram
from align.encoders.vectors import Floats, TokenVectors

Rows = npt.NDArray[np.int32]
_TOKEN = np.uint64(0x5851F42D4C957F2D)  # makes a key of a token's number
_BLOCK = 256  # sums made together: 512 KiB at 512 dims stay in the second-level cache
_NEW = 2048  # chunks cut together: what that takes stays small
_KEPT = 0.75  # of a full table
_LONG = 512  # members of a sum that goes its own way


@dataclass(frozen=True, slots=True)
class Rowed:
    """Texts as rows of a table of vectors: text i has rows[starts[i]:starts[i + 1]]."""

    table: Floats  # [> u, dims]; row 0 is all zeros
    rows: npt.NDArray[Any]  # [t]
    starts: Ints  # [n + 1]
    closing: npt.NDArray[np.bool_]  # [> u] whether a clause ends with it


def segment_sums(
    table: Floats, rows: npt.NDArray[Any], starts: Ints, out: Floats | None = None
) -> Floats:
    """Sums of table rows: result i is that of rows[starts[i]:starts[i + 1]], added in order.

    float32 [u, d], [t], [n + 1] -> [n, d], into `out` if given. Sums of like length go together,
    their first rows at once, then their second, ...: four times as fast as np.add.reduceat.
    """
    lengths = np.diff(starts)
    sums = np.empty((len(lengths), table.shape[1]), np.float32) if out is None else out
    capped = np.minimum(lengths, _LONG + 1).astype(np.int16)  # 16 bits are sorted by radix
    order = np.argsort(-capped, kind="stable")
    long, full = int((lengths > _LONG).sum()), int((lengths > 0).sum())
    sums[order[:long]] = sums[order[full:]] = 0.0
    for i in order[:long].tolist():
        for at in range(int(starts[i]), int(starts[i + 1]), _LONG):
            sums[i] += table[rows[at : min(at + _LONG, int(starts[i + 1]))]].sum(0)
    order = order[long:full]
    total, taken = np.empty((2, _BLOCK, table.shape[1]), np.float32)
    for block in range(0, len(order), _BLOCK):
        members = order[block : block + _BLOCK]
        _block_sums(table, rows, starts[members], lengths[members], total, taken)
        sums[members] = total[: len(members)]
    return sums


def _block_sums(
    table: Floats, rows: npt.NDArray[Any], first: Ints, length: Ints, out: Floats, taken: Floats
) -> None:
    """Writes the first sums of `out`: of rows[first[i]:first[i] + length[i]]; lengths fall, none is
    0. `taken` is room for as many rows."""
    # "clip" because "raise" would copy once more; the rows are in range
    table.take(rows[first], 0, out[: len(first)], "clip")
    going = np.searchsorted(-length, -np.arange(1, int(length[0])), side="left")
    for place, count in enumerate(going.tolist(), 1):
        table.take(rows[first[:count] + place], 0, taken[:count], "clip")
        out[:count] += taken[:count]


class _Store:
    """Rows by key, up to a capacity. Row 0 is all zeros. A row never changes once it is there."""

    def __init__(self, capacity: int, dims: int, tokens: int) -> None:
        self.table = np.empty((capacity, dims), np.float32)  # pages come when they are written
        self.table[0] = 0.0
        self.keys = np.zeros(capacity, np.uint64)
        self.uses = np.zeros(capacity, np.int64)
        self.closing = np.zeros(capacity, np.bool_)
        self.size = 1
        self.index = KeyTable(capacity)
        self.of_token = np.full(tokens, -1, np.int32)  # the short way to the row of a token

    def room(self) -> int:
        """How many rows can still be added."""
        return len(self.table) - self.size

    def next(self, count: int) -> Floats:
        """The next rows, to be filled and then added. There must be room."""
        return self.table[self.size : self.size + count]

    def add(self, keys: Hashes) -> Rows:
        """Enters the next rows under these keys, which have none yet. Zeros are all row 0."""
        rows = np.arange(self.size, self.size + len(keys), dtype=np.int32)
        rows[~self.next(len(keys)).any(1)] = 0
        self.keys[self.size : self.size + len(keys)] = keys
        self.size += len(keys)
        self.index.insert(keys, rows)
        return rows

    def keep_best(self, other: _Store) -> None:
        """Takes over the rows of `other` that were used most, of equals the latest."""
        uses = other.uses[1 : other.size]
        most = int(len(self.table) * _KEPT)
        kept = np.sort(len(uses) - np.argsort(-uses[::-1], kind="stable")[:most])
        other.table.take(kept, 0, self.next(len(kept)), "clip")
        rows = self.add(other.keys[kept])
        self.uses[rows] = other.uses[kept] // 2  # old merits fade
        self.closing[rows] = other.closing[kept]
        moved = np.full(len(other.table), -1, np.int32)
        moved[kept] = rows
        moved[0] = 0
        self.of_token = np.where(other.of_token >= 0, moved[other.of_token], -1).astype(np.int32)


class Memo:
    """Turns texts into rows of a table of summed vectors."""

    def __init__(self, unigram: Unigram, vectors: TokenVectors, limit: int) -> None:
        """`limit` is the memory for rows in bytes."""
        self._unigram, self._vectors = unigram, vectors
        self._capacity = max(1024, limit // (4 * vectors.dims))
        self._reset()

    @property
    def tokens(self) -> int:
        """Number of tokens of the vocabulary."""
        return self._unigram.count

    def _reset(self) -> None:
        self._store = self._new(self._capacity)
        self._lock = threading.Lock()
        self._process = os.getpid()

    def _new(self, capacity: int) -> _Store:
        return _Store(capacity, self._vectors.dims, self._vectors.count)

    def rows(self, texts: Sequence[str]) -> Rowed:
        """The units of every text: a chunk is one, a Chinese chunk as many as it has tokens."""
        chunks = chunk(texts)
        han = chunks.han
        plain = ~han
        keys = chunks.hashes(chunks.starts[plain], chunks.ends[plain])
        tokens, counts = self._unigram.cut(chunks, chunks.starts[han], chunks.ends[han])
        if self._process != os.getpid():  # forked, maybe while another thread held the lock
            self._reset()
        with self._lock:
            store, plain_rows = self._store_for(chunks, plain, keys, tokens)
            token_rows = store.of_token[tokens]
            used = np.concatenate([plain_rows, token_rows])
            store.uses[: store.size] += np.bincount(used, minlength=store.size)
        if not han.any():
            return Rowed(store.table, plain_rows, chunks.offsets, store.closing)
        size = np.ones(len(han), np.int64)  # units of each chunk
        size[han] = counts
        ends = np.concatenate([[0], np.cumsum(size)])
        rows = np.empty(ends[-1], np.int32)
        rows[ends[:-1][plain]] = plain_rows
        rows[np.repeat(han, size)] = token_rows
        return Rowed(store.table, rows, ends[chunks.offsets], store.closing)

    def _store_for(
        self, chunks: Chunks, plain: npt.NDArray[np.bool_], keys: Hashes, tokens: Tokens
    ) -> tuple[_Store, Rows]:
        """A store that has rows for all these chunks and tokens, and the rows of the chunks."""
        store = self._store
        for attempt in range(3):
            rows = store.index.find(keys)
            missing = np.flatnonzero(rows < 0)
            new_keys, first, same = np.unique(keys[missing], return_index=True, return_inverse=True)
            new_tokens = np.unique(tokens[store.of_token[tokens] < 0])
            if len(new_keys) + len(new_tokens) <= store.room():
                break
            if attempt == 0:  # start over with the best rows, ...
                store = self._new(self._capacity)
                store.keep_best(self._store)
            else:  # ... or with no rows, and as many as it takes
                needed = 1 + len(np.unique(keys)) + len(np.unique(tokens))
                store = self._new(max(self._capacity, needed))
        new = np.flatnonzero(plain)[missing[first]]
        new_rows = np.empty(len(new), np.int32)
        for begin in range(0, len(new), _NEW):
            part = slice(begin, begin + _NEW)
            at = new[part]
            order = self._sum(chunks, chunks.starts[at], chunks.ends[at], store.next(len(at)))
            new_rows[order + begin] = store.add(new_keys[order + begin])
            store.closing[new_rows[part]] = clause_ends(chunks, at)
        rows[missing] = new_rows[same]
        for begin in range(0, len(new_tokens), _NEW):
            tokens = new_tokens[begin : begin + _NEW]
            store.next(len(tokens))[:] = self._vectors.take(tokens)
            token_keys = (tokens.astype(np.uint64) + np.uint64(1)) * _TOKEN
            store.of_token[tokens] = store.add(token_keys)
        self._store = store
        return store, rows

    def _sum(self, chunks: Chunks, starts: Ints, ends: Ints, out: Floats) -> Ints:
        """Writes the summed vectors of these spans, [m, dims], and says in which order. -> [m]"""
        tokens, counts = self._unigram.cut(chunks, starts, ends)
        distinct, number = np.unique(tokens, return_inverse=True)
        table = self._vectors.take(distinct)
        if counts.max(initial=0) > _LONG:
            segment_sums(table, number, np.concatenate([[0], np.cumsum(counts)]), out)
            return np.arange(len(counts))
        order = np.argsort(-counts.astype(np.int16), kind="stable")  # so that nothing is moved
        first, length = (np.cumsum(counts) - counts)[order], counts[order]
        full = int((counts > 0).sum())
        out[full:] = 0.0
        taken = np.empty((_BLOCK, out.shape[1]), np.float32)
        for block in range(0, full, _BLOCK):
            some = slice(block, min(block + _BLOCK, full))
            _block_sums(table, number, first[some], length[some], out[some], taken)
        return order
