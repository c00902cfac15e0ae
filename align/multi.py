"""`align.multi`: several versions of a text -> one table of what corresponds in them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.alignment import Alignment
from align.beads import alignment_of, rows_of_versions
from align.collector import without_collector
from align.core.calibrate import load_calibration
from align.core.scorer import LENGTH, load_scorer
from align.core.versions.certainty import load_weights
from align.core.versions.many import align_many
from align.encoders.load import load_encoder
from align.encoders.protocol import unit_rows
from align.errors import AlignError
from align.options import Options
from align.pair import UNRELATED, tell_unsupported
from align.sides import SENTENCE, kind_of, side_of
from align.text.document import Source, read_document
from align.text.languages import language_of_name, normalise_language
from align.text.sentences import Splitter
from align.types import Document
from align.version import __version__
from align.versions import MultiAlignment

log = logging.getLogger("align")
Vectors = npt.NDArray[np.float32]


@without_collector()
def multi(
    sources: Mapping[str, Source] | Sequence[Source],
    *,
    pivot: str | None = None,
    options: Options | None = None,
    encoder: Any = None,
    vectors: Mapping[str, Vectors] | None = None,
    splitter: Splitter | None = None,
    **changes: Any,
) -> MultiAlignment:
    """Aligns several versions of a text, each in its own language, at once.

    `sources` gives what `align.pair` takes by language, `{"en": ..., "de": ...}`, or is a list:
    languages then go by the names of files (`en.txt`, `book.de.html`) or are detected. `pivot`
    names the language that every other is aligned with and only with it; without it all pairs
    count. `vectors` gives the sentences' vectors instead of an encoder. Options as in
    `align.pair`, save `explain` and those of two languages or of thresholds.

    Raises AlignError for fewer than two versions, two in one language, an unknown pivot, and what
    `align.pair` refuses.
    """
    options = dataclasses.replace(options or Options(), **changes)
    documents = [
        read_document(
            source,
            lang=lang,
            options=options,
            splitter=splitter,
            input_format=options.input_format,
        )
        for lang, source in _by_language(sources)
    ]
    return multi_documents(
        documents, pivot=pivot, options=options, encoder=encoder, vectors=vectors
    )


@without_collector()
def multi_documents(
    documents: Sequence[Document],
    *,
    pivot: str | None = None,
    options: Options | None = None,
    encoder: Any = None,
    vectors: Mapping[str, Vectors] | None = None,
) -> MultiAlignment:
    """`multi` for documents that are read and split already; each must know its language."""
    options = options or Options()
    _refuse(options)
    langs = _distinct(documents)
    star = _place(pivot, langs)
    given: list[Vectors | None] = [None] * len(documents)
    if vectors is None:
        encoder = load_encoder(encoder)
        name, kind = encoder.name, kind_of(encoder)
        if name == load_encoder(None).name:
            tell_unsupported(*documents)
    else:
        name, kind = "given", SENTENCE
        given = list(_checked(vectors, langs, documents))
    sides = [
        side_of(document, encoder, own) for document, own in zip(documents, given, strict=True)
    ]
    found = align_many(
        sides,
        load_scorer(kind).restricted(options.max_side, options.max_total),
        load_calibration(kind),
        load_weights(),
        k=options.neighbours,
        threads=options.threads,
        monotone=options.monotone,
        pivot=star,
        lengths=load_scorer(LENGTH).restricted(options.max_side, options.max_total),
    )
    parts = ["align", f"v:{__version__}", "multi", f"encoder:{name}", f"scorer:{kind}"]
    changed = [f"pivot:{langs[star]}" if star is not None else "", options.signature()]
    signature = "|".join([*parts, *filter(None, changed)])
    alignments = tuple(
        alignment_of(documents[x], documents[y], one, signature)
        for (x, y), one in zip(found.pairs, found.found, strict=True)
    )
    _tell_unrelated(langs, documents, alignments)
    rows = rows_of_versions(documents, found)
    return MultiAlignment(langs, tuple(documents), rows, alignments, signature)


def _by_language(
    sources: Mapping[str, Source] | Sequence[Source],
) -> list[tuple[str | None, Source]]:
    """Languages, None to be detected, and sources."""
    if isinstance(sources, Mapping):
        return list(sources.items())
    if isinstance(sources, str | bytes) or not isinstance(sources, Sequence):
        raise AlignError(
            "expected the versions by language, {'en': ..., 'de': ...}, or a list of them, got "
            f"{type(sources).__name__}"
        )
    return [
        (language_of_name(source.name) if isinstance(source, Path) else None, source)
        for source in sources
    ]


def with_languages(files: Sequence[Path], langs: str | None) -> Mapping[str, Source] | list[Path]:
    """The files by the languages in a list such as "en,de,zh"; as they are without one."""
    if langs is None:
        return list(files)
    codes = [normalise_language(code) for code in langs.split(",")]
    if len(codes) != len(files):
        raise AlignError(f"{len(codes)} languages are named ({langs}) for {len(files)} files")
    twice = [code for code in codes if codes.count(code) > 1]
    if twice:
        raise AlignError(f"the language {twice[0]} is named twice in {langs}")
    return dict(zip(codes, files, strict=True))


def _refuse(options: Options) -> None:
    """What means something for two versions only must not be passed over in silence."""
    for name in ("src_lang", "tgt_lang", "min_score", "min_probability", "explain"):
        if getattr(options, name):
            remedy = "languages are the keys of the versions"
            if name.startswith("min"):
                remedy = "leave rows out when writing: save(..., min_probability=0.5)"
            elif name == "explain":
                remedy = "explain a pair: align.pair(..., explain=True)"
            raise AlignError(f"{name}: not for several versions; {remedy}")


def _distinct(documents: Sequence[Document]) -> tuple[str, ...]:
    """The languages of the versions; no two may be the same, none unknown."""
    if len(documents) < 2:
        raise AlignError(f"expected two versions or more, got {len(documents)}")
    seen: dict[str, Document] = {}
    for document in documents:
        if document.lang is None:
            raise AlignError(f"{document.name}: the language is not known; name it")
        if document.lang in seen:
            raise AlignError(
                f"{seen[document.lang].name} and {document.name} are both in {document.lang}; "
                "every version needs a language of its own (name them, if it was detected wrongly)"
            )
        seen[document.lang] = document
    return tuple(seen)


def _place(pivot: str | None, langs: tuple[str, ...]) -> int | None:
    """The number of the pivot among the versions."""
    if pivot is None:
        return None
    lang = normalise_language(pivot)
    if lang not in langs:
        raise AlignError(f"pivot: no version in {pivot!r}; there are {', '.join(langs)}")
    return langs.index(lang)


def _checked(
    vectors: Mapping[str, Vectors], langs: Sequence[str], documents: Sequence[Document]
) -> Sequence[Vectors]:
    """Given vectors in the order of the versions."""
    by_lang = {normalise_language(lang): part for lang, part in vectors.items()}
    missing = [lang for lang in langs if lang not in by_lang]
    if missing:
        raise AlignError(f"vectors: none are given for {', '.join(missing)}")
    out = [
        unit_rows(by_lang[lang], len(document), f"vectors of {lang}")
        for lang, document in zip(langs, documents, strict=True)
    ]
    widths = sorted({part.shape[1] for part in out if len(part)})
    if len(widths) > 1:
        raise AlignError(f"vectors: all need the same dimensions, got {widths[0]} and {widths[-1]}")
    return out


def _tell_unrelated(
    langs: Sequence[str], documents: Sequence[Document], alignments: Sequence[Alignment]
) -> None:
    """A note about a version that has hardly anything in common with any other."""
    best = dict.fromkeys(langs, 0.0)
    for pair, alignment in zip(combinations(langs, 2), alignments, strict=True):
        for lang in pair:
            best[lang] = max(best[lang], alignment.parallel)
    for lang, document in zip(langs, documents, strict=True):
        if len(document) and best[lang] < UNRELATED:
            log.warning(
                "%s: at most %.0f %% of the text is parallel to another version; "
                "is it the right document?",
                document.name,
                100 * best[lang],
            )
