"""How much third versions could settle of what pairs by themselves get wrong.

A bead that `align.pair` missed is settled by a third version if both ways over it are right: all
sentences of the bead are in right beads between the third version and either of the two. A
sentence that `align.pair` linked wrongly is settled as alone if it goes with sentences of the third
version that are, rightly, alone beside the other. Gold is put in for these, and scored: with the
word of every third version (`all`), or of one at least (`any`). Beyond `any` lies what no other
pair knows; and to reach it, the voice that is right would always have to be told from those that
are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

Link = tuple[tuple[int, ...], tuple[int, ...]]
Place = tuple[int, int, int]  # version, sentence, other version


def settled(
    found: Sequence[Sequence[Link]], golds: Sequence[Sequence[Link]], count: int
) -> dict[str, list[list[Link]]]:
    """The beads of each pair of `count` versions with gold for those that third ones settle."""
    pairs = list(combinations(range(count), 2))
    right: dict[Place, tuple[int, ...]] = {}  # what it goes with, rightly; (): nothing
    for (x, y), have, gold in zip(pairs, found, golds, strict=True):
        for src, tgt in set(have) & set(gold):
            right |= {(x, i, y): tgt for i in src} | {(y, j, x): src for j in tgt}

    def known(x: int, y: int, z: int, link: Link) -> bool:
        """Whether z knows it."""
        src, tgt = link
        if src and tgt:
            return all(right.get((x, i, z)) for i in src) and all(right.get((y, j, z)) for j in tgt)
        (own, other), ids = ((x, y), src) if src else ((y, x), tgt)
        here = [k for i in ids for k in right.get((own, i, z), ())]
        return bool(here) and all(right.get((z, k, other)) == () for k in here)

    out: dict[str, list[list[Link]]] = {"all": [], "any": []}
    for (x, y), have, gold in zip(pairs, found, golds, strict=True):
        others = [z for z in range(count) if z not in (x, y)]
        voices = {link: sum(known(x, y, z, link) for z in others) for link in set(gold) - set(have)}
        for name, enough in (("all", len(others)), ("any", 1)):
            new = sorted(link for link, number in voices.items() if number >= enough)
            taken = {(side, n) for link in new for side in (0, 1) for n in link[side]}
            kept = [
                link
                for link in have
                if taken.isdisjoint((side, n) for side in (0, 1) for n in link[side])
            ]
            out[name].append(kept + new)
    return out
