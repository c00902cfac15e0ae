"""`align.score`: pairs that exist already -> how likely each is a translation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.pairwise import (
    BLOCK,
    Column,
    different,
    load_weights,
    pair_features,
    probabilities,
)
from align.core.side import Ragged
from align.encoders.load import load_encoder
from align.encoders.pieces import normalise
from align.errors import AlignError
from align.text.languages import SUPPORTED, normalise_language
from align.text.numerals import number_ids
from align.text.surface import size_of
from align.version import __version__

Floats = npt.NDArray[np.float32]
SAMPLE = Path(__file__).with_name("sample")  # the same short text in en, de, fr, zh
CHUNK = 4096  # pairs that are looked at together
_FEW = 64  # different pairs that are too few surroundings: the sample's sentences join them


def score(src: Sequence[str], tgt: Sequence[str], *, encoder: Any = None) -> Floats:
    """The probability that src[i] and tgt[i] translate each other, for every i: float32 [n], 0..1.

    Neighbours in the lists are each other's surroundings, so give all pairs of a text at once and
    in their order, not one by one. A pair with an empty side has probability 0. `encoder` is None
    for the one in the package, or whatever `load_encoder` takes. Raises AlignError.
    """
    return PairScorer(encoder)(src, tgt)


class PairScorer:
    """Gives pairs of sentences the probability that they translate each other.

    The probability is calibrated on files in which every other pair is wrong, with the encoder
    inside the package; with another encoder it still ranks the pairs.
    """

    def __init__(self, encoder: Any = None) -> None:
        """`encoder`: whatever `load_encoder` takes. Raises AlignError."""
        self._encoder = load_encoder(encoder)
        self._weights = load_weights()
        self._sample: Floats | None = None
        self.signature = f"align|v:{__version__}|encoder:{self._encoder.name}|score"

    def knows(self, lang: str) -> bool:
        """False where the encoder is known not to know a language."""
        return (
            normalise_language(lang) in SUPPORTED or self._encoder.name != load_encoder(None).name
        )

    def __call__(self, src: Sequence[str], tgt: Sequence[str]) -> Floats:
        """The probability of each pair src[i], tgt[i], float32 [n]; see `score`."""
        for side in (src, tgt):
            if isinstance(side, str):
                raise AlignError("expected two lists of sentences, got a text; put it in a list")
        if len(src) != len(tgt):
            raise AlignError(f"expected as many targets as sources, got {len(src)} and {len(tgt)}")
        found = np.zeros(len(src), np.float32)
        full = [i for i, (s, t) in enumerate(zip(src, tgt, strict=True)) if s.strip() and t.strip()]
        start = 0
        while start < len(full):
            enough = len(full) - start - CHUNK >= BLOCK  # to be each other's surroundings
            chunk = full[start : start + CHUNK if enough else len(full)]
            features = self.features([src[i] for i in chunk], [tgt[i] for i in chunk])
            found[chunk] = probabilities(features, self._weights)
            start += len(chunk)
        return found

    def features(self, src: list[str], tgt: list[str]) -> Floats:
        """What the probability is made of, [n, features], for pairs with text on both sides."""
        n = len(src)
        sides = [(self._encoder.encode(texts), *_cues(texts)) for texts in (src, tgt)]
        found = []
        for start in range(0, n, BLOCK):
            first = max(0, min(start, n - BLOCK))  # the last block is a full one, too
            a, b = (_part(side, first, start + BLOCK) for side in sides)
            others = self._others() if different(a, b) < _FEW else None
            found.append(pair_features(a, b, others)[start - first :])
        return np.concatenate(found)

    def _others(self) -> tuple[Floats, Floats]:
        """Sentences to compare with where there are few."""
        if self._sample is None:
            self._sample = self._encoder.encode(sample_sentences())
        return self._sample, self._sample


_Cues = tuple[Floats, Ragged, npt.NDArray[np.int64]]


def _cues(texts: list[str]) -> _Cues:
    """Lengths, numbers and keys of some sentences, as `Column` has them."""
    lengths = np.fromiter(map(size_of, texts), np.float32, len(texts))
    keys = np.fromiter(map(hash, texts), np.int64, len(texts))  # only ever compared for equality
    simple = [normalise(text) if _traditional(text) else text for text in texts]
    return lengths, Ragged(*number_ids(simple)), keys


def _traditional(text: str) -> bool:
    """Whether a Chinese number may be written in it that only simplified characters tell."""
    return not text.isascii() and ("萬" in text or "億" in text or "兩" in text)


def _part(side: tuple[Floats, Floats, Ragged, npt.NDArray[np.int64]], a: int, b: int) -> Column:
    vectors, lengths, numbers, keys = side
    starts = numbers.starts[a : b + 1]
    inside = Ragged(numbers.ids[starts[0] : starts[-1]], starts - starts[0])
    return Column(vectors[a:b], lengths[a:b], inside, keys[a:b])


def sample_sentences() -> list[str]:
    """The sentences of the packaged sample in all its languages."""
    texts = (path.read_text("utf-8") for path in sorted(SAMPLE.glob("??.txt")))
    return [line for text in texts for line in re.split(r"(?<=[.!?。！？])\s*", text) if line]
