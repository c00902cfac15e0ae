"""How a training run is set up: what can be chosen, and what follows from the bitext."""

from __future__ import annotations

from dataclasses import dataclass

from align.errors import AlignError
from align.text.languages import normalise_language
from align.training.batches import Recipe
from align.training.encoder import Settings
from align.training.prepare import Prepared

DIMS = 512
RATE, RATE_ON = 3e-3, 1e-3  # peak learning rates: of a fresh model, of one that is continued
LONGEST = 30.0  # minutes, where neither minutes nor steps are given
PASSES = 25  # over the bitext, likewise
FREQUENT = 20.0  # occurrences in the bitext that a token of several characters needs
_CHECKPOINT = 200  # steps between checkpoints, at most
_FEWEST = 100  # steps


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How an encoder is trained. Everything but `threads` shapes the result."""

    minutes: float | None = None  # of training; with `steps`, whatever comes first
    steps: int | None = None  # batches; neither: PASSES over the bitext, at most LONGEST minutes
    dims: int | None = None  # of a vector; None: 512, or those of the model continued from
    vocabulary: int = 64_000  # most tokens; a small bitext gets fewer
    words: int = 0  # most new tokens of a model that is continued: words that it cuts into parts
    batch: int = 4096  # most pairs in a batch; a small bitext gets fewer
    rate: float | None = None  # peak learning rate; None: 0.003, or 0.001 to continue a model
    languages: tuple[str, ...] = ()  # which to train; (): all there are
    bits: int = 8  # of a value in the model's file: 4, 8 or 32; see docs/training.md
    seed: int = 0
    threads: int = 0  # 0: all; with one thread, the same seed and steps give the same bytes
    encoding: str = "utf-8"  # of the bitext

    def __post_init__(self) -> None:
        for name, low, high in (
            ("steps", 1, 10_000_000),
            ("dims", 2, 4096),
            ("vocabulary", 100, 1_000_000),
            ("words", 0, 1_000_000),
            ("batch", 2, 65_536),
            ("seed", 0, 2**31 - 1),
            ("threads", 0, 1024),
        ):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or not low <= value <= high):
                raise AlignError(f"{name}: expected a whole number {low}..{high}, got {value!r}")
        for name, most in (("minutes", 1e6), ("rate", 1.0)):
            value = getattr(self, name)
            if value is not None and not 0 < value <= most:
                raise AlignError(f"{name}: expected more than 0 and at most {most:g}, got {value}")
        if self.bits not in (4, 8, 32):
            raise AlignError(f"bits: expected 4, 8 or 32, got {self.bits!r}")
        if self.bits == 4 and self.dims is not None and self.dims % 2:
            raise AlignError(f"dims: 4 bits need an even number, got {self.dims}")
        for code in self.languages:
            if normalise_language(code) != code:
                raise AlignError(f"languages: write {normalise_language(code)} for {code}")
        if len(self.languages) == 1:
            raise AlignError(f"languages: expected two or more, got only {self.languages[0]}")


def recipe_for(prepared: Prepared, most: int) -> Recipe:
    """Batches of at most `most` pairs and a quarter of the largest language pair."""
    sizes: dict[str, int] = {}
    for group in prepared.groups:
        sizes[group.langs] = sizes.get(group.langs, 0) + group.last - group.first
    largest = max(sizes.values())
    if largest < 2:
        raise AlignError("the bitext holds 1 pair; there is nothing to tell it from")
    size = min(most, max(2, largest // 4))
    return Recipe(size=size, run=max(1, min(64, size // 4)))


def settings_for(
    prepared: Prepared, recipe: Recipe, options: TrainOptions, continued_dims: int | None
) -> Settings:
    """The trainer's settings. `continued_dims`: of the model that is continued, if any."""
    steps, minutes = options.steps, options.minutes
    if steps is None and minutes is None:
        steps = max(_FEWEST, PASSES * len(prepared.pairs) // recipe.size)
        minutes = LONGEST
    fresh = continued_dims is None
    return Settings(
        dims=continued_dims or options.dims or DIMS,
        steps=steps,
        minutes=minutes,
        rate=options.rate or (RATE if fresh else RATE_ON),
        seed=options.seed,
        threads=options.threads,
        report=1,
        checkpoint=_CHECKPOINT if steps is None else max(1, min(_CHECKPOINT, steps // 5)),
    )


def least_count(share: float) -> float:
    """How often a token must occur in a sample that has this share of the bitext."""
    return max(2.0, FREQUENT * share)
