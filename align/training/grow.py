"""New words for a model that is continued: each gets a vector of its own.

A model cuts words that its vocabulary lacks into parts, and parts may mean something else: *jeudi*
is no game (*jeu*). A word that the new bitext uses often and the model cuts becomes a token; it
begins as the sum of its parts' vectors, so that before the first step nothing has changed. Among
Han characters, where words have no borders, only what stands alone somewhere in the bitext is a
word (dictionaries bring those), and only between two cuts that the model makes anyway.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from align.encoders.pieces import has_han
from align.encoders.tokens import unigram_of
from align.errors import AlignError
from align.training.start import Base
from align.training.unigram import LONGEST
from align.training.vocabulary import MAX_HAN, count_pieces

Floats = npt.NDArray[np.float32]
_SURELY = 1e-3  # by so much a new word's log probability exceeds that of its parts, at least


def grow_vocabulary(
    base: Base,
    texts: Mapping[str, Sequence[str]],
    words: AbstractSet[str],
    count: int,
    least: float = 2.0,
) -> str:
    """The tokenizer.json of the model with at most `count` more tokens, behind those it had.

    `texts` are sentences by language, `words` Han words of two to four characters. The most
    frequent words come first; one that occurs fewer than `least` times gets no token.
    """
    settings = json.loads(base.tokenizer)
    vocabulary = settings["model"]["vocab"]
    lengths = [len(token) for token, _ in vocabulary]
    found: Counter[str] = Counter()
    parts: dict[str, list[int]] = {}
    total = 0
    pieces = count_pieces(texts, min_characters=1)
    for piece, own in zip(pieces, _cuts(base, list(pieces)), strict=True):
        total += len(own) * pieces[piece]
        if len(own) < 2 or sum(lengths[token] for token in own) != len(piece):
            continue  # whole as it is, or with characters that the model does not know
        if not has_han(piece):
            if piece.isalpha() and len(piece) <= LONGEST:
                found[piece] += pieces[piece]
                parts[piece] = own
            continue
        ends = list(accumulate((lengths[token] for token in own), initial=0))
        for i in range(len(own)):
            for j in range(i + 2, min(i + MAX_HAN, len(own)) + 1):
                if (word := piece[ends[i] : ends[j]]) in words:
                    found[word] += pieces[piece]
                    parts[word] = own[i:j]
    frequent = [word for word in found if found[word] >= least]
    for word in sorted(frequent, key=lambda word: (-found[word], word))[:count]:
        cut = sum(vocabulary[token][1] for token in parts[word])
        vocabulary.append([word, max(cut + _SURELY, math.log(found[word] / total))])
    return json.dumps(settings, ensure_ascii=False)


def grow_vectors(base: Base, tokenizer: str) -> Floats:
    """The vectors to begin with, of the tokens of a vocabulary that was grown. [tokens, dims]"""
    vocabulary = json.loads(tokenizer)["model"]["vocab"]
    new = [token for token, _ in vocabulary[len(base.vectors) :]]
    if not new:
        return base.vectors  # no copy: the table is the largest thing there is
    sums = [base.vectors[own].sum(0) for own in _cuts(base, new)]
    return np.concatenate([base.vectors, np.array(sums, np.float32)])


def _cuts(base: Base, texts: Sequence[str]) -> Iterator[list[int]]:
    """The tokens of each text in the model as it was."""
    unigram = unigram_of(json.loads(base.tokenizer))
    if unigram is None:
        raise AlignError(f"{base.name}: has a vocabulary of another kind than `align train` makes")
    tokens, counts = unigram.cut_texts(texts)
    ends = np.cumsum(counts)
    for begin, end in zip((ends - counts).tolist(), ends.tolist(), strict=True):
        yield tokens[begin:end].tolist()
