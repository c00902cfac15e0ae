"""`align.score`: pairs that exist already -> how likely each is a translation."""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.pairwise import BLOCK, Column, load_weights, pair_features, probabilities
from align.core.side import Ragged
from align.encoders.load import load_encoder
from align.encoders.pieces import normalise
from align.errors import AlignError
from align.formats import (
    STREAM,
    Header,
    Row,
    check_target,
    format_of,
    read_rows,
    with_languages,
    write_rows,
)
from align.formats.tsv import columns_of
from align.text.languages import SUPPORTED, normalise_language
from align.text.surface import numbers_of
from align.version import __version__

log = logging.getLogger("align")
Floats = npt.NDArray[np.float32]
SAMPLE = Path(__file__).with_name("sample")  # the same short text in en, de, fr, zh
_CHUNK = 4096  # rows that are read before any is scored
_FEW = 64  # rows that are too few surroundings: the sample's sentences join them
_digit = re.compile("[0-9０-９]").search
_han_number = re.compile("[零〇一二两三四五六七八九十百千万亿]{2}").search
_PLAIN = (("src", "tgt"), ("src", "tgt", "score"))  # TSV columns that need no titles
_MUTE = ("moses", "ladder", "hunalign", "intertext")  # formats without a place for a probability
_FILES = ("moses", "intertext", "parquet")  # formats that need a name


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
        """The probability of each pair src[i], tgt[i], float32 [n].

        Neighbours in the list are each other's surroundings, so give them in the order of their
        text where they have one, and not one by one. A pair with an empty side has probability 0.
        """
        if len(src) != len(tgt):
            raise AlignError(f"expected as many targets as sources, got {len(src)} and {len(tgt)}")
        found = np.zeros(len(src), np.float32)
        full = [i for i, (s, t) in enumerate(zip(src, tgt, strict=True)) if s.strip() and t.strip()]
        start = 0
        while start < len(full):
            enough = len(full) - start - _CHUNK >= BLOCK  # to be each other's surroundings
            chunk = full[start : start + _CHUNK if enough else len(full)]
            features = self.features([src[i] for i in chunk], [tgt[i] for i in chunk])
            found[chunk] = probabilities(features, self._weights)
            start += len(chunk)
        return found

    def features(self, src: list[str], tgt: list[str]) -> Floats:
        """What the probability is made of, [n, features], for pairs with text on both sides."""
        n = len(src)
        sides = [(self._encoder.encode(texts), *_cues(texts)) for texts in (src, tgt)]
        others = None
        if n < _FEW:
            if self._sample is None:
                self._sample = self._encoder.encode(_sample())
            others = self._sample, self._sample
        found = []
        for start in range(0, n, BLOCK):
            first = max(0, min(start, n - BLOCK))  # the last block is a full one, too
            a, b = (_part(side, first, start + BLOCK) for side in sides)
            found.append(pair_features(a, b, others)[start - first :])
        return np.concatenate(found)


_Cues = tuple[Floats, Ragged, npt.NDArray[np.int64]]


def _cues(texts: list[str]) -> _Cues:
    """Lengths, numbers and keys of some sentences, as `Column` has them."""
    lengths: list[int] = []
    numbers: list[int] = []
    starts = [0]
    for text in texts:
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        lengths.append(max(1, size - text.count(" ")))
        # two bytes a character: no Latin text, so look for Chinese numbers
        if _digit(text) or (size > 2 * len(text) and _han_number(text)):
            found = set(numbers_of(normalise(text)))
            numbers += sorted({zlib.crc32(n.encode()) & 0x7FFFFFFF for n in found})
        starts.append(len(numbers))
    ragged = Ragged(np.array(numbers, np.int32), np.array(starts, np.int64))
    keys = np.fromiter(map(hash, texts), np.int64, len(texts))
    return np.array(lengths, np.float32), ragged, keys


def _part(side: tuple[Floats, Floats, Ragged, npt.NDArray[np.int64]], a: int, b: int) -> Column:
    vectors, lengths, numbers, keys = side
    starts = numbers.starts[a : b + 1]
    inside = Ragged(numbers.ids[starts[0] : starts[-1]], starts - starts[0])
    return Column(vectors[a:b], lengths[a:b], inside, keys[a:b])


def _sample() -> list[str]:
    """Sentences of the packaged sample, a paragraph each."""
    texts = (path.read_text("utf-8") for path in sorted(SAMPLE.glob("??.txt")))
    return [line for text in texts for line in re.split(r"(?<=[.!?。！？])\s*", text) if line]


# files


@dataclass(frozen=True, slots=True)
class Kept:
    """What a filter did."""

    rows: int
    kept: int


