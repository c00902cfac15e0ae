"""Every knob of the package, once."""

from __future__ import annotations

from dataclasses import dataclass, fields

from align.errors import AlignError


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen, with its default and unit. Passed once; part of the signature."""

    # text
    src_lang: str | None = None  # BCP-47 code of the source; None: detect it
    tgt_lang: str | None = None  # BCP-47 code of the target; None: detect it
    presplit: bool = False  # the input has one sentence a line already
    wrapped: bool = False  # a single newline does not end a sentence
    encoding: str = "utf-8"  # of the input files
    input_format: str | None = None  # of files: text, html, markdown, ...; None: by the suffix
    # alignment
    max_side: int = 6  # most sentences on one side of a bead
    max_total: int = 7  # most sentences on both sides of a bead together
    neighbours: int = 4  # k of the margin: nearest neighbours that make the mean
    monotone: bool = False  # True: look for no moved text
    min_score: float | None = None  # the sentences of a pair that scores lower stand alone
    min_probability: float | None = None  # 0..1, likewise for the calibrated probability
    explain: bool = False  # fill in Bead.why; it changes nothing else
    # running
    threads: int = 1  # CPU threads; the result does not depend on it

    def __post_init__(self) -> None:
        for name, low, high in (
            ("max_side", 1, 16),
            ("max_total", 2, 32),
            ("neighbours", 1, 64),
            ("threads", 1, 1024),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise AlignError(f"{name}: expected a whole number {low}..{high}, got {value!r}")
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise AlignError(f"min_probability: expected 0..1, got {self.min_probability!r}")

    def signature(self) -> str:
        """`key:value` of everything that differs from its default and shapes the result."""
        silent = {"threads", "encoding", "src_lang", "tgt_lang", "explain"}
        return "|".join(
            f"{f.name}:{getattr(self, f.name)}"
            for f in fields(self)
            if f.name not in silent and getattr(self, f.name) != f.default
        )
