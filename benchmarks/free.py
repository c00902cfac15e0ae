"""How often the vector of a freely translated sentence finds its translation.

    python -m benchmarks.free [--encoder E] [-o OUT]

The sentences of all texts in `data/prose` together; asked are those that go one to one in the gold
of a language pair, and every sentence of the other language may be the answer. Both directions
averaged, in percent, by cosine and by ratio margin (`benchmarks.retrieval`). No encoder of the
package was trained on these texts.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from align.encoders.load import load_encoder
from align.encoders.protocol import Encoder
from align.evaluate import read_links
from benchmarks.golds import sentences_of
from benchmarks.measure import RESULTS, ROOT, machine, write_json
from benchmarks.retrieval import LANGS, both_ways

OUT = RESULTS / "free.json"


def one_to_one(texts: list[Path], src: str, tgt: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Numbers of the sentences that go one to one, counted through all texts. [n, 2]"""
    found, before = [np.zeros((0, 2), np.int64)], np.zeros(2, np.int64)
    for text in texts:
        links = read_links(str(text / "gold" / f"{src}-{tgt}.gold"))
        ones = [(a[0], b[0]) for a, b in links if len(a) == len(b) == 1]
        found.append(before + np.array(ones, np.int64).reshape(-1, 2))
        before = before + [len(sentences_of(text / "sentences" / f"{x}.txt")) for x in (src, tgt)]
    return np.concatenate(found)


def measure(encoder: Encoder, folder: Path) -> dict[str, Any]:
    """Of every pair of languages, how many sentences were asked for and found."""
    texts = sorted(path.parent for path in folder.glob("*/sentences"))
    vectors = {
        lang: encoder.encode(
            [line for text in texts for line in sentences_of(text / "sentences" / f"{lang}.txt")]
        )
        for lang in LANGS
    }
    pairs = {}
    for src, tgt in combinations(LANGS, 2):
        asked = one_to_one(texts, src, tgt)
        sides = []
        for lang, own in zip((src, tgt), asked.T, strict=True):
            others = np.setdiff1d(np.arange(len(vectors[lang])), own)
            sides.append(vectors[lang][np.concatenate([own, others])])
        cosine, margin = both_ways(*sides, len(asked))
        pairs[f"{src}-{tgt}"] = {
            "asked": len(asked),
            "cosine": round(cosine, 2),
            "margin": round(margin, 2),
        }
        print(f"{src}-{tgt}", pairs[f"{src}-{tgt}"], flush=True)
    sentences = {lang: len(rows) for lang, rows in vectors.items()}
    return {"texts": len(texts), "sentences": sentences, "pairs": pairs}


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    arguments = parser.parse_args()
    encoder = load_encoder(arguments.encoder)
    found = measure(encoder, ROOT / "data" / "prose")
    write_json(arguments.output, {"encoder": encoder.name, "machine": machine(), **found})


if __name__ == "__main__":
    main()
