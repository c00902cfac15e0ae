"""The numbers of many sentences, found in arrays of characters, as fingerprints."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

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


@functools.lru_cache(maxsize=1 << 14)
def _ids(run: str) -> tuple[int, ...]:
    """The fingerprints of the numbers in some characters that stand together."""
    return tuple({_fingerprint(number) for number in numbers_of(plain(run))})


def numbers_in(found: Characters, spelled: Collection[tuple[int, str]] = ()) -> tuple[Ints, Ints]:
    """The numbers of each sentence, no two alike, with those `spelled` out (sentence, number):
    ids [t], how many [n]."""
    bits, begins, texts = found.plain_bits, found.plain_begins, found.texts
    ids = [_fingerprint(number) for _, number in spelled]
    sentence = [i for i, _ in spelled]
    for bit, gap in ((DIGIT, 2), (HAN_DIGIT, 1)):  # 1,956 is a run of digits
        for i, first, last in _runs(np.flatnonzero(bits & bit), begins, gap):
            some = _ids(texts[i][first:last])
            ids += some
            sentence += [i] * len(some)
    return distinct(len(texts), np.array(sentence, np.int64), np.array(ids, np.int64))


def distinct(count: int, sentence: Ints, ids: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """The ids of each of `count` sentences, no two alike, in order: ids [t], how many [n]."""
    keys = np.sort(sentence << 31 | ids)
    keys = keys[np.flatnonzero(np.diff(keys, prepend=-1))]
    return keys & 0x7FFFFFFF, np.bincount(keys >> 31, minlength=count)


def ragged(ids: Sequence[Ints], counts: Sequence[Ints]) -> tuple[npt.NDArray[np.int32], Ints]:
    """The ids of batches as one list with the place where each sentence's begin, [n + 1]."""
    none = [np.empty(0, np.int64)]
    starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), *counts]))
    return np.concatenate([*none, *ids]).astype(np.int32), starts


def number_ids(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], Ints]:
    """The numbers of each sentence in digits, Han digits too: ids [t], starts [n + 1]."""
    found = [numbers_in(characters_of(batch)) for batch in batches(texts)]
    return ragged([ids for ids, _ in found], [counts for _, counts in found])
