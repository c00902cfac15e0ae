"""Two documents and the beads between them: what `align.pair` returns.

Files, notebooks and tables are the business of `align.formats`, which knows the parts of an
alignment (`align.types`) and is loaded when something is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from align.types import Bead, Document, StrPath


@dataclass(frozen=True)
class Alignment:
    """Two documents and the beads between them, in document order.

    Iterating, `len` and indexing see the pairs (beads with text on both sides); `beads` has
    every bead and covers every sentence of both sides exactly once.
    """

    src: Document
    tgt: Document
    beads: tuple[Bead, ...]
    signature: str = ""
    parallel: float = 1.0  # share of the text, by length, that is in credible pairs; 0..1

    @property
    def pairs(self) -> tuple[Bead, ...]:
        """The beads with text on both sides."""
        return tuple(bead for bead in self.beads if bead.is_pair)

    def __iter__(self) -> Iterator[Bead]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return sum(bead.is_pair for bead in self.beads)

    @overload
    def __getitem__(self, index: int) -> Bead: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Bead, ...]: ...
    def __getitem__(self, index: int | slice) -> Bead | tuple[Bead, ...]:
        return self.pairs[index]

    def above(
        self, *, min_score: float | None = None, min_probability: float | None = None
    ) -> Alignment:
        """The same without the pairs below a threshold: their sentences stand alone.

        Every sentence stays in exactly one bead. A pair without a probability does not pass
        `min_probability`.
        """
        if min_score is None and min_probability is None:
            return self
        beads: list[Bead] = []
        for bead in self.beads:
            if not bead.is_pair or _passes(bead, min_score, min_probability):
                beads.append(bead)
            else:
                beads += _apart(bead, self.src, self.tgt)
        return replace(self, beads=tuple(beads))

    def __repr__(self) -> str:
        sides = (f"{side.name} ({side.lang}, {len(side)})" for side in (self.src, self.tgt))
        return (
            f"<Alignment of {' and '.join(sides)}: {len(self)} pairs, {self.parallel:.2f} parallel>"
        )

    def _repr_html_(self) -> str:
        """The pairs as a table, for notebooks."""
        from align.formats.notebook import as_html

        return as_html(self)

    def to_dataframe(self, *, whole: bool = False) -> Any:
        """The pairs (`whole`: every bead) as a pandas.DataFrame. AlignError without pandas."""
        from align.formats.notebook import as_frame

        return as_frame(self, whole)

    def save(
        self,
        path: StrPath,
        format: str | None = None,
        *,
        whole: bool = False,
        columns: Sequence[str] | None = None,
        header: bool = False,
    ) -> None:
        """Writes the pairs to a file; the format by its suffix, or named.

        `whole` has insertions and deletions written too, as ladders always do. `columns` and
        `header` are for TSV. "-" is the standard output; .gz, .xz and .zst compress. The file
        appears whole or not at all. Raises AlignError for what cannot be written.
        """
        from align.formats import format_of, header_of, rows_of, write_rows

        form = format_of(path, format)
        rows = rows_of(self, whole=whole or form.whole)
        chosen = None if columns is None else tuple(columns)
        write_rows(path, rows, header_of(self, columns=chosen, titles=header), form.name)

    def to_tsv(
        self,
        path: StrPath,
        *,
        whole: bool = False,
        columns: Sequence[str] | None = None,
        header: bool = False,
    ) -> None:
        """Writes tab-separated text; see `save`."""
        self.save(path, "tsv", whole=whole, columns=columns, header=header)

    def to_jsonl(self, path: StrPath, *, whole: bool = False) -> None:
        """Writes a JSON object a line; see `save`."""
        self.save(path, "jsonl", whole=whole)

    def to_ladder(self, path: StrPath) -> None:
        """Writes sentence numbers, `[0]:[0, 1]:0.81` a line; see `save`."""
        self.save(path, "ladder")

    def to_tmx(self, path: StrPath, *, whole: bool = False) -> None:
        """Writes a translation memory; see `save`. Both languages must be known."""
        self.save(path, "tmx", whole=whole)

    def to_xliff(self, path: StrPath, *, whole: bool = False) -> None:
        """Writes XLIFF 2.0; see `save`. Both languages must be known."""
        self.save(path, "xliff", whole=whole)

    def to_moses(self, path: StrPath) -> None:
        """Writes `path`.<source language> and `path`.<target language>; see `save`."""
        self.save(path, "moses")

    def to_hunalign(self, path: StrPath) -> None:
        """Writes hunalign's ladder; see `save`."""
        self.save(path, "hunalign")

    def to_intertext(self, path: StrPath) -> None:
        """Writes InterText's three files, `path`.en.de.xml and the documents; see `save`."""
        self.save(path, "intertext")

    def to_parquet(self, path: StrPath, *, whole: bool = False) -> None:
        """Writes Parquet (needs pyarrow); see `save`."""
        self.save(path, "parquet", whole=whole)


def _passes(bead: Bead, min_score: float | None, min_probability: float | None) -> bool:
    if min_score is not None and bead.score < min_score:
        return False
    return min_probability is None or (
        bead.probability is not None and bead.probability >= min_probability
    )


def _apart(bead: Bead, src: Document, tgt: Document) -> Iterator[Bead]:
    for i in bead.src_ids:
        left = src.sentences[i]
        yield Bead((i,), (), src=left.text, src_span=(left.start, left.end))
    for j in bead.tgt_ids:
        left = tgt.sentences[j]
        yield Bead((), (j,), tgt=left.text, tgt_span=(left.start, left.end))
