"""Sentence ends in scripts without spaces: Chinese and Japanese.

A full-width final mark ends a sentence wherever it stands, unless the closing quotation mark
behind it is followed by more of the same sentence (`“…？”他问。`). ASCII marks count where
Chinese stands around them; Latin stretches follow the English rules. Linear, see `spaced`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from align.text.spaced import stop_ends
from align.text.wordlists import Rules, rules_of

_FULL = frozenset("。！？｡")
_MARKS = "。！？｡!?…．."
_CLOSERS = "”’」』）》】〉\\])"
# The second mark of a run is no candidate: a run is tried once, which keeps a run of n linear.
_CANDIDATE = re.compile(
    rf"[{_MARKS}](?<![{_MARKS}][{_MARKS}])[{_MARKS}]*"
    rf"((?:\s*[{_CLOSERS}])*[\"']?[{_CLOSERS}]*)\s*"
)
_GOES_ON = frozenset("，、；：,;:…—～~%％）)]】》〉”’」』。！？｡")
# Particles that cannot open a sentence: `“为什么？”的问题`, `「行くの？」と聞いた`.
_PARTICLES = frozenset("的地得着吗呢吧之とってのをにはがもなだか")
_OPENERS = {"”": "“", "’": "‘", "」": "「", "』": "『", "）": "（", ")": "(", '"': '"', "'": "'"}
# A quotation that follows one of these is a sentence of its own; after a word it is a part of
# the sentence around it.
_INTRODUCES = frozenset("：:，,。！？；…—“‘「『\"' \u3000\n\r\t")
_CONJUNCTIONS = frozenset("但却而就也都是则直要以比或还再又并和与及等则所因由才便的地得")
_CLAUSE = re.compile(r"[^，。！？：；、“”‘’「」『』…\s]*\Z")
_LONG_CLAUSE = 8
_LATIN = re.compile(r"[^\u2e80-\uffff]*\Z")
_FIRST_CJK = "\u2e80"  # below it: Latin and other alphabets, ASCII and general punctuation
_WINDOW = 200  # characters looked back for the opening quotation mark


def ends_han(text: str, start: int, end: int, rules: Rules) -> Iterator[tuple[int, int]]:
    """`(end of a sentence, start of the next)` inside `text[start:end]`, in order.

    The block must begin and end with something visible; its own end is not yielded.
    """
    counted, odd = start, False  # where the straight quotation marks were counted to
    for match in _CANDIDATE.finditer(text, start, end):
        follow = match.end()
        if follow >= end:
            return
        close, stop = match.span(1)
        if close == stop and text[close - 1] in _FULL:
            if text[follow] not in _GOES_ON:
                yield stop, follow
                start = follow
            continue
        closers = match.group(1)
        if '"' in closers:
            odd ^= sum(text.count(quote, counted, stop) for quote in '"“”') % 2 == 1
            counted = stop
            if odd:  # it opens the next sentence
                stop = follow = text.index('"', close)
                closers = text[close:stop]
        if _is_end(text, start, match.start(), close, closers, follow, rules):
            yield stop, follow
            start = follow


def _is_end(
    text: str, start: int, mark: int, close: int, closers: str, follow: int, rules: Rules
) -> bool:
    """Whether the candidate ends a sentence that began at `start`."""
    if text[follow] in _GOES_ON:
        return False
    marks = text[mark:close]
    if _FULL.isdisjoint(marks):
        if "!" not in marks and "?" not in marks:
            if marks in (".", "．"):
                return _stop_ends(text, start, mark, close + len(closers), follow)
            if not closers:
                return "…" in marks and _ellipsis_ends(text, start, mark, follow)
        elif not closers and close == follow and _is_ascii_word(text, mark, follow):
            return False
    return not closers or not _quotation_goes_on(text, start, mark, closers, follow, rules)


def _is_ascii_word(text: str, mark: int, follow: int) -> bool:
    """Whether the mark stands in something like an address: ASCII close on both sides."""
    return mark > 0 and "!" < text[mark - 1] < "\x7f" and "!" < text[follow] < "\x7f"


def _stop_ends(text: str, start: int, mark: int, stop: int, follow: int) -> bool:
    """Whether an ASCII full stop ends the sentence."""
    if mark == start:
        return False
    before, after = text[mark - 1], text[follow]
    if before >= _FIRST_CJK and not before.isdigit():
        return stop < follow or not (after.isascii() and after.isalpha())  # 一个.zip文件
    if after < _FIRST_CJK and (stop == follow or after.islower()):
        return False  # 3.14, e.g., example.com
    latin = _LATIN.search(text, max(start, mark - _WINDOW), mark)
    start = latin.start()  # type: ignore[union-attr]
    if after < _FIRST_CJK:
        return stop_ends(text, start, mark, follow, rules_of("en"))
    word = text[start:mark].rsplit(None, 1)[-1:]  # "Python." ends, "Corp." and "12." do not
    return bool(word) and len(word[0]) > 3 and not rules_of("en").is_abbreviation(word[0])


def _ellipsis_ends(text: str, start: int, mark: int, follow: int) -> bool:
    """Whether `……` without a closing quotation mark ends the sentence.

    It does after a long clause outside quotation marks, unless a conjunction follows; inside
    them it is mostly a pause or a stammer.
    """
    if text[follow] in "“「『‘《":
        return True
    before = text[max(start, mark - _WINDOW) : mark]
    if text[follow] in _CONJUNCTIONS or text[follow] < _FIRST_CJK:
        return False
    if max(map(before.rfind, "“「『")) > max(map(before.rfind, "”」』")):
        return False
    return len(_CLAUSE.search(before).group()) >= _LONG_CLAUSE  # type: ignore[union-attr]


def _quotation_goes_on(
    text: str, start: int, mark: int, closers: str, follow: int, rules: Rules
) -> bool:
    """Whether the sentence continues behind the closing quotation mark or bracket."""
    closer = closers[-1]
    if closer in "》〉":
        return True  # a title that ends in a mark of its own
    opener = text.rfind(_OPENERS.get(closer, closer), max(start, mark - _WINDOW), mark)
    if closer in "）)】]":
        return opener > start
    if text[follow] in _PARTICLES:
        return True
    if rules.speech.match(text, follow, follow + 30):
        # unless its speaker was named before it: 他说：“好。”她说：…
        return not _is_introduced(text, mark, closer, rules)
    return opener > start and text[opener - 1] not in _INTRODUCES


def _is_introduced(text: str, mark: int, closer: str, rules: Rules) -> bool:
    """Whether a colon or a verb of speech leads to the quotation around `mark`."""
    first = max(0, mark - _WINDOW)
    opener = text.rfind(_OPENERS.get(closer, closer), first, mark)
    if opener <= first or text.find("\n", opener, mark) >= 0:
        return False
    lead = text[max(first, opener - 8) : opener]
    return lead[-1] in "：:" or rules.said.search(lead) is not None
