"""The frozen dataclasses of several versions of a text.

A `MultiAlignment` is any number of documents and the `MultiRow`s they share. Numbers and spans as
in `align.types`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, overload

from align.alignment import Alignment
from align.errors import AlignError
from align.types import Document, StrPath


@dataclass(frozen=True, slots=True)
class MultiRow:
    """What corresponds in several versions: a cell for each, in their order, empty where it lacks.

    `probability` is the calibrated chance that the row is exactly right. `moved` marks a row that
    stands elsewhere in some version.
    """

    ids: tuple[tuple[int, ...], ...]
    texts: tuple[str, ...]
    spans: tuple[tuple[int, int] | None, ...]  # from the first to the last sentence of the cell
    probability: float | None = None
    moved: bool = False

    @property
    def versions(self) -> int:
        """How many versions have it."""
        return sum(map(bool, self.ids))


@dataclass(frozen=True)
class MultiAlignment:
    """Versions of one text, and the rows they share: every sentence of each is in exactly one.

    Iterating, `len` and indexing see the rows.
    """

    langs: tuple[str, ...]  # of the versions, the names of the columns
    documents: tuple[Document, ...]
    rows: tuple[MultiRow, ...]
    alignments: tuple[Alignment, ...]  # of every two versions, the first with the second, ...
    signature: str = ""

    def __iter__(self) -> Iterator[MultiRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> MultiRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[MultiRow, ...]: ...
    def __getitem__(self, index: int | slice) -> MultiRow | tuple[MultiRow, ...]:
        return self.rows[index]

    def __repr__(self) -> str:
        sides = ", ".join(
            f"{lang} ({len(document)})"
            for lang, document in zip(self.langs, self.documents, strict=True)
        )
        whole = sum(row.versions == len(self.langs) for row in self.rows)
        return f"<MultiAlignment of {sides}: {len(self)} rows, {whole} in all versions>"

    def _repr_html_(self) -> str:
        """The rows as a table, for notebooks."""
        from align.formats.notebook import rows_as_html

        return rows_as_html(self)

    def pairwise(self, src: str, tgt: str) -> Alignment:
        """Two of the versions as an alignment; its beads never cross two rows."""
        for lang in (src, tgt):
            if lang not in self.langs:
                raise AlignError(f"no version in {lang!r}; there are {', '.join(self.langs)}")
        if src == tgt:
            raise AlignError(f"{src!r} is one version; name two of {', '.join(self.langs)}")
        x, y = self.langs.index(src), self.langs.index(tgt)
        low, high = min(x, y), max(x, y)
        before = sum(len(self.langs) - 1 - k for k in range(low))
        found = self.alignments[before + high - low - 1]
        return found if x < y else _turned(found)

    def to_dataframe(self) -> Any:
        """The rows as a pandas.DataFrame. AlignError without pandas."""
        from align.formats.notebook import rows_as_frame

        return rows_as_frame(self)

    def save(
        self,
        path: StrPath,
        format: str | None = None,
        *,
        min_versions: int = 1,
        min_probability: float | None = None,
    ) -> None:
        """Writes the rows to a file; the format (tsv, jsonl, tmx) by its suffix, or named.

        Rows in fewer versions and less probable ones are left out. The rest as in
        `Alignment.save`.
        """
        from align.formats.wide import wide_header_of, wide_rows_of, write_wide

        rows = wide_rows_of(self, min_versions, min_probability)
        write_wide(os.fspath(path), rows, wide_header_of(self), format)

    def to_tsv(self, path: StrPath) -> None:
        """Writes a column a language, with a first line of names; see `save`."""
        self.save(path, "tsv")

    def to_jsonl(self, path: StrPath) -> None:
        """Writes a JSON object a line; see `save`."""
        self.save(path, "jsonl")

    def to_tmx(self, path: StrPath) -> None:
        """Writes a translation memory of the rows in two versions or more; see `save`."""
        self.save(path, "tmx", min_versions=2)


def _turned(alignment: Alignment) -> Alignment:
    """The same seen from the other side, in the order of its new source."""
    beads = [
        replace(
            bead,
            src_ids=bead.tgt_ids,
            tgt_ids=bead.src_ids,
            src=bead.tgt,
            tgt=bead.src,
            src_span=bead.tgt_span,
            tgt_span=bead.src_span,
        )
        for bead in alignment.beads
    ]
    at = -1  # what the new source lacks follows what it follows in the new target
    keys = []
    for number, bead in enumerate(beads):
        if bead.src_ids and not bead.moved:
            at = bead.src_ids[0]
        keys.append((bead.src_ids[0] if bead.src_ids else at, not bead.src_ids, number))
    order = sorted(range(len(beads)), key=keys.__getitem__)
    return replace(
        alignment,
        src=alignment.tgt,
        tgt=alignment.src,
        beads=tuple(beads[k] for k in order),
    )
