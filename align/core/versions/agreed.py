"""What several versions agree on before rows are made: beads in order and moved ones.

Links that the other versions vote down are solved again, beads that hide changed places are taken
apart, and moved text must be believed by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from align.core.crossed import uncrossed
from align.core.merging import merge, without
from align.core.monotone import Beads
from align.core.moved import find_moved
from align.core.scorer import Scorer
from align.core.versions.rows import Pair
from align.core.versions.votes import Ballot, Contested, Ties, believed, settle
from align.core.versions.weighing import Weighed


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the versions agree on before rows are made of it."""

    firm: dict[Pair, Beads]  # in order
    moved: dict[Pair, Beads | None]
    ties: Ties


def agree(
    found: dict[Pair, Weighed],
    sizes: Sequence[int],
    scorer: Scorer,
    ballot: Ballot,
    k: int,
    threads: int = 1,
    monotone: bool = False,
) -> Agreed:
    """From weighed pairs. `k`, `threads` and `monotone` as in `align_sides`."""
    firm, ties = settled(found, sizes, scorer, ballot, monotone)
    moved: dict[Pair, Beads | None] = dict.fromkeys(found)
    if not monotone:
        moved = believed(candidates(found, firm, scorer, k, threads), ties, ballot)
    return Agreed(firm, moved, ties)


def freed_from(agreed: Agreed, freed: dict[Pair, Beads], sizes: Sequence[int]) -> Agreed:
    """The same without these beads: their sentences stand alone."""
    firm, moved = dict(agreed.firm), dict(agreed.moved)
    for pair, beads in freed.items():
        out_of_order = moved[pair]
        if out_of_order is not None:
            moved[pair] = without(out_of_order, beads)
        firm[pair] = merge(firm[pair], None, sizes[pair[0]], sizes[pair[1]], beads)[0]
    return Agreed(firm, moved, agreed.ties)


def settled(
    found: dict[Pair, Weighed],
    sizes: Sequence[int],
    scorer: Scorer,
    ballot: Ballot,
    monotone: bool = False,
) -> tuple[dict[Pair, Beads], Ties]:
    """The beads that the versions agree on and what they tie; those that hide changed places are
    taken apart, unless all is to be in order."""
    contested = {pair: Contested(one.now, one.beads, one.ready.box) for pair, one in found.items()}
    firm, ties = settle(contested, sizes, ballot, len(scorer.shapes))
    if not monotone:
        for pair, one in found.items():
            if one.blind:
                continue
            apart = uncrossed(one.ready.result(firm[pair]), scorer).beads
            if apart is not firm[pair]:
                firm[pair] = apart
                ties.tie(*pair, apart)
    return firm, ties


def candidates(
    found: dict[Pair, Weighed], firm: dict[Pair, Beads], scorer: Scorer, k: int, threads: int = 1
) -> dict[Pair, Beads | None]:
    """What each pair by itself would take for moved; nothing where vectors tell nothing."""
    return {
        pair: None if one.blind else find_moved(one.ready.result(firm[pair]), scorer, k, threads)
        for pair, one in found.items()
    }
