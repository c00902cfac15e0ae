"""Late interaction: how well the units of one block are found in the other block.

For each unit its best cosine among the other block's units (as in ColBERT, Khattab & Zaharia 2020,
https://arxiv.org/abs/2004.12832), minus the mean of that best cosine over blocks of the same size,
weighted by the unit's norm. Without the subtraction long blocks would always win.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.blocks import running
from align.core.cover import Cover, best_of, ranges
from align.core.side import Floats, Ints

CELLS = 1 << 18  # cosines computed together: they stay in the cache
WASTE = 1 << 14  # cosines of padding that cost less than one group more
LARGE = 1 << 22  # numbers that are too many to be held at once
OUTSIDE = -1e4  # gain of a sentence from what its segment lacks


@dataclass(frozen=True, slots=True)
class Coverage:
    """Gains of S segments, in mean sentences, summed over the sentences before a row (or column).

    `src[b - 1, i, j, s]` sums, over source sentences before i, the gain from the b target sentences
    before j; `tgt[a - 1, i, j, s]` sums, over target sentences before j, the gain from the a source
    sentences before i. Blocks longer than the segments have no entry. Where a block is not in the
    segment, and in one more column (or row), every sentence has the gain OUTSIDE, so that no bead
    seems to leave anything out there.
    """

    src: Floats  # [B, h + 1, w + 2, S]
    tgt: Floats  # [A, h + 2, w + 1, S]
    # what is covered times how far behind the middle of its sentence it stands, -.5 to .5; None:
    # each sentence is one unit, or no segment is larger than a pair
    src_placed: Floats | None  # [B, h + 1, w + 1, S]
    tgt_placed: Floats | None  # [A, h + 1, w + 1, S]


def coverage(src: Cover, tgt: Cover, box: Segments, products: Floats, mean_mass: float) -> Coverage:
    """The gains inside each segment, padded to the largest.

    `products` are those of the sentences' vectors, [h, w, S].
    """
    h, w, count = products.shape
    heights, widths = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    tall, wide = min(len(src.usual), h), min(len(src.usual), w)
    if src.single != tgt.single:
        raise AssertionError("one side has parts of sentences as units, the other none")
    by_src = np.zeros((wide, h + 1, w + 2, count), np.float32)
    by_tgt = np.zeros((tall, h + 2, w + 1, count), np.float32)
    src_placed = tgt_placed = None
    if src.single:
        _all_at_once(src, tgt, box, products, by_src, by_tgt)
    else:
        found = np.zeros((2, wide, count, h + 1, w + 1), np.float32)
        back = np.zeros((2, tall, count, w + 1, h + 1), np.float32)
        one = (heights == 1) & (widths == 1)
        for chosen, work in ((one, _of_pairs), (~one & (heights > 0) & (widths > 0), _of_boxes)):
            if chosen.any():
                work(src, tgt, box, np.flatnonzero(chosen), found, back)
        by_src[:, :, :-1] = found[0].transpose(0, 2, 3, 1)
        by_tgt[:, :-1] = back[0].transpose(0, 3, 2, 1)
        if max(h, w) > 1:
            src_placed = np.ascontiguousarray(found[1].transpose(0, 2, 3, 1)) / mean_mass
            tgt_placed = np.ascontiguousarray(back[1].transpose(0, 3, 2, 1)) / mean_mass
            running(src_placed, 1)
            running(tgt_placed, 2)
    running(by_src, 1)  # of all groups at once
    running(by_tgt, 2)
    by_src /= mean_mass
    by_tgt /= mean_mass
    for out, inside in ((by_src, widths), (by_tgt.transpose(0, 2, 1, 3), heights)):
        far = OUTSIDE * np.arange(out.shape[1], dtype=np.float32)[:, None]
        out[:, :, -1] = far
        for size in range(1, len(out) + 1):
            out[size - 1, :, :size] = far[:, None]
        short = np.flatnonzero(inside < out.shape[2] - 2)
        out[:, :, inside[short] + 1, short] = far
    return Coverage(by_src, by_tgt, src_placed, tgt_placed)


def _alike(tall: Ints, wide: Ints) -> Iterator[Ints]:
    """Numbers of segments with about as many units, in groups: little padding, little memory."""
    order = np.argsort(tall + wide, kind="stable")
    start = top = right = used = 0
    for end, (t, u) in enumerate(zip(tall[order].tolist(), wide[order].tolist(), strict=True)):
        higher, wider, now = max(top, t), max(right, u), used + t * u
        cells = (end + 1 - start) * higher * wider
        if end > start and (cells > CELLS or cells - now > max(WASTE, now // 3)):
            yield order[start:end]
            start, higher, wider, now = end, t, u, t * u
        top, right, used = higher, wider, now
    yield order[start:]


def _of_pairs(
    src: Cover, tgt: Cover, box: Segments, chosen: Ints, by_src: Floats, by_tgt: Floats
) -> None:
    """Writes the gains of the chosen segments, which have one sentence a side, and no places."""
    i, j = box.src_first[chosen], box.tgt_first[chosen]
    x_first, x_last, y_first, y_last = (
        src.starts[i], src.starts[i + 1], tgt.starts[j], tgt.starts[j + 1]
    )  # fmt: skip
    for group in _alike(x_last - x_first, y_last - y_first):
        x, y = (
            src.numbers(x_first[group], x_last[group]),
            tgt.numbers(y_first[group], y_last[group]),
        )
        x_mass, y_mass = src.mass_of(x), tgt.mass_of(y)
        rows = src.rows.take(x, 0, mode="clip"), tgt.rows.take(y, 0, mode="clip")
        cosines = rows[1] @ rows[0].transpose(0, 2, 1)  # [G, y, x]
        for best, mass, usual, out in (
            (cosines.max(1), x_mass, src.usual[0, i[group]], by_src),
            (cosines.max(2), y_mass, tgt.usual[0, j[group]], by_tgt),
        ):
            found = np.einsum("gt,gt->g", np.maximum(best, 0), mass)
            out[0, 0, chosen[group], 1, 1] = found - usual


def _of_boxes(
    src: Cover, tgt: Cover, box: Segments, chosen: Ints, by_src: Floats, by_tgt: Floats
) -> None:
    """Writes the gains of the chosen segments, of any size but empty ones, and their places."""
    i, i_end, j, j_end = (
        box.src_first[chosen], box.src_last[chosen], box.tgt_first[chosen], box.tgt_last[chosen]
    )  # fmt: skip
    for group in _alike(src.starts[i_end] - src.starts[i], tgt.starts[j_end] - tgt.starts[j]):
        x, y = _part(src, i[group], i_end[group]), _part(tgt, j[group], j_end[group])
        if len(group) * x.rows.shape[1] * y.rows.shape[1] > LARGE:
            _gains(_best_in_strips(x, y), x, by_src, chosen[group])
            _gains(_best_in_strips(y, x), y, by_tgt, chosen[group])
            continue
        cosines = y.rows @ x.rows.transpose(0, 2, 1)  # [G, y, x]
        _gains(_best(cosines, y), x, by_src, chosen[group])
        back = np.ascontiguousarray(cosines.transpose(0, 2, 1))
        _gains(_best(back, x), y, by_tgt, chosen[group])


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a group of G segments, padded to h sentences and u units; t units in all."""

    rows: Floats  # [G, u, e]
    usual: Floats  # [A, G, h]
    entries: Ints  # [t]; units of all sentences, as rows of [G * u]
    lengths: Ints  # [G * h]; units of each sentence
    mass: Floats  # [2, t]; and times its distance from the middle


