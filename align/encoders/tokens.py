"""Any tokenizer.json: by our own code where it is of our kind, else by the library."""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from align.encoders.chunks import clause_marks
from align.encoders.memo import Rowed
from align.encoders.pieces import PIECE
from align.encoders.unigram import LONGEST, Unigram
from align.encoders.vectors import TokenVectors
from align.errors import AlignError


def read_unigram(path: Path) -> Unigram | None:
    """Our own model of a tokenizer.json, or None when it is of another kind."""
    try:
        return unigram_of(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise AlignError(
            f"{path}: no such file; a static model has one beside its vectors"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AlignError(f"{path}: not a tokenizer ({error!r})") from error


def unigram_of(settings: Any) -> Unigram | None:
    """The same of what such a file holds."""
    model, cutter, vocabulary = (
        settings["model"], settings["pre_tokenizer"], settings["model"]["vocab"],
    )  # fmt: skip
    ours = {"type": "Split", "pattern": {"Regex": PIECE}, "behavior": "Removed", "invert": True}
    if model.get("type") != "Unigram" or cutter != ours or settings.get("added_tokens"):
        return None
    tokens, scores = [token for token, _ in vocabulary], [score for _, score in vocabulary]
    if max(map(len, tokens)) > LONGEST or model.get("byte_fallback"):
        return None
    return Unigram(tokens, scores, int(model["unk_id"]))


class LibraryTokens:
    """Texts to token vectors through the `tokenizers` library, for tokenizers not of our kind."""

    def __init__(self, path: Path, vectors: TokenVectors) -> None:
        self._path, self._vectors = path, vectors
        self._tokenizer: Any = None

    def _load(self) -> Any:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._path))
        except Exception as error:  # the library raises bare Exception
            raise AlignError(f"{self._path}: not a tokenizer ({error})") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    def rows(self, texts: Sequence[str]) -> Rowed:
        """Every text's tokens; each is a unit."""
        if self._tokenizer is None:
            self._tokenizer = self._load()
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ids = [np.array(encoding.ids, np.int64) for encoding in found]
        starts = np.concatenate([[0], np.cumsum([len(i) for i in ids])]).astype(np.int64)
        distinct, number = np.unique(
            np.concatenate([*ids, np.empty(0, np.int64)]), return_inverse=True
        )
        if len(distinct) and int(distinct[-1]) >= self._vectors.count:
            raise AlignError(
                f"{self._path}: token number {distinct[-1]} has no vector, there are"
                f" {self._vectors.count}; tokenizer and vectors do not belong together"
            )
        table = np.concatenate(
            [np.zeros((1, self._vectors.dims), np.float32), self._vectors.take(distinct)]
        )
        decode = functools.partial(self._tokenizer.decode, skip_special_tokens=False)
        closing = np.array([False, *(_closes(decode([token])) for token in distinct.tolist())])
        return Rowed(table, number + 1, starts, closing)


def _closes(token: str) -> bool:
    """Whether a clause ends with it: punctuation with a comma, a stop, a bracket, ..."""
    token = unicodedata.normalize("NFKC", token)
    return not clause_marks().isdisjoint(map(ord, token)) and not any(map(str.isalnum, token))
