"""The joint sub-word vocabulary: a Unigram model over the pieces of all languages.

Unigram (Kudo 2018, https://arxiv.org/abs/1804.10959) keeps whole words where they are frequent
and falls back to parts; its best cut of a run of Han characters needs no word segmenter. There is
no word-start marker: a German compound shares its parts' vectors with the words themselves, and
Chinese needs none. Languages get equal shares of the sample, so that no language starves. Unigram likes
frequent phrases; a Han token of three or four characters is kept only if it is a word, that is,
if it stands alone somewhere in the bitext (dictionaries bring those), so that words keep one vector.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from align.encoders.pieces import HAN, PIECE, find_pieces, normalise

UNKNOWN = "[UNK]"
MAX_HAN = 4  # characters of the longest Han token: bounds the run-time search
han_run = re.compile(f"[{HAN}]+").fullmatch


def _pieces(texts: dict[str, list[str]], characters: set[str], most: int) -> Iterator[list[str]]:
    for sentences in texts.values():
        for start in range(0, min(len(sentences), most), 1000):
            yield [
                "".join(c if c in characters else " " for c in normalise(text))
                for text in sentences[start : start + 1000]
            ]


def train_tokenizer(
    texts: dict[str, list[str]], size: int, words: set[str], min_characters: int = 3
) -> Any:
    """A `tokenizers.Tokenizer` with `size` tokens from sentences by language.

    `words` are the Han words that may be tokens of three or four characters. Characters seen
    fewer than `min_characters` times get no token.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    counts: Counter[str] = Counter()
    for sentences in texts.values():
        for text in sentences:
            counts.update(normalise(text))
    characters = {c for c, n in counts.items() if n >= min_characters}
    tokenizer = Tokenizer(models.Unigram())
    cut = pre_tokenizers.Split(Regex(PIECE), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = cut
    trainer = trainers.UnigramTrainer(
        vocab_size=size + size // 4,  # phrases of Han characters are thrown out below
        show_progress=False,
        unk_token=UNKNOWN,
        special_tokens=[UNKNOWN],
        max_piece_length=16,
        n_sub_iterations=2,
        shrinking_factor=0.75,
    )
    most = max(len(sentences) for sentences in texts.values())
    tokenizer.train_from_iterator(_pieces(texts, characters, most), trainer)
    scored = json.loads(tokenizer.to_str())["model"]["vocab"]
    return build_tokenizer(((t, s) for t, s in scored if t != UNKNOWN), size, words)


def build_tokenizer(scored: Iterable[tuple[str, float]], size: int, words: set[str]) -> Any:
    """A tokenizer of the best `size` of these (token, log probability), all characters kept."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    kept, singles = [], 0
    for token, score in sorted(scored, key=lambda item: -item[1]):
        if len(find_pieces(token)) != 1:
            continue
        if han_run(token) and len(token) > 2 and (len(token) > MAX_HAN or token not in words):
            continue
        kept.append((token, score))
        singles += len(token) == 1
    long = [item for item in kept if len(item[0]) > 1][: max(0, size - 1 - singles)]
    vocabulary = sorted(
        [item for item in kept if len(item[0]) == 1] + long, key=lambda item: -item[1]
    )
    floor = vocabulary[-1][1] - 10.0
    model = models.Unigram([(UNKNOWN, floor), *vocabulary], unk_id=0)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECE), behavior="removed", invert=True)
    return tokenizer
