"""What third versions say about a pair: evidence by way of others.

If sentence x goes with z and z with y, x goes with y. Bead by bead (the consistency
transformation of ProbCons, Do et al. 2005, https://doi.org/10.1101/gr.2821705, for beads instead
of residues): a block of x and a block of y that go with the same block of z, through beads or
short chains of beads, are a bead if nothing cuts them apart at the same place of z. A sentence
whose counterpart in z has nothing in y has nothing there either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.side import Floats, Ints
from align.core.versions.posterior import Posterior

LEAST = 0.02  # probability of a bead or chain that is followed
LINKS = 3  # beads of the longest chain
NONE = -1  # no cut
BITS = 5  # hold the length of a block


@dataclass(frozen=True, slots=True)
class View:
    """The beads of a pair worth following, seen from version x: [c] each."""

    x: Ints  # first sentence in x and the one after the last
    x_end: Ints
    z: Ints
    z_end: Ints
    probability: Floats
    cuts: Ints  # [c, LINKS - 1]; where in z the chain has its joints, NONE: no more


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one third version says of a pair's beads [c] and sentences [n], [m]. All 0..1."""

    bead: Floats  # it goes by way of the witness, exactly
    src_known: Floats  # the sentence has a counterpart in the witness ...
    tgt_known: Floats
    src_absent: Floats  # ... which has none in the other document
    tgt_absent: Floats


def views(p: Posterior) -> tuple[View, View]:
    """A pair's beads from either side."""
    keep = np.flatnonzero(p.probability >= LEAST)
    one = p.src[keep], (p.src + p.a)[keep]
    two = p.tgt[keep], (p.tgt + p.b)[keep]
    cuts = np.full((len(keep), LINKS - 1), NONE, np.int64)
    q = p.probability[keep]
    return View(*one, *two, q, cuts), View(*two, *one, q, cuts)


def chains(beads: View, longest: int) -> View:
    """The beads and their chains of up to LINKS, at most `longest` sentences a side."""
    key = np.int64(1) << 32
    start, end = beads.x * key + beads.z, beads.x_end * key + beads.z_end
    order = np.argsort(start, kind="stable")
    starts = start[order]
    corners, place = np.unique(np.concatenate([start, end]), return_inverse=True)
    leaving = np.bincount(place[: len(start)], beads.probability, len(corners))
    coming = np.bincount(place[len(start) :], beads.probability, len(corners))
    through = np.maximum(leaving, coming)  # at least the probability of passing the corner
    found = [beads]
    for joint in range(LINKS - 1):
        head = found[-1]
        at = head.x_end * key + head.z_end
        low = np.searchsorted(starts, at, "left")
        count = np.searchsorted(starts, at, "right") - low
        first = np.repeat(np.arange(len(at)), count)
        offset = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
        then = order[low[first] + offset]
        p = head.probability[first] * beads.probability[then]
        p = p / np.maximum(through[np.searchsorted(corners, at[first])], 1e-9)
        x_end, z_end = beads.x_end[then], beads.z_end[then]
        ok = (p >= LEAST) & (x_end - head.x[first] <= longest) & (z_end - head.z[first] <= longest)
        first = first[ok]
        cuts = head.cuts[first].copy()
        cuts[:, joint] = head.z_end[first]
        found.append(View(head.x[first], x_end[ok], head.z[first], z_end[ok], p[ok], cuts))
    return View(
        *(np.concatenate([getattr(part, name) for part in found]) for name in View.__slots__)
    )


def testimony(
    p: Posterior,
    src: tuple[View, View, Floats],
    tgt: tuple[View, View, Floats],
) -> Testimony:
    """What one witness says of the pair `p`.

    `src` and `tgt` are, for either document, its beads with the witness, their chains, and the
    probabilities that the witness's sentences have no counterpart in the *other* document.
    """
    bead = _through(p, src[1], tgt[1])
    known, absent = _absent(src[0], src[2], len(p.src_alone))
    tgt_known, tgt_absent = _absent(tgt[0], tgt[2], len(p.tgt_alone))
    return Testimony(bead, known, tgt_known, absent, tgt_absent)


def _through(p: Posterior, src: View, tgt: View) -> Floats:
    """Probability of each bead of the pair by way of the witness. [c]"""
    key = np.int64(1) << 32
    blocks = tgt.z * key + tgt.z_end
    order = np.argsort(blocks, kind="stable")
    blocks = blocks[order]
    wanted = src.z * key + src.z_end
    low = np.searchsorted(blocks, wanted, "left")
    count = np.searchsorted(blocks, wanted, "right") - low
    one = np.repeat(np.arange(len(wanted)), count)
    two = order[low[one] + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)]
    same = (src.cuts[one][:, :, None] == tgt.cuts[two][:, None, :]) & (
        src.cuts[one][:, :, None] != NONE
    )
    whole = ~same.any((1, 2))
    one, two = one[whole], two[whole]
    q = src.probability[one] * tgt.probability[two]
    # numbers of beads: (first of x, first of y) and the two lengths
    width = int(max(len(p.tgt_alone), 1))
    lengths = ((src.x_end - src.x)[one] << BITS) | (tgt.x_end - tgt.x)[two]
    name = ((src.x[one] * width + tgt.x[two]) << 2 * BITS) | lengths
    own = ((p.src * width + p.tgt) << 2 * BITS) | (p.a << BITS) | p.b
    sorting = np.argsort(own)
    at = np.searchsorted(own[sorting], name)
    at = np.minimum(at, len(own) - 1)
    hit = own[sorting][at] == name
    out = np.bincount(sorting[at[hit]], q[hit], len(own))
    return np.minimum(out, 1).astype(np.float32)


def _absent(beads: View, alone: Floats, n: int) -> tuple[Floats, Floats]:
    """For each sentence: linked with the witness, and linked with what the other document lacks."""
    least = alone[beads.z]
    longest = int((beads.z_end - beads.z).max(initial=0))
    for step in range(1, longest):
        more = beads.z + step < beads.z_end
        least = np.where(more, np.minimum(least, alone[np.where(more, beads.z + step, 0)]), least)
    known, absent = np.zeros(n), np.zeros(n)
    for step in range(int((beads.x_end - beads.x).max(initial=0))):
        more = beads.x + step < beads.x_end
        at, q = (beads.x + step)[more], beads.probability[more]
        known += np.bincount(at, q, n)
        absent += np.bincount(at, q * least[more], n)
    return np.minimum(known, 1).astype(np.float32), np.minimum(absent, 1).astype(np.float32)
