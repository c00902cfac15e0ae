"""The numbers of many sentences, found in arrays of characters, as fingerprints."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from align.text.characters import DIGIT, HAN_DIGIT, Characters, Ints, batches, characters_of
from align.text.numbers import numbers_of, plain


def _fingerprint(number: str) -> int:
    return zlib.crc32(number.encode("utf-8", "surrogatepass")) & 0x7FFFFFFF


def _runs(places: Ints, begins: Ints, gap: int) -> Iterator[tuple[int, int, int]]:
    """Sentence, first and last + 1 character of the runs that these characters make in it.

    `gap` is the most that one of a run may be behind the one before.
    """
    sentence = np.searchsorted(begins, places, side="right") - 1
    first = np.flatnonzero(
        (np.diff(places, prepend=-9) > gap) | (np.diff(sentence, prepend=-1) > 0)
    )
    last = np.append(first[1:], len(places))[: len(first)] - 1
    begin = begins[sentence[first]]
    yield from zip(
        sentence[first].tolist(),
        (places[first] - begin).tolist(),
        (places[last] - begin + 1).tolist(),
        strict=True,
    )


def numbers_in(found: Characters, spelled: dict[int, set[str]] | None = None) -> tuple[Ints, Ints]:
    """The numbers of each sentence, no two alike, and those `spelled` out in it: ids [t], how
    many [n]."""
    numbers = {i: set(some) for i, some in (spelled or {}).items()}
    digits = np.flatnonzero(found.plain_bits & DIGIT)
    for i, first, last in _runs(digits, found.plain_begins, 2):  # 1,956 is a run
        text = found.texts[i][first:last]
        if text.isdecimal() and text.isascii():
            numbers.setdefault(i, set()).add(text.lstrip("0") or "0")
        else:
            numbers.setdefault(i, set()).update(numbers_of(plain(text)))
    han = np.flatnonzero(found.plain_bits & HAN_DIGIT)
    for i, first, last in _runs(han, found.plain_begins, 1):
        if last - first > 1:  # one alone is a word
            numbers.setdefault(i, set()).update(numbers_of(plain(found.texts[i][first:last])))
    counts = np.zeros(len(found.texts), np.int64)
    ids: list[int] = []
    for i in sorted(numbers):
        counts[i] = len(numbers[i])
        ids += sorted(map(_fingerprint, numbers[i]))
    return np.array(ids, np.int64), counts


def ragged(ids: Sequence[Ints], counts: Sequence[Ints]) -> tuple[npt.NDArray[np.int32], Ints]:
    """The ids of batches as one list with the place where each sentence's begin, [n + 1]."""
    none = [np.empty(0, np.int64)]
    starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), *counts]))
    return np.concatenate([*none, *ids]).astype(np.int32), starts


def number_ids(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], Ints]:
    """The numbers of each sentence in digits, Han digits too: ids [t], starts [n + 1]."""
    found = [numbers_in(characters_of(batch)) for batch in batches(texts)]
    return ragged([ids for ids, _ in found], [counts for _, counts in found])
