"""`align.pair`: two versions of a text -> which sentences translate which."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from align.alignment import Alignment
from align.beads import alignment_of
from align.collector import without_collector
from align.core.align import align_sides
from align.core.calibrate import load_calibration
from align.core.memory import keep_freed_memory
from align.core.scorer import LENGTH, load_scorer
from align.core.side import Side
from align.encoders.load import load_encoder
from align.encoders.protocol import unit_rows
from align.errors import AlignError
from align.options import Options
from align.sides import SENTENCE, kind_of, side_of
from align.text.document import Source, read_document
from align.text.languages import SUPPORTED
from align.text.sentences import Splitter
from align.types import Document
from align.version import __version__

log = logging.getLogger("align")
Vectors = npt.NDArray[np.float32]
Progress = Callable[[str, float], None]
SPLIT, ENCODE = 0.1, 0.5  # share of the work that is done after these, about


@without_collector()
def pair(
    src: Source,
    tgt: Source,
    *,
    options: Options | None = None,
    encoder: Any = None,
    vectors: tuple[Vectors, Vectors] | None = None,
    splitter: Splitter | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Alignment:
    """Aligns two versions of a text.

    `src` and `tgt` are each a `pathlib.Path` (a file), a `str` (the text), a list of sentences
    (taken as split) or a `Document`. `encoder` is None for the one in the package, or whatever
    `load_encoder` takes; `vectors` gives the sentences' vectors instead, float32 [n, d] and [m, d].
    Options are given whole or as keywords: `pair(a, b, src_lang="en", max_side=3)`. `explain=True`
    fills `Bead.why`; `input_format` is about files, text given as such is taken as it stands.
    `progress(what, share)` is called now and then with what is done next and the share of all work
    that is done, 0..1.

    Raises AlignError for input that cannot be read and options that make no sense.
    """
    options = dataclasses.replace(options or Options(), **changes)
    tell = progress or _nobody
    documents: list[Document] = []
    for source, lang in ((src, options.src_lang), (tgt, options.tgt_lang)):
        tell("reading and splitting", SPLIT * len(documents) / 2)
        documents.append(
            read_document(
                source,
                lang=lang,
                options=options,
                splitter=splitter,
                input_format=options.input_format,
            )
        )
    found = pair_documents(
        *documents, options=options, encoder=encoder, vectors=vectors, progress=progress
    )
    kept = found.above(min_score=options.min_score, min_probability=options.min_probability)
    if len(kept) < len(found):
        log.info("%d of %d pairs left out, below the threshold", len(found) - len(kept), len(found))
    return kept


@without_collector()
def pair_documents(
    src: Document,
    tgt: Document,
    *,
    options: Options,
    encoder: Any = None,
    vectors: Sequence[Vectors] | None = None,
    progress: Progress | None = None,
) -> Alignment:
    """`pair` for documents that are read and split already, with every pair there is."""
    tell = progress or _nobody
    keep_freed_memory()
    if vectors is None:
        encoder = load_encoder(encoder)
        name, kind = encoder.name, kind_of(encoder)
        if encoder.name == load_encoder(None).name:
            tell_unsupported(src, tgt)
        given: Sequence[Vectors | None] = (None, None)
    else:
        name, kind = "given", SENTENCE
        given = [
            unit_rows(part, len(document), f"vectors of {document.name}")
            for part, document in zip(vectors, (src, tgt), strict=True)
        ]
        if given[0].shape[1] != given[1].shape[1] and len(src) and len(tgt):  # type: ignore[union-attr]
            raise AlignError(
                f"vectors: both sides need the same dimensions, got "
                f"{given[0].shape[1]} and {given[1].shape[1]}"  # type: ignore[union-attr]
            )
    parts = ["align", f"v:{__version__}", f"encoder:{name}", f"scorer:{kind}"]
    signature = "|".join([*parts, *filter(None, [options.signature()])])
    sides: list[Side] = []
    for document, known in zip((src, tgt), given, strict=True):
        tell("encoding", SPLIT + (ENCODE - SPLIT) * len(sides) / 2)
        sides.append(side_of(document, encoder, known))
    found = align_sides(
        sides[0],
        sides[1],
        load_scorer(kind).restricted(options.max_side, options.max_total),
        load_calibration(kind),
        lengths=load_scorer(LENGTH).restricted(options.max_side, options.max_total),
        k=options.neighbours,
        threads=options.threads,
        monotone=options.monotone,
        explained=options.explain,
        progress=lambda share: tell("aligning", ENCODE + (1 - ENCODE) * share),
    )
    alignment = alignment_of(src, tgt, found, signature)
    for document in (src, tgt):
        if not len(document):
            log.warning("%s: no text to align", document.name)
    if len(src) and len(tgt) and alignment.parallel < UNRELATED:
        log.warning(
            "%s and %s: only %.0f %% of the text is parallel; are these the right documents?",
            src.name,
            tgt.name,
            100 * alignment.parallel,
        )
    return alignment


def _nobody(what: str, share: float) -> None:
    """Where nobody wants to know."""


UNRELATED = 0.1  # share of parallel text below which the documents are called unrelated


def tell_unsupported(*documents: Document) -> None:
    """A note about languages that the encoder in the package was not trained on."""
    for document in documents:
        if document.lang is not None and document.lang not in SUPPORTED:
            log.warning(
                "%s: the language is %s, which the encoder in the package does not know (it knows "
                "%s); expect alignment by length and names, or use encoder='LaBSE'",
                document.name,
                document.lang,
                ", ".join(SUPPORTED),
            )
