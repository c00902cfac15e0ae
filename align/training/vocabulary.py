"""The joint sub-word vocabulary: a Unigram model over the pieces of all languages.

Unigram (Kudo 2018, https://arxiv.org/abs/1804.10959) keeps whole words where they are frequent
and falls back to parts; its best cut of a run of Han characters needs no word segmenter. There is
no word-start marker: a German compound shares its parts' vectors with the words themselves, and
Chinese needs none. Languages get equal shares of the sample, so that no language starves. Unigram
likes frequent phrases; a Han token of three or four characters is kept only if it is a word, that
is, if it stands alone somewhere in the bitext (dictionaries bring those), so that words keep one
vector.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from align.encoders.pieces import HAN, PIECE, find_pieces, normalise
from align.errors import AlignError
from align.training.unigram import train_unigram

UNKNOWN = "[UNK]"
MAX_HAN = 4  # characters of the longest Han token: bounds the run-time search
han_run = re.compile(f"[{HAN}]+").fullmatch


def count_pieces(texts: Mapping[str, Sequence[str]], min_characters: int) -> dict[str, int]:
    """How often each piece occurs, cut where a character is rarer than `min_characters`."""
    pieces: Counter[str] = Counter()
    for sentences in texts.values():
        for text in sentences:
            pieces.update(find_pieces(normalise(text)))
    characters: Counter[str] = Counter()
    for piece, count in pieces.items():
        for character in piece:
            characters[character] += count
    known = {character for character, count in characters.items() if count >= min_characters}
    cut: Counter[str] = Counter()
    for piece, count in pieces.items():
        if known.issuperset(piece):
            cut[piece] += count
        else:
            for part in "".join(c if c in known else " " for c in piece).split(" "):
                cut[part] += count
    del cut[""]
    return cut


def train_tokenizer(
    texts: Mapping[str, Sequence[str]],
    size: int,
    words: AbstractSet[str],
    min_characters: int = 3,
    least: float = 2.0,
) -> Any:
    """A `tokenizers.Tokenizer` with at most `size` tokens from sentences by language.

    `words` are the Han words that may be tokens of three or four characters. Characters seen
    fewer than `min_characters` times get no token, nor what is seen fewer than `least` times.
    """

    def allowed(token: str) -> bool:
        return len(token) < 3 or not han_run(token) or (len(token) <= MAX_HAN and token in words)

    pieces = count_pieces(texts, min_characters)
    if not pieces:
        raise AlignError(
            f"the bitext is too small for a vocabulary: no character occurs {min_characters} times"
        )
    return build_tokenizer(train_unigram(pieces, size - 1, allowed, least))


def build_tokenizer(scored: Iterable[tuple[str, float]]) -> Any:
    """A tokenizer of these (token, log probability), the likeliest first; token 0 is [UNK]."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = list(scored)
    floor = vocabulary[-1][1] - 10.0
    tokenizer = Tokenizer(models.Unigram([(UNKNOWN, floor), *vocabulary], unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECE), behavior="removed", invert=True)
    return tokenizer
