"""Several versions at once against pairs on a gold set, from raw text.

Gold knows pairs of languages only. The rows that are right follow from those pairs that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import align
from align.evaluate import evaluate, read_links
from align.training.scorer import rising
from align.training.versions import rows_of_units
from benchmarks.golds import Gold, GoldSet, owners, sentences_of, translated
from benchmarks.multi_figures import Row, compare_rows, mean, rows_in


def report_gold(found_set: GoldSet, encoder: Any) -> dict[str, Any]:
    """A text with gold for some of its pairs, from raw text."""
    files: dict[str, tuple[Path, Path]] = {}
    for gold in found_set.golds:
        if gold.raw is None:
            raise SystemExit(f"{found_set.name}: the unsplit texts are not beside the gold")
        files |= dict(zip(gold.langs, zip(gold.raw, gold.sentences, strict=True), strict=True))
    texts = {lang: path.read_text(encoding="utf-8") for lang, (path, _) in files.items()}
    split = {lang: sentences_of(path) for lang, (_, path) in files.items()}
    found = align.multi({lang: path for lang, (path, _) in files.items()}, encoder=encoder)
    documents = dict(zip(found.langs, found.documents, strict=True))
    held = {lang: owners(texts[lang], documents[lang], split[lang]) for lang in files}
    out: dict[str, Any] = {"pair": {}, "multi": {}}
    moved = [0, 0]
    for gold in found_set.golds:
        links, (src, tgt) = read_links(str(gold.gold)), gold.langs
        alone = align.pair(files[src][0], files[tgt][0], encoder=encoder)
        for which, one in (("pair", alone), ("multi", found.pairwise(src, tgt))):
            predicted = [link for _, link in translated(one.beads, held[src], held[tgt])]
            out[which][gold.name] = round(evaluate(links, predicted).strict.f1, 4)
        together = _rows_by_sentence(found, held)
        for a, b in _crossing(gold):
            moved[1] += 1
            moved[0] += len({together[src, i] for i in a} | {together[tgt, j] for j in b}) == 1
    for which in ("pair", "multi"):
        out[which] = {"strict_f1": mean(out[which].values()), "by_languages": out[which]}
    out["moved_in_their_rows"] = f"{moved[0]} of {moved[1]}"
    have = [
        (frozenset((v, g) for v, i in row for g in held[found.langs[v]][i]), p)
        for row, p in rows_in(found)
    ]
    have = [(row, p) for row, p in have if row]
    out["rows"] = compare_rows(have, _gold_rows(found_set, found.langs, split)).record()
    return out


def _rows_by_sentence(
    found: align.MultiAlignment, held: dict[str, list[list[int]]]
) -> dict[tuple[str, int], int]:
    """The row of each gold sentence."""
    return {
        (lang, g): number
        for number, row in enumerate(found.rows)
        for lang, ids in zip(found.langs, row.ids, strict=True)
        for i in ids
        for g in held[lang][i]
    }


def _crossing(gold: Gold) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The gold pairs out of order."""
    pairs = sorted((tuple(a), tuple(b)) for a, b in read_links(str(gold.gold)) if a and b)
    return sorted(set(pairs) - set(rising(pairs)))


def _gold_rows(found_set: GoldSet, langs: Sequence[str], split: dict[str, list[str]]) -> list[Row]:
    """The rows that follow from the gold of some pairs."""
    units = []
    for gold in found_set.golds:
        x, y = (langs.index(lang) for lang in gold.langs)
        for a, b in read_links(str(gold.gold)):
            if a and b:
                unit: list[tuple[int, ...]] = [()] * len(langs)
                unit[x], unit[y] = tuple(a), tuple(b)
                units.append(tuple(unit))
    return rows_of_units(units, [len(split[lang]) for lang in langs])
