"""How often the vector of a freely translated sentence finds its translation.

    python -m benchmarks.free [--encoder E] [--gold FOLDER ...] [-o OUT]

The sentences of all texts in `data/prose` together, or of a folder of gold (`benchmarks.golds`):
asked are those that go one to one in the gold of a language pair, and every sentence of the other
language may be the answer. Both directions averaged, in percent, by cosine and by ratio margin
(`benchmarks.retrieval`). No encoder of the package was trained on these texts, but the one that
ships was on rows by the same hands as `data/prose`; gold of other hands tells more.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.load import load_encoder
from align.encoders.protocol import Encoder, Floats
from align.evaluate import read_links
from benchmarks.golds import Gold, find_set, sentences_of
from benchmarks.measure import RESULTS, ROOT, machine, write_json
from benchmarks.retrieval import LANGS, both_ways

OUT = RESULTS / "free.json"
Ints = npt.NDArray[np.int64]


def one_to_one(golds: Iterable[Gold]) -> Ints:
    """Numbers of the sentences that go one to one, counted through all documents. [n, 2]"""
    found: list[Ints] = [np.zeros((0, 2), np.int64)]
    before = np.zeros(2, np.int64)
    for gold in golds:
        ones = [(a[0], b[0]) for a, b in read_links(str(gold.gold)) if len(a) == len(b) == 1]
        found.append(before + np.array(ones, np.int64).reshape(-1, 2))
        before += [len(sentences_of(path)) for path in gold.sentences]
    return np.concatenate(found)


def _found(sides: Sequence[Floats], asked: Ints) -> dict[str, Any]:
    """How many are asked, and the share of them that is found by each measure."""
    first = []
    for vectors, own in zip(sides, asked.T, strict=True):
        others = np.setdiff1d(np.arange(len(vectors)), own)
        first.append(vectors[np.concatenate([own, others])])
    cosine, margin = both_ways(first[0], first[1], len(asked))
    return {"asked": len(asked), "cosine": round(cosine, 2), "margin": round(margin, 2)}


def measure_gold(encoder: Encoder, folder: Path) -> dict[str, Any]:
    """The same of the documents of a gold set, all together. One pair of languages."""
    golds = sorted(find_set(folder).golds, key=lambda gold: gold.name)
    sides = zip(*(map(sentences_of, gold.sentences) for gold in golds), strict=True)
    vectors = [encoder.encode([line for part in side for line in part]) for side in sides]
    (langs,) = {gold.langs for gold in golds}
    found = _found(vectors, one_to_one(golds))
    print(folder.name, found, flush=True)
    return {"name": folder.name, "langs": "-".join(langs), **found}


def measure(encoder: Encoder, folder: Path) -> dict[str, Any]:
    """Of every pair of languages, how many sentences were asked for and found."""
    texts = sorted(path.parent for path in folder.glob("*/sentences"))
    vectors = {
        lang: encoder.encode(
            [line for text in texts for line in sentences_of(text / "sentences" / f"{lang}.txt")]
        )
        for lang in LANGS
    }
    golds = [gold for text in texts for gold in find_set(text).golds]
    pairs = {}
    for src, tgt in combinations(LANGS, 2):
        asked = one_to_one(gold for gold in golds if gold.langs == (src, tgt))
        pairs[f"{src}-{tgt}"] = _found([vectors[src], vectors[tgt]], asked)
        print(f"{src}-{tgt}", pairs[f"{src}-{tgt}"], flush=True)
    sentences = {lang: len(rows) for lang, rows in vectors.items()}
    return {"texts": len(texts), "sentences": sentences, "pairs": pairs}


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--gold", nargs="*", type=Path, default=[], help="folders of gold")
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    arguments = parser.parse_args()
    encoder = load_encoder(arguments.encoder)
    found = measure(encoder, ROOT / "data" / "prose")
    found["golds"] = [measure_gold(encoder, gold) for gold in arguments.gold]
    write_json(arguments.output, {"encoder": encoder.name, "machine": machine(), **found})


if __name__ == "__main__":
    main()
