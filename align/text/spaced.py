"""Sentence ends in scripts that put spaces between words.

One regular expression finds the candidates (a final mark, its closing quotation marks, white
space); a candidate costs a few look-ups in the word before and the word after it. Nothing looks
further than a fixed window, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from align.text.wordlists import Rules

# Final marks of the scripts with spaces, and the Chinese ones, which need no space after them.
_MARKS = ".!?…‼⁇⁈⁉‽؟۔।॥։።\u037e"
_HAN_MARKS = "。！？｡"
# Directly behind a final mark every quotation mark closes, whatever its shape: `“` closes in
# German and opens in English, `«` closes in German books and opens in French.
_CLOSERS = r"\"'”’»›“‘«‹)\]}）］】」』》〉"
# The second mark of a run is no candidate: a run is tried once, which keeps a run of n linear.
# One class of characters comes first, so that the search for it is all that most characters cost.
_CANDIDATE = re.compile(
    rf"[{_MARKS}{_HAN_MARKS}]"
    rf"(?:(?<=[{_MARKS}])(?<![{_MARKS}][{_MARKS}])[{_MARKS}]*"
    rf"([{_CLOSERS}]*(?:\[\d{{1,3}}\])*(?:\s+[»›”)\]](?=\s|\Z))*)"
    rf"(?:\s+|(?=[“„«「『]\w))"
    rf"|(?<=[{_HAN_MARKS}])[{_HAN_MARKS}]*([{_CLOSERS}]*)\s*)"
)
# What may stand before the first word of a sentence.
_BEFORE_WORD = re.compile(r"[\s\"'“”„«»‹›‘’‚「『(\[{¿¡–—\-•·*#_§]*")
_WORD = re.compile(r"[^\W\d_]+")
_LISTED = re.compile(r"\(?(?:[a-z]|[ivx]{1,4})\)\s")  # (a) b) iv)
_BRAND = re.compile(r"[a-z][A-Z][a-z]")  # iPhone, eBay
_FIRST_ITEM = re.compile(r"\D:\s+\d{1,2}\Z")  # "the steps: 1." but not the score "3: 1."
_SPACE = re.compile(r"\s*")
_ROMAN = re.compile(r"[IVXLC]+\b")
# "1." "12.3." "(a)." "IV." and the like, standing alone, number what follows.
_STUB = re.compile(r"[\W_]*(?:\d{1,3}(?:\.\d{1,2}){0,3}|[^\W\d_]|[ivx]{1,5}|[IVX]{1,5})?[\W_]*")
_NO_WORD = re.compile(r"[\W_]*")
_YEAR = re.compile(r"\(\d{4}(?:[-–/]\d{2,4})?\)")
_ORDINAL = re.compile(r"\d{1,3}|\d\d?\.\d\d?|\d\d?\.[-–]\d\d?")  # 5. or 24.12. or 24.-30.
_DOTTED = re.compile(r"[^\W\d_]{1,2}(?:\.-?[^\W\d_]{1,4})+")
_LETTERS_BEFORE = re.compile(r"(?:[^\W\d_]\.\s?)*[^\W\d_]\Z")
_TAIL = re.compile(r"['’\-–/(\[“\"]")
_LONE_LETTER = re.compile(r"(?:\A|\s)[A-Z]\s+\Z")  # an initial: J . R . R . Tolkien
_VOWELS = frozenset("aeiouyäöüáàâéèêëíîïóôúùûœæ")
# Marks that let the sentence go on.
_GOES_ON = frozenset(",;:%)]}.!?…，、；：）。！？")
_OPENING = "([{\"'“”„«»‹›‘’‚*_¿¡"
_HIGHEST_TITLE = 3  # "sie ist 1. Vorsitzende": a number that stands without an article
_WINDOW = 40  # characters looked at before a mark
_REMARK = 200  # most characters of a remark in brackets


def ends_spaced(text: str, start: int, end: int, rules: Rules) -> Iterator[tuple[int, int]]:
    """`(end of a sentence, start of the next)` inside `text[start:end]`, in order.

    The block must begin and end with something visible; its own end is not yielded.
    """
    counted, odd = start, False  # where the straight quotation marks were counted to
    for match in _CANDIDATE.finditer(text, start, end):
        follow = match.end()
        if follow >= end:
            return
        if match.group(2) is not None:
            if text[follow] not in _GOES_ON:
                yield match.end(2), follow
                start = follow
        elif _is_end(text, start, end, match, rules):
            stop = match.end(1)
            if text[follow] == '"' and text[follow + 1].isspace():
                odd ^= text.count('"', counted, stop) % 2 == 1
                counted = stop
                if odd:  # text with spaces around its marks: it closes this sentence
                    stop = follow + 1
                    follow = _SPACE.match(text, stop).end()  # type: ignore[union-attr]
            yield stop, follow
            start = follow


def _is_end(text: str, start: int, end: int, match: re.Match[str], rules: Rules) -> bool:
    """Whether the candidate ends a sentence that began at `start`."""
    mark, follow = match.start(), match.end()
    close = match.start(1)
    if mark - start < 8 and _is_stub(text, start, mark):
        return False
    word = follow
    if not text[follow].isupper():  # else it begins with a word, and nothing tells against an end
        word = _BEFORE_WORD.match(text, follow, end).end()  # type: ignore[union-attr]
        if word >= end or text[follow] in _GOES_ON:
            return False
        if text[word].islower() and not (_LISTED.match(text, follow) or _BRAND.match(text, word)):
            return False
        if text[follow] == "(" and _YEAR.match(text, follow):
            return False  # the year of a work whose title ends in a mark: "Help! (1965)"
        if text[follow] in "»›”’" and not text[follow + 1 : follow + 2].isalnum():
            return False  # it closes what the white space tore off: « Non ! », dit-il
    if close < match.end(1) and _closing_goes_on(text, start, mark, match.group(1), word, rules):
        return False
    if close - mark == 1:
        if text[mark] == ".":
            return stop_ends(text, start, mark, word, rules)
        if text[mark] != "…":
            return not _is_marked_name(text, start, close, word, rules)
    elif text[mark : mark + 2] != "..":
        return True
    return _ellipsis_ends(text, mark, word, rules)


def _is_stub(text: str, start: int, mark: int) -> bool:
    """Whether what stands before the mark is no sentence yet: a number, a letter, or marks."""
    return (_STUB if text[mark] == "." else _NO_WORD).fullmatch(text, start, mark) is not None


def _is_marked_name(text: str, start: int, close: int, word: int, rules: Rules) -> bool:
    """Whether the mark belongs to a name, as in `Yahoo! Inc.`, that the sentence goes on after."""
    name = text[max(start, close - _WINDOW) : close].rsplit(None, 1)[-1].lstrip(_OPENING)
    return name in rules.sometimes and not _is_starter(text, word, rules)


def _closing_goes_on(
    text: str, start: int, mark: int, closers: str, word: int, rules: Rules
) -> bool:
    """Whether the sentence goes on behind a closing quotation mark or bracket."""
    if ")" in closers and text[mark] != ".":
        since = max(start + 1, mark - _REMARK)
        if text.rfind("(", since, mark) > text.rfind(")", since, mark):
            return True  # a remark in brackets inside the sentence
    said = rules.speech.match(text, word, word + 80)
    return said is not None and not _is_starter(text, word, rules)


def stop_ends(text: str, start: int, mark: int, word: int, rules: Rules) -> bool:
    """Whether a single full stop ends the sentence: what stands before it, and after."""
    before = text[max(start, mark - _WINDOW) : mark]
    if before[-1:].isspace():  # text with spaces between all tokens: no abbreviation's stop
        alone = text[word].isupper() and _LONE_LETTER.search(before)
        return not alone or _is_starter(text, word, rules)
    token = before.rsplit(None, 1)[-1].lstrip(_OPENING)
    if len(token) > 4 and token.isalpha() and rules.is_common(token):
        return True
    tail = _TAIL.split(token)[-1]
    if len(tail) < 2:
        tail = token
    listed = _listed_ends(token, tail, text, word, rules)
    if listed is not None:
        return listed
    if token.isalpha():
        if len(token) == 1:
            letters = _LETTERS_BEFORE.search(before)
            spelled = letters.group().replace(" ", "").replace("\xa0", "") if letters else token
            return spelled not in rules.never and _is_starter(text, word, rules)
        if rules.ordinals and token.isupper() and _ROMAN.fullmatch(token):
            return _is_starter(text, word, rules)
        if len(token) < 5 and rules.starters and not token.isupper():
            return not _VOWELS.isdisjoint(token.lower()) or _is_starter(text, word, rules)
        return True
    if _FIRST_ITEM.search(before):
        return False
    if rules.ordinals and _ORDINAL.fullmatch(token):
        return _is_amount(before, token, text, word, rules) or _is_starter(text, word, rules)
    return not _DOTTED.fullmatch(token) or _is_starter(text, word, rules)


def _listed_ends(token: str, tail: str, text: str, word: int, rules: Rules) -> bool | None:
    """Whether a stop behind a word of the lists ends the sentence; None if it is in none."""
    if token in rules.never or tail in rules.never:
        return False
    if token.lstrip("0123456789:.") in rules.hours:
        return _is_starter(text, word, rules) or _is_new_word(text, word, rules)
    if tail.endswith(rules.endings):
        return not text[word].isdigit() and _is_starter(text, word, rules)
    if tail in rules.before_number and (text[word].isdigit() or _ROMAN.match(text, word)):
        return False
    if token in rules.sometimes or tail in rules.sometimes:
        return _is_starter(text, word, rules)
    return None


def _is_amount(before: str, token: str, text: str, word: int, rules: Rules) -> bool:
    """Whether the word before a number shows that it is no ordinal: `Kapitel 5`, `auf 35`."""
    words = before.split()
    last = words[-2].rstrip(".") if len(words) > 1 else ""
    if last in rules.counted or (last.isupper() and last.capitalize() in rules.counted):
        return True
    if last not in rules.amounts or not token.isdigit() or 0 < int(token) <= _HIGHEST_TITLE:
        return False
    match = _WORD.match(text, word)
    return match is not None and match.group()[0].isupper() and match.group() not in rules.ordered


def _is_new_word(text: str, word: int, rules: Rules) -> bool:
    """Whether the word behind an hour is none that goes with it: `5 p.m. EST`."""
    match = _WORD.match(text, word)
    return match is not None and match.group()[0].isupper() and match.group() not in rules.zones


def _ellipsis_ends(text: str, mark: int, word: int, rules: Rules) -> bool:
    """Whether `...` ends the sentence: in German a capital after it says little."""
    if not text[word].isupper():
        return not text[word].isdigit()
    return not rules.ordinals or _is_starter(text, word, rules)


def _is_starter(text: str, word: int, rules: Rules) -> bool:
    """Whether the word at `word` is one that opens sentences."""
    match = _WORD.match(text, word)
    if match is None:
        return False
    found = match.group()
    if not found[0].isupper():
        return False
    after = text[match.end() : match.end() + 1]
    if after and after in "'’" and found.lower() + "'" in rules.starters:
        return True
    if after == "." and len(found) == 1:
        return False  # an initial
    return found.lower() in rules.starters
