"""What the places where a bead begins and ends say for it.

A place between sentences has one of few states on either side: whether it begins a paragraph, how
the sentence before it closes, whether somebody begins to speak. What a pair of states says is
written into a table once; where beads begin and end, it is looked up.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ints, Side

# bits of Side.marks
SPEECH_FIRST, SPEECH_LAST, SPEECH_OPEN, LIST_MARK = 2, 4, 8, 16
CLOSINGS = 8  # classes of closing marks
QUESTION, EXCLAMATION = 2, 3  # two of them
BEGINS, ENDS = 8, 4 * CLOSINGS  # states

START_FEATURES = (  # of the two places where a bead begins
    "paragraph starts agree", "paragraph starts differ", "speech begins on both",
    "speech begins on one", "list marks agree", "list marks differ",
)  # fmt: skip
END_FEATURES = (  # of the two places where it ends
    "question differs", "exclamation differs", "same ending", "speech ends on both",
    "speech ends on one", "speech goes on on both", "speech goes on on one",
)  # fmt: skip


def begins_of(side: Side, starts: Floats) -> Ints:
    """The state of every place as one where something begins; `starts`: of paragraphs. [n + 1]"""
    state = starts.astype(np.int64)
    state[:-1] += 2 * (side.marks & SPEECH_FIRST > 0) + 4 * (side.marks & LIST_MARK > 0)
    return state


def ends_of(side: Side) -> Ints:
    """The state of every place as one where something ends. [n + 1]"""
    state = np.zeros(len(side) + 1, np.int64)
    last, goes_on = side.marks & SPEECH_LAST > 0, side.marks & SPEECH_OPEN > 0
    state[1:] = side.ends + CLOSINGS * last + 2 * CLOSINGS * goes_on
    return state


@functools.cache
def start_table(paragraphs: bool) -> Floats:
    """The START_FEATURES of any two states; without paragraphs in both documents none of them
    says anything. [F, BEGINS, BEGINS]"""
    state = np.arange(BEGINS)
    starts = [feature * paragraphs for feature in _agreeing(state & 1 > 0)]
    return _stacked(*starts, *_agreeing(state & 2 > 0), *_agreeing(state & 4 > 0))


@functools.cache
def end_table() -> Floats:
    """The END_FEATURES of any two states. [F, ENDS, ENDS]"""
    state = np.arange(ENDS)
    closing = state % CLOSINGS
    return _stacked(
        _agreeing(closing == QUESTION)[1],
        _agreeing(closing == EXCLAMATION)[1],
        closing[:, None] == closing,
        *_agreeing(state & CLOSINGS > 0),
        *_agreeing(state & 2 * CLOSINGS > 0),
    )


def looked_up(table: Floats, src: Ints, tgt: Ints) -> Floats:
    """What all pairs of places say, from their states.

    [..., s, s], [h + 1, S], [w + 1, S] -> [..., h + 1, w + 1, S]
    """
    states = table.shape[-1]
    at = (src * states)[:, None] + tgt
    return table.reshape(*table.shape[:-2], -1).take(at, -1)


def weighed(weights: Floats, table: Floats) -> Floats:
    """The weighted sum of the features in a table. [F], [F, s, s] -> [s, s]"""
    out: Floats = np.einsum("f,fst->st", weights, table)
    return out


def _agreeing(is_so: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where it is so in both states, and where in one of them. [s] -> [s, s]"""
    return is_so[:, None] & is_so, is_so[:, None] != is_so


def _stacked(*features: npt.NDArray[np.bool_]) -> Floats:
    """As one float32 array, the features first. [s, s] each"""
    return np.stack(features).astype(np.float32)