def _part(cover: Cover, first: Ints, last: Ints) -> Part:
    """The sentences first .. last of each of G segments, one at least."""
    begin, heights, count = cover.starts[first], last - first, len(first)
    units = cover.numbers(begin, cover.starts[last])
    h, u = int(heights.max()), units.shape[1]
    sentences = ranges(first, heights)
    segment = np.repeat(np.arange(count), heights)
    of_each = cover.starts[sentences + 1] - cover.starts[sentences]
    at = ranges(cover.starts[sentences], of_each)
    place = at - np.repeat(begin[segment], of_each)  # in its segment
    lengths = np.zeros(count * h, np.int64)
    lengths[segment * h + sentences - first[segment]] = of_each
    own = np.minimum(first[:, None] + np.arange(h), last[:, None] - 1)
    return Part(
        cover.rows.take(units, 0, mode="clip"),  # faster than an index
        cover.usual[:, own],
        np.repeat(segment, of_each) * u + place,
        lengths,
        np.stack([cover.mass[at], cover.placed[at]]),
    )


def _best(cosines: Floats, other: Part) -> Floats:
    """The best cosine of each own unit in each of the other sentences. [G, y, x] -> [G, h, x]"""
    best = best_of(cosines.reshape(-1, cosines.shape[2]), other.entries, other.lengths)
    return best.reshape(len(cosines), -1, cosines.shape[2])


