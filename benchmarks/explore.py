"""What each choice in training an encoder is worth: one base, one change at a time.

    python -m benchmarks.explore TIER ... --retrieval FOLDER --crowd FOLDER --work FOLDER
                                 [--seeds N ...] [--only GROUP ...]

TIERs are folders of bitext. Every model learns from the same sample of their rows, from scratch,
for the same number of steps on one thread: small models, so that one takes minutes. Measured is how
often a sentence's nearest neighbour is its translation (percent, both directions): in --retrieval,
a folder of NAME.<lang> files (PUD), by cosine, by margin, and by cosine among many sentences more
from --crowd, bitext that nothing is trained on; and on pairs of --crowd itself, another kind of
text. A change is compared with the base of the same seeds; all changes come with the first seed,
then all with the next. Differences within the spread of the base's seeds say nothing.

--work keeps the sample and the base. What stands in results/explore.json is not measured again, so
a run that was stopped goes on. Traditional Chinese needs opencc-python-reimplemented.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from align.encoders.vectors import pack, packed_vectors
from align.training.batches import Recipe
from align.training.encoder import Settings
from benchmarks.explore_lab import (
    ROWS,
    Cut,
    Floats,
    Lab,
    Tests,
    Variant,
    encode_with,
    rarity,
    read_tests,
    sample,
    shipped,
)  # fmt: skip
from benchmarks.explore_parts import FOLDS, Cutter
from benchmarks.measure import RESULTS, machine, write_json

STEPS, BASE_NAME = 600, "as it is"
OUT = RESULTS / "explore.json"
BASE = Variant(
    Cut(),
    Recipe(size=2048),
    Settings(dims=256, steps=STEPS, minutes=None, threads=1, scale=25.0, margin=0.1),
)


def change(cut: Any = None, recipe: Any = None, settings: Any = None, **rest: Any) -> Variant:
    """The base with some values changed."""
    return replace(
        BASE,
        cut=replace(BASE.cut, **(cut or {})),
        recipe=replace(BASE.recipe, **(recipe or {})),
        settings=replace(BASE.settings, **(settings or {})),
        **rest,
    )


PLAN: dict[str, dict[str, Variant]] = {
    "dimensions": {f"{d}": change(settings={"dims": d}) for d in (128, 512)},
    "vocabulary": {f"{n:,} tokens": change(cut={"size": n}) for n in (16_000, 64_000)}
    | {
        "BPE": change(cut={"kind": "BPE"}),
        "Chinese by characters": change(cut={"fold": "characters apart"}),
        "any Chinese phrase a token": change(cut={"any_han": True}),
    },
    "negatives": {
        "no neighbours": change(recipe={"runs": 0.0}),
        "neighbours only": change(recipe={"runs": 1.0}),
        "last batch cached": change(hook="cached"),
    },
    "pairs": {
        "none joined": change(recipe={"joined": 0.0}),
        "no dictionaries": change(without="dictionaries"),
    },
    "balance": {
        "languages by size": change(recipe={"lang_balance": 1.0}),
        "languages all equal": change(recipe={"lang_balance": 0.0}),
        "sources by size": change(recipe={"source_balance": 1.0}),
        "sources all equal": change(recipe={"source_balance": 0.0}),
    },
    "tokens left out": {
        "none": change(recipe={"drop": 0.0}),
        "a fifth": change(recipe={"drop": 0.2}),
    },
    "loss": {
        "margin 0": change(settings={"margin": 0.0}),
        "margin 0.2": change(settings={"margin": 0.2}),
        "margin 0.3": change(settings={"margin": 0.3}),
        "margin 0.3, 2 x steps": change(settings={"margin": 0.3, "steps": 2 * STEPS}),
        "margin 0.4, scale 20": change(settings={"margin": 0.4, "scale": 20.0}),
        "margin 0.6, scale 20": change(settings={"margin": 0.6, "scale": 20.0}),
        "scale 15": change(settings={"scale": 15.0}),
        "scale 40": change(settings={"scale": 40.0}),
    },
    "text": {
        name: change(cut={"fold": name})
        for name in ("case kept", "accents folded", "numbers alike", "digits apart")
    }
    | {"3-grams of split words": change(cut={"grams": 32_000})},
    "token weights": {
        "start by rarity": change(hook="rarity"),
        "start ten times as large": change(settings={"init": 0.1}),
    },
    "updates": {
        "sparse Adam": change(hook="sparse"),
        "mean of steps": change(hook="mean"),
        "mean of steps, constant rate": change(hook="constant"),
    },
    "batch": {
        "1,024": change(recipe={"size": 1024}),
        "1,024, twice the steps": change(recipe={"size": 1024}, settings={"steps": 2 * STEPS}),
        "4,096, half the steps": change(recipe={"size": 4096}, settings={"steps": STEPS // 2}),
    },
    "distilling": {
        "shipped vocabulary": change(cut={"kind": "embedded"}),
        "... taught by the shipped model": change(cut={"kind": "embedded"}, hook="taught"),
    },
    "longer": {f"{n} x steps": change(settings={"steps": n * STEPS}) for n in (2, 4)},
    "large batch": {
        "4,096": change(recipe={"size": 4096}),
        "8,192, a quarter of the steps": change(
            recipe={"size": 8192}, settings={"steps": STEPS // 4}
        ),
    },
}


def leading(vectors: Floats, dims: int) -> Floats:
    """The vectors in their leading directions, [n, dims]."""
    _, directions = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    return np.ascontiguousarray(vectors @ directions[:, ::-1][:, :dims].astype(np.float32))


def coarse(vectors: Floats, bits: int) -> Floats:
    """The vectors with so many bits a value, as a model's file has them."""
    if bits == 8:
        scale = np.maximum(np.abs(vectors).max(1, keepdims=True), 1e-30) / 127
        return (np.rint(vectors / scale) * scale).astype(np.float32)
    with patch("align.encoders.vectors.LEVELS", 2**bits):
        packed = pack(vectors)
    packed = replace(packed, levels=np.resize(packed.levels, 16))  # it looks 16 up
    return packed_vectors(packed).take(np.arange(len(vectors)))


