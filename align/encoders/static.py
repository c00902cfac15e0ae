"""The static encoder: a sentence is the sum of its tokens' vectors, made with numpy alone.

Static embeddings as in model2vec and sentence-transformers' StaticEmbedding; a memo of summed
words and whole-batch array operations make it fast (see docs/encoders.md).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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
FEWEST = 2  # words of a clause besides those that close one
MOST = 256  # clauses of a sentence; of an endless one they are longer
_TOGETHER = 256  # sentences whose clauses stay in the cache
_PART = 1 << 17  # characters; a longer text is worked on in parts. A multiple of MAX_PIECE
_gap = re.compile(f"[{SPACE}{PUNCT}]").search


@dataclass(frozen=True, slots=True)
class Clauses:
    """Sentences and their clauses. The sum of a sentence's clauses is its vector.

    A clause ends with a punctuation mark; one of fewer than FEWEST words belongs to the next (so a
    list of single words is one). What has no known token counts for nothing, and a sentence of
    nothing else has no clause. The sums are the same bytes in any company; the clauses' vectors are
    the same but for rounding, since BLAS multiplies few rows in another order than many.
    """

    sums: Floats  # [n, d]; un-normalised vectors of the sentences
    vectors: Floats  # [k, e]; of the clauses, in the model's leading directions where it has some
    starts: npt.NDArray[np.int64]  # [n + 1] sentence i has the clauses starts[i] .. starts[i + 1]
    sizes: npt.NDArray[np.int64]  # [k] words and marks of each

    @property
    def places(self) -> Floats:
        """Where in its sentence the middle of each clause is, 0 .. 1. [k]"""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])
        sentence = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        first, last = ends[self.starts[:-1]], ends[self.starts[1:]]
        middle = ends[:-1] + self.sizes / 2 - first[sentence]
        places: Floats = (middle / (last - first)[sentence]).astype(np.float32)
        return places


def clause_ends(starts: npt.NDArray[np.int64], closing: npt.NDArray[np.bool_]) -> Any:
    """Where the clauses of sentences end, and where each sentence's begin among them.

    Sentence i has the words starts[i] .. starts[i + 1]; `closing` [t]: whether one closes a clause.
    A clause of fewer words than FEWEST, those that close one aside, belongs to the next one, in the
    end to the one before; short ones do not add up. [k], [n + 1]
    """
    last = np.zeros(len(closing), np.bool_)
    full = starts[1:] > starts[:-1]
    last[starts[1:][full] - 1] = True
    ends = np.flatnonzero(closing | last) + 1  # of all there could be
    words = np.concatenate([[0], np.cumsum(~closing)])
    size = np.diff(words[ends], prepend=0)
    final = last[ends - 1]
    # one that is too short goes with the next; at the end of a sentence the one before does so
    ends = ends[final | ((size >= FEWEST) & ~np.append(final[1:] & (size[1:] < FEWEST), False))]
    return ends, np.searchsorted(ends, starts, side="right")


def joined(found: Clauses) -> Clauses:
    """With MOST clauses a sentence at most: of an endless one several in a row are one."""
    count = np.diff(found.starts)
    if count.max(initial=0) <= MOST:
        return found
    place = np.arange(len(found.sizes)) - np.repeat(found.starts[:-1], count)
    ends = np.flatnonzero(np.append(place[1:] % np.repeat(-(-count // MOST), count)[1:] == 0, True))
    begins = np.concatenate([[0], ends + 1])
    vectors = segment_sums(found.vectors, np.arange(len(found.sizes)), begins)
    starts = np.searchsorted(begins, found.starts)
    return Clauses(found.sums, vectors, starts, np.add.reduceat(found.sizes, begins[:-1]))


def _sum_clauses(
    table: Floats,
    rows: npt.NDArray[Any],
    begins: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    directions: Floats | None,
    sums: Floats,
    vectors: Floats,
) -> None:
    """Writes the sums of n sentences, [n, d], and the vectors of their k clauses, [k, e].

    Clause i has the rows begins[i] .. begins[i + 1] of `table`, sentence i the clauses first[i] ..
    first[i + 1]. Some sentences at a time: the memory of their clauses' sums is used again.
    """
    lows = range(0, len(sums), _TOGETHER)
    most = max((int(first[low:][: _TOGETHER + 1][-1] - first[low]) for low in lows), default=0)
    room = np.empty((most, table.shape[1]), np.float32)
    for low in lows:
        of_each = first[low:][: _TOGETHER + 1]
        begin, end = int(of_each[0]), int(of_each[-1])
        own = segment_sums(table, rows, begins[begin : end + 1], room[: end - begin])
        some = sums[low : low + _TOGETHER]
        segment_sums(own, np.arange(len(own)), of_each - begin, some)
        if directions is None:
            vectors[begin:end] = own
        else:
            np.matmul(own, directions, out=vectors[begin:end])


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

    @functools.cached_property
    def directions(self) -> Floats | None:
        """The leading directions of the word vectors, [dims, e], for comparing clauses; or None."""
        found = read_tensors(self._file).get("directions")
        return None if found is None else found.astype(np.float32)

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

    def clauses(self, texts: Sequence[str]) -> Clauses:
        """The clauses of every text."""
        texts, parts = self._split(texts)
        directions = self.directions
        width = self.dims if directions is None else directions.shape[1]
        sums = np.empty((len(texts), self.dims), np.float32)
        starts = np.zeros(len(texts) + 1, np.int64)
        vectors, sizes = [np.empty((0, width), np.float32)], [np.zeros(0, np.int64)]
        done = 0
        for count, rowed in self._rowed(texts):
            known = rowed.rows != 0
            words = np.concatenate([[0], np.cumsum(known)])[rowed.starts]
            rows = rowed.rows[known]
            ends, first = clause_ends(words, rowed.closing[rows])
            begins = np.concatenate([[0], ends])
            found = np.empty((len(ends), width), np.float32)
            every = sums[done : done + count]
            _sum_clauses(rowed.table, rows, begins, first, directions, every, found)
            starts[done + 1 : done + count + 1] = starts[done] + first[1:]
            vectors.append(found)
            sizes.append(np.diff(begins))
            done += count
        if parts is not None:
            sums, starts = segment_sums(sums, np.arange(len(sums)), parts), starts[parts]
        if not np.isfinite(sums).all():
            raise AlignError(f"{self._file}: holds NaN or infinity; the file is corrupt")
        return joined(Clauses(sums, np.concatenate(vectors), starts, np.concatenate(sizes)))