def _best_in_strips(own: Part, other: Part) -> Floats:
    """The same where all cosines together would take too much memory."""
    count, units = own.rows.shape[:2]
    step = max(1, LARGE // (count * other.rows.shape[1]))
    strips = (
        other.rows @ own.rows[:, low : low + step].transpose(0, 2, 1)
        for low in range(0, units, step)
    )
    return np.concatenate([_best(strip, other) for strip in strips], 2)


def _gains(best: Floats, own: Part, out: Floats, group: Ints) -> None:
    """The gain of each own sentence from each block of the other side.

    `best` [G, other, u], at least 0 -> `out` [2, A, group, own + 1, other + 1]
    """
    count, others, units = best.shape
    h = len(own.lengths) // count
    dense = None
    if 2 * count * h * units <= LARGE:  # a product is faster than sums of runs
        dense = np.zeros((2, count * h, units), np.float32)
        sentence = np.repeat(np.arange(count * h), own.lengths)
        dense[:, sentence, own.entries % units] = own.mass
        dense = dense.reshape(2, count, h, units)
    run = best
    for b in range(1, min(out.shape[1], others) + 1):
        if b > 1:
            run = np.maximum(run[:, :-1], best[:, b - 1 :])
        # [2, G, own, other + 1 - b]
        gain = _summed(run, own) if dense is None else dense @ run.transpose(0, 2, 1)
        gain[0] -= own.usual[b - 1][:, :, None]
        out[:, b - 1, group, 1 : h + 1, b : others + 1] = gain


def _summed(run: Floats, own: Part) -> Floats:
    """The sums over the units of each sentence times their mass. [G, k, u] -> [2, G, h, k]"""
    count, blocks, _ = run.shape
    out = np.zeros((2, len(own.lengths), blocks), np.float32)
    full = np.flatnonzero(own.lengths)
    if len(full):
        begins = (np.cumsum(own.lengths) - own.lengths)[full]
        found = run.transpose(0, 2, 1).reshape(-1, blocks)[own.entries]  # [t, k]
        for mass, sums in zip(own.mass, out, strict=True):
            sums[full] = np.add.reduceat(found * mass[:, None], begins, 0)
    return out.reshape(2, count, -1, blocks)


def _all_at_once(
    src: Cover, tgt: Cover, box: Segments, products: Floats, by_src: Floats, by_tgt: Floats
) -> None:
    """Writes the gains of all segments where each sentence is one unit: nothing to pad inside.

    [B, h + 1, w + 2, S] and [A, h + 2, w + 1, S]
    """
    h, w, _ = products.shape
    i, j = box.src_first + np.arange(h)[:, None], box.tgt_first + np.arange(w)[:, None]
    out_i, out_j = i >= box.src_last, j >= box.tgt_last
    i, j = np.minimum(i, len(src.mass) - 1), np.minimum(j, len(tgt.mass) - 1)
    x, y = src.mass.take(i), tgt.mass.take(j)
    # nothing is found outside
    best = products * (~out_i / np.maximum(x, 1e-6)).astype(np.float32)[:, None]
    best *= (~out_j / np.maximum(y, 1e-6)).astype(np.float32)
    run = best = np.maximum(best, 0, out=best)
    x, usual = x[:, None], src.usual.take(i, 1)[:, :, None]  # [A, h, 1, S]
    for b in range(1, len(by_src) + 1):
        if b > 1:
            run = np.maximum(run[:, :-1], best[:, b - 1 :])
        gain = by_src[b - 1, 1:, b:-1]
        np.multiply(run, x, out=gain)
        gain -= usual[b - 1]
    run, usual = best, tgt.usual.take(j, 1)  # [A, w, S]
    for a in range(1, len(by_tgt) + 1):
        if a > 1:
            run = np.maximum(run[:-1], best[a - 1 :])
        gain = by_tgt[a - 1, a:-1, 1:]
        np.multiply(run, y, out=gain)
        gain -= usual[a - 1]