def traditional(texts: Sequence[str]) -> tuple[str, ...]:
    """Simplified to traditional Chinese, by OpenCC (opencc-python-reimplemented)."""
    from opencc import OpenCC

    return tuple(map(OpenCC("s2t").convert, texts))


def rescored(lab: Lab) -> dict[str, dict[str, Callable[[], Any]]]:
    """What needs no training: made of the base, or of the shipped model."""

    def scores(table: Floats, cutter: Cutter, tests: Tests = lab.tests) -> Any:
        return tests.scores(encode_with(cutter, table))

    def on_base(made: Callable[[Floats], Floats]) -> Callable[[], Any]:
        return lambda: scores(made(lab.base_vectors()), lab.cutter(BASE.cut))

    def on_shipped(made: Callable[[Floats], Floats]) -> Callable[[], Any]:
        return lambda: scores(made(shipped()), lab.cutter(Cut(kind="embedded")))

    def in_traditional(fold: str) -> Callable[[], Any]:
        def run() -> Any:
            texts = {**lab.tests.texts, "zh": traditional(lab.tests.texts["zh"])}
            cutter = lab.cutter(BASE.cut).folded(fold)
            return scores(lab.base_vectors(), cutter, replace(lab.tests, texts=texts))

        return run

    def equal(v: Floats) -> Floats:
        return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)

    def rare(v: Floats) -> Floats:
        return v * rarity(lab.data(BASE.cut), len(v))[:, None]

    return {
        "bits": {f"{n}": on_base(functools.partial(coarse, bits=n)) for n in (8, 4, 2, 1)},
        "dimensions": {"128 leading of the 256": on_base(functools.partial(leading, dims=128))},
        "token weights": {"all of one length": on_base(equal), "times rarity": on_base(rare)},
        "traditional Chinese": {
            "mapped to simplified": in_traditional(""),
            "as it is": in_traditional("traditional as it is"),
        },
        "distilling": {
            "the shipped model, 512": on_shipped(lambda v: v),
            "its 256 leading directions": on_shipped(functools.partial(leading, dims=256)),
        },
    }


def facts(lab: Lab) -> Any:
    """How often what is explored comes up at all: percent of the tokens, of the sentences."""
    cutter, data = lab.cutter(BASE.cut), lab.data(BASE.cut)
    found: dict[str, Any] = {"rows": ROWS, "pairs": len(data.pairs), "tokens": cutter.count}
    for name, chosen in (("base", cutter), ("shipped", lab.cutter(Cut(kind="embedded")))):
        found[f"unknown_{name}"] = {
            lang: round(chosen.unknown_share(some), 3) for lang, some in lab.tests.texts.items()
        }
    found["with_such_numbers"] = {
        lang: round(100 * np.mean([FOLDS["numbers alike"](t) != FOLDS[""](t) for t in some]), 1)
        for lang, some in lab.tests.texts.items()
    }
    return found


def means(scores: Any) -> dict[str, float]:
    """Over the pairs of languages."""
    kinds = next(iter(scores.values()))
    return {k: round(float(np.mean([row[k] for row in scores.values()])), 3) for k in kinds}


def main(argv: Sequence[str] | None = None) -> int:
    """Measures what is missing in the result file, which is written after each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("tiers", type=Path, nargs="+", metavar="TIER")
    parser.add_argument("--retrieval", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--crowd", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", metavar="GROUP", help=", ".join(PLAN))
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    a = parser.parse_args(argv)
    tests = read_tests(a.retrieval, a.crowd)
    without = {text for some in tests.texts.values() for text in some}
    lab = Lab(BASE, sample([tier.resolve() for tier in a.tiers], a.work, without), a.work, tests)
    report: Any = {"base": json.loads(json.dumps(asdict(BASE))), "machine": machine()}
    report["tests"] = {lang: len(some) for lang, some in tests.crowd.items()}
    report["groups"] = {}
    if a.output.exists():
        old = json.loads(a.output.read_text(encoding="utf-8"))
        if old["base"] != report["base"]:
            raise SystemExit(f"{a.output}: was measured with another base; remove it")
        report = old
    if "facts" not in report:
        report["facts"] = facts(lab)
    cheap = rescored(lab)
    todo = [(seed, "base", BASE_NAME) for seed in a.seeds]
    todo += [(0, group, name) for group, some in cheap.items() for name in some]
    todo += [(s, group, name) for s in a.seeds for group, some in PLAN.items() for name in some]
    for seed, group, name in todo:
        done = report["groups"].setdefault(group, {}).setdefault(name, {})
        if str(seed) in done or (a.only and group not in a.only):
            continue
        done[str(seed)] = row = {}
        if name in cheap.get(group, {}):
            row["scores"] = cheap[group][name]()
        else:
            variant = BASE if group == "base" else PLAN[group][name]
            variant = replace(variant, settings=replace(variant.settings, seed=seed))
            vectors, seconds = lab.train(variant)
            row["seconds"] = round(seconds)
            row["scores"] = tests.scores(encode_with(lab.cutter(variant.cut), vectors))
        write_json(a.output, report)
        print(f"{group}: {name}, seed {seed}:", means(row["scores"]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
