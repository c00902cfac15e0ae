"""How often a sentence's nearest neighbour is its translation, by cosine and by ratio margin.

Margin: Artetxe and Schwenk 2019, https://arxiv.org/abs/1811.01136, k = 4. A thousand sentences are
too few to tell good encoders apart; with distractors each must be found among some ten thousand
others of its language.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.protocol import Encoder
from benchmarks.texts import distractors

Floats = npt.NDArray[np.float32]
LANGS = ("en", "de", "fr", "zh")
NEIGHBOURS = 4
_CANDIDATES, _ROWS = 8, 1024  # of which the margin is looked at; compared at once


def _nearness(a: Floats, b: Floats) -> Floats:
    """Mean cosine of each row of `a` to its nearest rows of `b`. [n, d], [m, d] -> [n]"""
    k = min(NEIGHBOURS, len(b))
    means = [np.zeros(0, np.float32)]
    for at in range(0, len(a), _ROWS):
        cosines = a[at : at + _ROWS] @ b.T
        means.append(np.partition(cosines, -k, 1)[:, -k:].mean(1))
    return np.concatenate(means)


def one_way(a: Floats, b: Floats, count: int) -> tuple[float, float]:
    """Percent of the first `count` rows of `a` that find row i of `b`, by cosine and by margin.

    [n, d], [m, d]: the rows behind are distractors. Margin decides between the nearest by cosine.
    """
    cosines = a[:count] @ b.T  # [count, m]
    truth = np.arange(count)
    right = float((cosines.argmax(1) == truth).mean())
    few = min(_CANDIDATES, len(b))
    candidates = np.argpartition(-cosines, few - 1, 1)[:, :few]  # [count, few]
    used, place = np.unique(candidates, return_inverse=True)
    near = _nearness(b[used], a)[place.reshape(candidates.shape)] + _nearness(a[:count], b)[:, None]
    best = (np.take_along_axis(cosines, candidates, 1) / near).argmax(1)
    return 100 * right, 100 * float((candidates[truth, best] == truth).mean())


def both_ways(a: Floats, b: Floats, count: int) -> tuple[float, float]:
    """Cosine and margin of two languages, mean of both directions, in percent."""
    ways = one_way(a, b, count), one_way(b, a, count)
    return (ways[0][0] + ways[1][0]) / 2, (ways[0][1] + ways[1][1]) / 2


def read_texts(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The line-aligned texts NAME.<lang> of a folder, by name and language."""
    found: dict[str, dict[str, list[str]]] = {}
    for name in sorted({path.stem for path in folder.iterdir() if path.suffix[1:] in LANGS}):
        texts = {
            lang: (folder / f"{name}.{lang}").read_text("utf-8").splitlines()
            for lang in LANGS
            if (folder / f"{name}.{lang}").exists()
        }
        if len({len(t) for t in texts.values()}) != 1:
            sizes = ", ".join(f"{lang} {len(t)}" for lang, t in texts.items())
            raise SystemExit(f"{name}: the files are not line by line of one text ({sizes} lines)")
        found[name] = texts
    return found


def retrieval(encoder: Encoder, folder: Path, crowd: Sequence[Path] = (), most: int = 0) -> Any:
    """The table of all pairs of languages for every text of the folder; with the files `crowd`,
    among at most so many distractors of each language from there, too."""
    result: dict[str, Any] = {}
    for name, texts in read_texts(folder).items():
        vectors = {lang: encoder.encode(t) for lang, t in texts.items()}
        count = len(next(iter(texts.values())))
        found: dict[str, Any] = {"sentences": count, "pairs": _table(name, vectors, count)}
        if crowd:
            others = distractors(crowd, most, texts)
            found["distractors"] = {lang: len(t) for lang, t in others.items()}
            for lang, more in others.items():
                vectors[lang] = np.concatenate([vectors[lang], encoder.encode(more)])
            title = f"{name} among {max(map(len, others.values())):,}"
            found["among_distractors"] = _table(title, vectors, count)
        result[name] = found
    return result


def _table(title: str, vectors: Mapping[str, Floats], count: int) -> Any:
    table = {}
    for a, b in itertools.combinations(vectors, 2):
        cosine, margin = both_ways(vectors[a], vectors[b], count)
        table[f"{a}-{b}"] = {"cosine": round(cosine, 2), "margin": round(margin, 2)}
    print(f"\n{title:24}" + "  ".join(f"{pair:>6}" for pair in table))
    for kind in ("cosine", "margin"):
        print(f"{kind:24}" + "  ".join(f"{row[kind]:6.2f}" for row in table.values()))
    return table
