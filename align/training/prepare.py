"""Bitext to token numbers on disk, so that training needs little memory however big the corpus.

The prepared folder holds `tokens.bin` (int32, all sentences end to end), `offsets.npy`
(int64 [sentences + 1]) and `pairs.npy` (int64 [pairs, 2], sentence numbers), with `groups.json`:
the pairs of one source and one language pair lie together, in the order of the source.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.pieces import normalise
from align.errors import AlignError
from align.training.bitext import Bitext

log = logging.getLogger("align")
MAX_TOKENS = 192  # of one sentence; what follows is dropped in training

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


def prepare(bitexts: Sequence[Bitext], tokenizer: Any, folder: Path) -> Prepared:
    """Tokenises every source once and writes the prepared folder. Unknown tokens are dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    unknown = tokenizer.token_to_id("[UNK]")
    lengths: list[npt.NDArray[np.int64]] = []
    pairs: list[Ints] = []
    groups: list[Group] = []
    sentences = done = 0
    with (folder / "tokens.bin").open("wb") as out:
        for bitext in bitexts:
            tables: list[Ints] = []  # sentence number of each cell, -1: empty
            for rows in bitext.batches():
                table = np.full((len(rows), len(bitext.langs)), -1, np.int64)
                for column in range(len(bitext.langs)):
                    full = [i for i, row in enumerate(rows) if row[column].strip()]
                    texts = [normalise(rows[i][column]) for i in full]
                    ids = [
                        [t for t in e.ids if t != unknown][:MAX_TOKENS]
                        for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False)
                    ]
                    keep = [k for k, tokens in enumerate(ids) if tokens]
                    table[[full[k] for k in keep], column] = np.arange(len(keep)) + sentences
                    lengths.append(np.array([len(ids[k]) for k in keep], np.int64))
                    flat = itertools.chain.from_iterable(ids[k] for k in keep)
                    np.fromiter(flat, np.int32).tofile(out)
                    sentences += len(keep)
                tables.append(table)
            whole = np.concatenate(tables)
            for a, b in itertools.combinations(range(len(bitext.langs)), 2):
                both = (whole[:, a] >= 0) & (whole[:, b] >= 0)
                found = whole[both][:, [a, b]]
                if len(found):
                    pairs.append(found)
                    folder_name = bitext.paths[0].parent.name
                    langs = bitext.langs[a], bitext.langs[b]
                    last = done + len(found)
                    groups.append(Group(bitext.name, folder_name, *langs, done, last))
                    done = last
            log.info("prepared %s: %d pairs so far", bitext.name, done)
    if not groups:
        raise AlignError("the bitext holds no pair: every row has text in one language only")
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    np.save(folder / "offsets.npy", offsets)
    np.save(folder / "pairs.npy", np.concatenate(pairs))
    (folder / "groups.json").write_text(json.dumps([asdict(g) for g in groups], indent=0))
    return load_prepared(folder)


def load_prepared(folder: Path) -> Prepared:
    """Opens a prepared folder."""
    groups = json.loads((folder / "groups.json").read_text())
    return Prepared(
        np.memmap(folder / "tokens.bin", np.int32, "r"),
        np.load(folder / "offsets.npy"),
        np.load(folder / "pairs.npy", mmap_mode="r"),
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
