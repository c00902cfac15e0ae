"""Cues on the surface of sentences: who speaks, what is a list, what is hardly a word."""

from __future__ import annotations

import pytest

from align.core import evidence, features
from align.text import surface
from align.text.surface import (
    LIST_MARK,
    SPEECH,
    SPEECH_FIRST,
    SPEECH_LAST,
    SPEECH_OPEN,
    WORDLESS,
    surface_of,
)

FIRST, LAST, OPEN = SPEECH_FIRST, SPEECH_LAST, SPEECH_OPEN
LOOKED_AT = FIRST | LAST | OPEN | SPEECH | LIST_MARK | WORDLESS


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("He left.", 0),
        ("The boys' boat doesn't float.", SPEECH),  # an apostrophe that cannot be told apart
        ("It doesn't float.", 0),
        ("“Come in.”", FIRST | LAST | SPEECH),
        ("'Come in,' he said.", FIRST | SPEECH),
        ("He said: 'Come in.", OPEN | SPEECH),
        ('"Come', FIRST | OPEN | SPEECH),
        ("„Komm herein“, sagte er.", FIRST | SPEECH),
        ("Er sagte: „Komm herein.“", LAST | SPEECH),
        ("Er sagte: »Komm herein.", OPEN | SPEECH),
        ("»Komm«, sagte er.", FIRST | SPEECH),
        ("Il dit : « Entrez. »", LAST | SPEECH),
        ("Il dit : « Entrez.", OPEN | SPEECH),
        ("– Entrez.", FIRST | LIST_MARK),
        ("他说：“请进。", OPEN | SPEECH),
        ("“请进。”他说。", FIRST | SPEECH),
        ("他说：「请进。」", LAST | SPEECH),
        ("1. Milk", LIST_MARK),
        ("* * *", LIST_MARK | WORDLESS),
        ("- 17 -", LIST_MARK | FIRST | WORDLESS),
        ("好", WORDLESS),
        ("好的", 0),
        ("No.", 0),
    ],
)
def test_marks(text: str, wanted: int) -> None:
    assert int(surface_of([text], [0]).marks[0]) & LOOKED_AT == wanted


def test_the_core_reads_the_same_bits() -> None:
    names = ("ODD_QUOTES", "SPEECH_FIRST", "SPEECH_LAST", "SPEECH_OPEN", "LIST_MARK", "WORDLESS")
    for name in (*names, "SPEECH"):
        assert getattr(evidence, name) == getattr(surface, name), name
    assert (features.QUESTION, features.EXCLAMATION) == (surface.QUESTION, surface.EXCLAMATION)
    assert surface.DOTS + 1 == evidence.OPEN


def test_a_quotation_goes_on_until_it_is_closed() -> None:
    texts = ["He said: “Come in.", "Sit down.", "Have a cup of tea.”", "Nobody came."]
    marks = surface_of(texts, [0] * 4).marks
    assert [bool(mark & OPEN) for mark in marks] == [True, True, False, False]
    assert [bool(mark & SPEECH) for mark in marks] == [True, True, True, False]


def test_a_quotation_that_is_never_closed_ends_in_the_end() -> None:
    marks = surface_of(["He said: “Come in."] + ["And so on."] * 20, [0] * 21).marks
    assert [bool(mark & OPEN) for mark in marks] == [True] * 10 + [False] * 11
