"""Bitext to token numbers on disk, so that training needs little memory however big the corpus.

The prepared folder holds `tokens.bin` (int32, all sentences end to end), `offsets.bin`
(int64 [sentences + 1]) and `pairs.bin` (int64 [pairs, 2], sentence numbers), with `groups.json`:
the pairs of one source and one language pair lie together, in the order of the source.
"""

from __future__ import annotations

import itertools
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from align.encoders.tokens import unigram_of
from align.errors import AlignError
from align.text.characters import batches
from align.training.bitext import Bitext

log = logging.getLogger("align")
MAX_TOKENS = 192  # of one sentence; what follows is dropped in training
_LONGEST = 20_000  # characters of a cell that are looked at

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """The pairs `first .. last` (exclusive) come from one source and one language pair."""

    source: str
    folder: str
    src_lang: str
    tgt_lang: str
    first: int
    last: int

    @property
    def langs(self) -> str:
        """Such as "de-fr", in alphabetical order."""
        return "-".join(sorted((self.src_lang, self.tgt_lang)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared corpus, memory-mapped."""

    tokens: npt.NDArray[np.int32]  # [tokens]
    offsets: Ints  # [sentences + 1]
    pairs: Ints  # [pairs, 2]
    groups: tuple[Group, ...]


class _Writer:
    """Appends sentences and pairs to the files of a prepared folder."""

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        self._folder = folder
        unigram = unigram_of(json.loads(tokenizer.to_str()))
        if unigram is None:
            raise AlignError("the vocabulary is of another kind than those of `align train`")
        self._unigram = unigram  # gives the library's tokens, in a fifth of the time
        self._tokens: IO[bytes] = (folder / "tokens.bin").open("wb")
        self._offsets: IO[bytes] = (folder / "offsets.bin").open("wb")
        np.zeros(1, np.int64).tofile(self._offsets)
        self._sentences = self._end = self.pairs = 0
        self.groups: list[Group] = []

    def close(self) -> None:
        """No more sentences."""
        self._tokens.close()
        self._offsets.close()

    def _column(self, texts: Sequence[str]) -> Ints:
        """Writes the sentences of one column; the number of each, -1 where nothing is known."""
        numbers = np.full(len(texts), -1, np.int64)
        full = np.flatnonzero(np.fromiter(map(len, texts), np.int64, len(texts)))
        done = 0
        for batch in batches([texts[i][:_LONGEST] for i in full.tolist()]):
            tokens, counts = self._unigram.cut_texts(batch)
            known = np.flatnonzero(counts)
            numbers[full[done + known]] = np.arange(len(known)) + self._sentences
            within = np.arange(len(tokens)) - np.repeat(np.cumsum(counts) - counts, counts)
            tokens[within < MAX_TOKENS].tofile(self._tokens)
            lengths = np.minimum(counts[known], MAX_TOKENS)
            (np.cumsum(lengths) + self._end).tofile(self._offsets)
            self._sentences += len(known)
            self._end += int(lengths.sum())
            done += len(batch)
        return numbers

    def source(self, bitext: Bitext, without: Mapping[str, AbstractSet[str]]) -> None:
        """Writes one source: its sentences as they come, its pairs language pair by pair."""
        couples = list(itertools.combinations(range(len(bitext.langs)), 2))
        parts = [self._folder / f"pairs-{a}-{b}.part" for a, b in couples]
        left_out = [without.get(lang, frozenset()) for lang in bitext.langs]
        for rows in bitext.batches():
            cells = [[cell.strip() for cell in row] for row in rows]
            cells = [
                row
                for row in cells
                if not any(c in out for c, out in zip(row, left_out, strict=True) if c)
            ]
            table = [self._column([row[i] for row in cells]) for i in range(len(bitext.langs))]
            for (a, b), part in zip(couples, parts, strict=True):
                both = (table[a] >= 0) & (table[b] >= 0)
                if both.any():
                    with part.open("ab") as out:
                        np.stack([table[a][both], table[b][both]], 1).tofile(out)
        for (a, b), part in zip(couples, parts, strict=True):
            if part.exists():
                last = self.pairs + part.stat().st_size // 16
                langs = bitext.langs[a], bitext.langs[b]
                folder = bitext.paths[0].parent.name
                self.groups.append(Group(bitext.name, folder, *langs, self.pairs, last))
                self.pairs = last
                with part.open("rb") as read, (self._folder / "pairs.bin").open("ab") as out:
                    shutil.copyfileobj(read, out, 1 << 20)
                part.unlink()


def prepare(
    bitexts: Sequence[Bitext],
    tokenizer: Any,
    folder: Path,
    without: Mapping[str, AbstractSet[str]] | None = None,
) -> Prepared:
    """Tokenises every source once and writes the prepared folder. Unknown tokens are dropped.

    A row that holds one of the sentences in `without`, by language, is left out. Memory does not
    grow with the corpus. Raises AlignError when no pair is left.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    writer = _Writer(folder, tokenizer)
    try:
        for bitext in bitexts:
            writer.source(bitext, without or {})
            log.debug("prepared %s: %d pairs so far", bitext.name, writer.pairs)
    finally:
        writer.close()
    if not writer.groups:
        raise AlignError("the bitext holds no pair: every row has text in one language only")
    groups = json.dumps([asdict(group) for group in writer.groups], indent=0)
    (folder / "groups.json").write_text(groups, "utf-8")  # last: a whole folder has it
    return load_prepared(folder)


def is_prepared(folder: Path) -> bool:
    """Whether `prepare` came to its end there."""
    return (folder / "groups.json").is_file()


def load_prepared(folder: Path) -> Prepared:
    """Opens a prepared folder."""
    groups = json.loads((folder / "groups.json").read_text("utf-8"))
    return Prepared(
        np.memmap(folder / "tokens.bin", np.int32, "r"),
        np.memmap(folder / "offsets.bin", np.int64, "r"),
        np.memmap(folder / "pairs.bin", np.int64, "r").reshape(-1, 2),
        tuple(Group(**group) for group in groups),
    )


def gather(
    prepared: Prepared, first: Ints, count: Ints, side: int
) -> tuple[npt.NDArray[np.int32], Ints]:
    """Tokens of the examples: pairs `first[i] .. first[i] + count[i]`, one side, joined.

    Returns the tokens end to end and each example's length in tokens, [examples].
    """
    example = np.repeat(np.arange(len(first)), count)  # [sentences]
    inside = np.arange(len(example)) - np.repeat(np.cumsum(count) - count, count)
    sentence = prepared.pairs[first[example] + inside, side]  # [sentences]
    begin = prepared.offsets[sentence]
    length = prepared.offsets[sentence + 1] - begin
    at = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(length.sum())
    return prepared.tokens[at], np.bincount(example, length, len(first)).astype(np.int64)