def scored(rows: Iterable[Row], scorer: PairScorer, *, again: bool = True) -> Iterator[Row]:
    """The rows with their probabilities, in order. `again` False leaves those alone that have one.

    Memory does not grow with the number of rows. Raises AlignError for rows without text.
    """
    stream = iter(rows)
    number = 0
    chunk = list(islice(stream, _CHUNK))
    while chunk:
        following = list(islice(stream, _CHUNK))
        if len(following) < BLOCK:  # too few to be each other's surroundings
            chunk, following = chunk + following, []
        for row in chunk:
            number += 1
            if row.src is None or row.tgt is None:
                raise AlignError(f"row {number}: it has sentence numbers but no text to score")
        if again or any(row.probability is None for row in chunk):
            found = scorer([row.src or "" for row in chunk], [row.tgt or "" for row in chunk])
            for row, probability in zip(chunk, found.tolist(), strict=True):
                yield row if row.probability is not None and not again else _with(row, probability)
        else:
            yield from chunk
        chunk = following


def _with(row: Row, probability: float) -> Row:
    """The row with this probability; dataclasses.replace takes twice as long."""
    return Row(
        row.src,
        row.tgt,
        row.src_ids,
        row.tgt_ids,
        row.score,
        probability,
        row.probability_lax,
        row.kind,
        row.moved,
        row.src_span,
        row.tgt_span,
        row.src_lang,
        row.tgt_lang,
    )


@dataclass(frozen=True, slots=True)
class Files:
    """Where pairs come from and go to. Formats are by suffix unless named."""

    source: str
    target: str = STREAM
    source_format: str | None = None
    target_format: str | None = None  # of the standard output: by default that of the source
    header: Header = field(default_factory=Header)  # languages and encoding of the source
    source_columns: tuple[str, ...] | None = None  # of a TSV source
    target_columns: tuple[str, ...] | None = None  # of a TSV target; None: those of the source
    titles: bool | None = None  # TSV target: a first line of names; None: as the source, or needed


def score(files: Files, *, encoder: Any = None) -> int:
    """Writes the pairs of a file with their probabilities; returns their number.

    Memory does not grow with the file. Raises AlignError for files that cannot be read, have no
    text, or are to be written in a format that has no place for a probability.
    """
    scorer = PairScorer(encoder)
    return _run(files, scorer, lambda rows: scored(rows, scorer), adds=True)


def keep(
    files: Files, min_probability: float, *, invert: bool = False, encoder: Any = None
) -> tuple[int, int]:
    """Writes the pairs that are likely enough (`invert`: all others).

    Returns how many were written, of how many. Pairs that have no probability are scored first;
    rows with an empty side are not likely. Raises AlignError as `score` does.
    """
    if not 0 <= min_probability <= 1:
        raise AlignError(f"min_probability: expected 0..1, got {min_probability!r}")
    scorer = PairScorer(encoder)
    seen = 0

    def chosen(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal seen
        for row in scored(rows, scorer, again=False):
            seen += 1
            if (row.is_pair and (row.probability or 0.0) >= min_probability) != invert:
                yield row

    return _run(files, scorer, chosen, adds=False), seen


def _run(
    files: Files,
    scorer: PairScorer,
    change: Callable[[Iterator[Row]], Iterator[Row]],
    adds: bool,
) -> int:
    """Reads, changes and writes the rows of a file; `adds` when all get a probability."""
    read = format_of(files.source, files.source_format)
    if not read.has_text:
        raise AlignError(f"{files.source}: {read.name} has sentence numbers but no text to score")
    if files.target == STREAM and files.target_format is None:
        write = format_of(STREAM, "tsv" if read.name in _FILES else read.name)
    else:
        write = format_of(files.target, files.target_format)
    if adds and write.name in _MUTE:
        raise AlignError(f"{write.name} has no place for a probability; write tsv, jsonl or tmx")
    check_target(files.target)
    header = replace(files.header, columns=files.source_columns)
    columns, titles = files.target_columns, files.titles
    if read.name == write.name == "tsv" and files.source != STREAM:
        known, titled = columns_of(files.source, header)
        columns, titles = columns or known, titled if titles is None else titles
    elif write.name == "tsv":
        columns = columns or ("src", "tgt")
    if columns is not None and files.target_columns is None and adds:
        columns = (*columns, *({"probability"} - set(columns)))
    if titles is None or (adds and files.titles is None):
        titles = columns not in _PLAIN
    rows, header = with_languages(change(read_rows(files.source, read.name, header)), header)
    _tell_unsupported(header, scorer)
    header = replace(header, columns=columns, titles=titles, signature=scorer.signature)
    return write_rows(files.target, rows, header, write.name)


def _tell_unsupported(header: Header, scorer: PairScorer) -> None:
    for lang in (header.src_lang, header.tgt_lang):
        if lang is not None and not scorer.knows(lang):
            log.warning(
                "the language %s is not one that the encoder in the package knows (%s); expect "
                "little of the probabilities, or use an encoder that does",
                lang,
                ", ".join(SUPPORTED),
            )
