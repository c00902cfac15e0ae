"""The static encoder: a sentence is the sum of its tokens' vectors, made with numpy alone.

Static embeddings as in model2vec and sentence-transformers' StaticEmbedding; a memo of summed
words and whole-batch array operations make it fast (see docs/encoders.md).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.chunks import Hashes
from align.encoders.layout import fingerprint, static_home
from align.encoders.memo import Memo, Rowed, segment_sums
from align.encoders.pieces import PUNCT, SPACE
from align.encoders.tensors import read_tensors
from align.encoders.tokens import LibraryTokens, read_unigram
from align.encoders.vectors import TokenVectors, read_vectors
from align.errors import AlignError

Floats = npt.NDArray[np.float32]
MEMO_BYTES = 160 << 20  # of remembered rows
_SENTENCES, _CHARACTERS = 2048, 1 << 19  # in a batch
_TOGETHER = 512  # units whose vectors stay in the cache
_PART = 1 << 17  # characters; a longer text is worked on in parts. A multiple of MAX_PIECE
_gap = re.compile(f"[{SPACE}{PUNCT}]").search


@dataclass(frozen=True, slots=True)
class Units:
    """Sentences as words. The sum of a sentence's rows is its vector before normalising.

    A unit is a run of letters and digits, a run of punctuation, or a token of a run of Chinese
    characters. Equal units have equal numbers; what has no known token is no unit.
    """

    ids: npt.NDArray[np.int32]  # [t] numbers of units
    starts: npt.NDArray[np.int64]  # [n + 1] sentence i has ids[starts[i]:starts[i + 1]]
    rows: npt.NDArray[Any]  # [u] where the vector of each unit stands
    store: Floats  # [> u, d] in what the encoder remembers; nothing is copied
    closing: npt.NDArray[np.bool_]  # [u] whether a clause ends with the unit

    @property
    def table(self) -> Floats:
        """The vector of each unit, [u, d]; a copy."""
        return self.store.take(self.rows, 0)

    def along(self, directions: Floats) -> Floats:
        """The vector of each unit in other directions, [d, k] -> [u, k]."""
        out = np.empty((len(self.rows), directions.shape[1]), np.float32)
        for begin in range(0, len(out), _TOGETHER):
            part = slice(begin, begin + _TOGETHER)
            np.matmul(self.store.take(self.rows[part], 0), directions, out=out[part])
        return out

    def sums(self) -> Floats:
        """The un-normalised vector of each sentence, [n, d]."""
        return segment_sums(self.store, self.rows[self.ids], self.starts)


def _parts(text: str) -> Iterator[str]:
    """A very long text in parts, cut behind white space or punctuation where there is any."""
    at = 0
    while len(text) - at > _PART:
        gap = _gap(text[at : at + _PART][::-1])
        end = at + _PART - (gap.start() if gap else 0)
        yield text[at:end]
        at = end
    yield text[at:]


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(texts), _SENTENCES):
        batch = texts[begin : begin + _SENTENCES]
        if len(batch) == 1 or sum(map(len, batch)) <= _CHARACTERS:
            yield batch
        else:
            half = len(batch) // 2
            yield from _batches(batch[:half])
            yield from _batches(batch[half:])


class StaticEncoder:
    """A static model from a folder with tokenizer.json and a safetensors file.

    Several threads may use one, and processes forked from or sent it; a sentence's vector is the
    same bytes in any company.
    """

    def __init__(self, folder: Path | str, *, memo_bytes: int = MEMO_BYTES) -> None:
        """`memo_bytes` bounds the memory for remembered words. Raises AlignError."""
        self._folder, self._memo_bytes = Path(folder), memo_bytes
        home = static_home(self._folder)
        if home is None:
            raise AlignError(
                f"{folder}: no static model; expected tokenizer.json and model.safetensors in it"
            )
        self._tokenizer, self._file = home / "tokenizer.json", home / "model.safetensors"
        self._fingerprint = fingerprint(self._file)  # written by save_static
        self._vectors: TokenVectors = read_vectors(self._file)
        unigram = read_unigram(self._tokenizer)
        if unigram is None and self._vectors.packed is not None:
            raise AlignError(
                f"{self._tokenizer}: cuts text in another way than this version of align; load the"
                " model with the version that made it"
            )
        if unigram is not None and unigram.count > self._vectors.count:
            raise AlignError(
                f"{home}: {unigram.count} tokens but {self._vectors.count} vectors; tokenizer.json"
                " and model.safetensors do not belong together"
            )
        self._rows: Memo | LibraryTokens = (
            LibraryTokens(self._tokenizer, self._vectors)
            if unigram is None
            else Memo(unigram, self._vectors, memo_bytes)
        )

    def __reduce__(self) -> Any:
        made = functools.partial(StaticEncoder, memo_bytes=self._memo_bytes)
        return made, (self._folder.absolute(),)

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return self._vectors.dims

    @functools.cached_property
    def directions(self) -> Floats | None:
        """The leading directions of the word vectors, [dims, k], for comparing words; or None."""
        found = read_tensors(self._file).get("directions")
        return None if found is None else found.astype(np.float32)

    @functools.cached_property
    def name(self) -> str:
        """`static-DIMS-FINGERPRINT`; the fingerprint is of the tokenizer and the vectors."""
        kept = self._fingerprint
        if kept is None:
            import hashlib

            digest = hashlib.blake2b(self._tokenizer.read_bytes(), digest_size=6)
            with self._file.open("rb") as file:
                for block in iter(functools.partial(file.read, 1 << 20), b""):
                    digest.update(block)
            kept = digest.hexdigest()
        return f"static-{self.dims}-{kept}"

    def save(self, folder: Path | str, *, bits: int = 8) -> Path:
        """Writes the model to a folder with so many bits a value, whole or not at all.

        With 8 bits (release 6) or 32 (any) sentence-transformers loads it by its own class, with 4
        it needs this package and `trust_remote_code=True`. What 4 bits lost stays lost. Raises
        AlignError for a folder that is something else, and for models of other makers.
        """
        from align.encoders.save import save_static

        if isinstance(self._rows, LibraryTokens):
            raise AlignError(f"{self._folder}: not made by `align train`; only those can be saved")
        card = self._folder / "README.md"
        text = card.read_text("utf-8") if card.is_file() else ""
        return save_static(
            folder,
            self._tokenizer.read_text("utf-8"),
            self._vectors.take(np.arange(self._rows.tokens)),
            re.sub(r"\b(4|8|32) bits a value", f"{bits} bits a value", text),
            bits=bits,
        )

    def _rowed(self, texts: Sequence[str]) -> Iterator[tuple[int, Rowed]]:
        """The texts as rows, batch by batch, with the number of texts in each batch."""
        for batch in _batches(texts):
            yield len(batch), self._rows.rows(batch)

    def _split(self, texts: Sequence[str]) -> tuple[Sequence[str], npt.NDArray[np.int64] | None]:
        """The texts with too long ones in parts and, if any, where each text begins, [n + 1]."""
        if isinstance(texts, str):
            raise TypeError("expected a list of texts, got one text; put it in a list")
        if max(map(len, texts), default=0) <= _PART or isinstance(self._rows, LibraryTokens):
            return texts, None
        parts = [list(_parts(text)) for text in texts]
        counts = np.cumsum([0, *map(len, parts)])
        return [part for text in parts for part in text], counts

    def encode(self, texts: Sequence[str]) -> Floats:
        """Rows of unit length, float32 [n, dims]; zeros for a text without known tokens."""
        texts, parts = self._split(texts)
        sums = np.empty((len(texts), self.dims), np.float32)
        done = 0
        for count, rowed in self._rowed(texts):
            segment_sums(rowed.table, rowed.rows, rowed.starts, sums[done : done + count])
            done += count
        if parts is not None:
            sums = segment_sums(sums, np.arange(len(sums)), parts)
        lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums, dtype=np.float64))
        if not np.isfinite(lengths).all():
            raise AlignError(f"{self._file}: holds NaN or infinity; the file is corrupt")
        sums /= np.where(lengths > 0, lengths, 1.0)[:, None].astype(np.float32)
        return sums

    def units(self, texts: Sequence[str]) -> Units:
        """The words of every text, each word once."""
        texts, parts = self._split(texts)
        made = _UnitTable(self.dims)
        for _, rowed in self._rowed(texts):
            made.add(rowed)
        units = made.finish()
        return units if parts is None else replace(units, starts=units.starts[parts])


class _UnitTable:
    """Gathers the units of batches, each once, in the order of their keys."""

    def __init__(self, dims: int) -> None:
        self._dims = dims
        self._keys: list[Hashes] = [np.empty(0, np.uint64)]
        self._rows: list[npt.NDArray[Any]] = [np.empty(0, np.int64)]
        self._stores: list[Floats] = []
        self._closing = [np.empty(0, np.bool_)]
        self._ids, self._starts = [np.empty(0, np.int64)], [np.zeros(1, np.int64)]
        self._distinct = self._total = 0
        self._rowed: Rowed | None = None  # of the latest batch; those before it have its table too
        self._waiting: list[npt.NDArray[Any]] = []  # rows of that table

    def add(self, rowed: Rowed) -> None:
        """One batch. As long as the memo keeps its table, nothing is copied."""
        if self._rowed is not None and rowed.table is not self._rowed.table:
            self._flush()
        known = rowed.rows != 0
        counts = np.concatenate([[0], np.cumsum(known)])[rowed.starts]
        self._starts.append(counts[1:] + self._total)
        self._total += int(counts[-1])
        self._waiting.append(rowed.rows[known])
        self._rowed = rowed

    def _flush(self) -> None:
        if self._rowed is None:
            return
        rows = np.concatenate(self._waiting)
        seen = np.zeros(len(self._rowed.table), np.bool_)
        seen[rows] = True
        used = np.flatnonzero(seen)
        used = used[np.argsort(self._rowed.keys[used], kind="stable")]
        number = np.empty(len(seen), np.int64)
        number[used] = np.arange(self._distinct, self._distinct + len(used))
        self._ids.append(number[rows])
        self._keys.append(self._rowed.keys[used])
        self._rows.append(used)
        self._stores.append(self._rowed.table)
        self._closing.append(self._rowed.closing[used])
        self._distinct += len(used)
        self._rowed, self._waiting = None, []

    def finish(self) -> Units:
        """What there was."""
        self._flush()
        ids, starts = np.concatenate(self._ids), np.concatenate(self._starts)
        if len(self._stores) == 1:  # the memo kept its table all the time
            return Units(
                ids.astype(np.int32), starts, self._rows[1], self._stores[0], self._closing[1]
            )
        # a unit that came in several tables is one
        _, first, same = np.unique(
            np.concatenate(self._keys), return_index=True, return_inverse=True
        )
        parts = [store.take(r, 0) for r, store in zip(self._rows[1:], self._stores, strict=True)]
        store = np.concatenate([np.empty((0, self._dims), np.float32), *parts])
        closing = np.concatenate(self._closing)[first]
        return Units(same[ids].astype(np.int32), starts, first, store, closing)
