"""Cues on the surface of sentences: who speaks, what is a list, what is hardly a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.core import evidence, places
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
        ("四", LIST_MARK | WORDLESS),  # the number of a chapter
        ("第十二章", LIST_MARK),
        ("XIV.", LIST_MARK),
        ("I", LIST_MARK | WORDLESS),
        ("C", WORDLESS),
        ("I am", 0),
        ("好的", 0),
        ("No.", 0),
    ],
)
def test_marks(text: str, wanted: int) -> None:
    assert int(surface_of([text], [0]).marks[0]) & LOOKED_AT == wanted


def test_the_core_reads_the_same_bits() -> None:
    for name in ("ODD_QUOTES", "WORDLESS", "SPEECH"):
        assert getattr(evidence, name) == getattr(surface, name), name
    for name in ("SPEECH_FIRST", "SPEECH_LAST", "SPEECH_OPEN", "LIST_MARK"):
        assert getattr(places, name) == getattr(surface, name), name
    assert surface.SEMICOLON < places.CLOSINGS
    assert (places.QUESTION, places.EXCLAMATION) == (surface.QUESTION, surface.EXCLAMATION)
    assert surface.DOTS + 1 == evidence.OPEN


def test_a_quotation_goes_on_until_it_is_closed() -> None:
    texts = ["He said: “Come in.", "Sit down.", "Have a cup of tea.”", "Nobody came."]
    marks = surface_of(texts, [0] * 4).marks
    assert [bool(mark & OPEN) for mark in marks] == [True, True, False, False]
    assert [bool(mark & SPEECH) for mark in marks] == [True, True, True, False]


def test_a_quotation_that_is_never_closed_ends_in_the_end() -> None:
    marks = surface_of(["He said: “Come in."] + ["And so on."] * 20, [0] * 21).marks
    assert [bool(mark & OPEN) for mark in marks] == [True] * 10 + [False] * 11


def numbers(text: str) -> list[int]:
    ids, starts = surface_of(["12", text, "7"], [0] * 3).numbers
    return ids[starts[1] : starts[2]].tolist()


def names(text: str) -> list[int]:
    ids, starts = surface_of(["Before", text, "Behind"], [0] * 3).names
    return ids[starts[1] : starts[2]].tolist()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("in 1,956 towns", "1956"),
        ("1.956", "1956"),
        ("1 956 and 1'956", "1956"),
        ("一千九百五十六", "1956"),
        ("１９５６", "1956"),
        ("3,5", "3.5"),
        ("007", "7"),
        ("März", "3"),
        ("3 mars 3", "3"),
        ("12.30", "12,30"),
        ("x²", "2"),
        ("½", "1 2"),
        ("ﬁrst of 12 caﬀés: 5", "12 5"),  # characters that are several in plain text stand before
        ("第二十三章", "23"),
    ],
)
def test_numbers_are_the_same_in_all_languages(text: str, same: str) -> None:
    assert numbers(text) == numbers(same) != []


@pytest.mark.parametrize("text", ["one and two", "一 or 二", "万一", "", "x"])
def test_there_is_no_number(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "other", "shared"),
    [
        ("la démocratie", "democracy", 1),
        ("ﬁnal", "final", 1),
        ("e\u0301toile", "étoile", 1),
        ("Müller meets MÜLLER", "mullerin", 1),
        ("snow_flake", "snow flake", 2),
        ("abc de1fg", "abcd efg", 0),
        ("straße", "strasse", 0),
        ("手机iPhone手机", "iphone", 1),
        ("Москва", "МОСКВЫ", 1),
    ],
)
def test_names_are_the_beginnings_of_words(text: str, other: str, shared: int) -> None:
    assert len({*names(text)} & {*names(other)}) == shared


PIECES = st.text(
    st.sampled_from("aéÉ 1２三百'’\"“”«»½ﬁ…²\n-(一)、.,!?。ßœ\u0301한ёΣİ㊀𝟙😀№ªⅧ٣"), max_size=20
)


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_the_company_of_a_sentence_changes_nothing_but_who_speaks(texts: list[str]) -> None:
    found = surface_of(texts, [0] * len(texts))
    for i, text in enumerate(texts):
        alone = surface_of([text], [0])
        assert (found.lengths[i], found.ends[i]) == (alone.lengths[0], alone.ends[0])
        assert (found.marks[i] ^ alone.marks[0]) & ~(OPEN | SPEECH) == 0
        for (ids, starts), (wanted, _) in (
            (found.numbers, alone.numbers),
            (found.names, alone.names),
        ):
            assert ids[starts[i] : starts[i + 1]].tolist() == wanted.tolist()


def test_no_sentences() -> None:
    found = surface_of([], [])
    assert found.lengths.shape == found.ends.shape == found.marks.shape == (0,)
    assert found.names[1].tolist() == found.numbers[1].tolist() == [0]
