"""Numbers in text, in one form for all languages.

1,956 = 1.956 = 1 956 = 一千九百五十六; 3,5 = 3.5; month names and their numbers agree.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path

HAN_DIGITS = "零〇一二两三四五六七八九十百千万亿"
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_HAN_NUMBER = re.compile(rf"[{HAN_DIGITS}]{{2,}}")
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_LABEL = re.compile(
    r"(?=[IVXL])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})[.:)]?"
    rf"|第?[{HAN_DIGITS}]+[章节節回部卷篇编編幕]?[、.．:：]?"
)
LONGEST_LABEL = 12  # characters
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


def plain(text: str) -> str:
    """Lower case, compatibility forms folded, accents dropped."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower()))


@functools.cache
def months() -> dict[str, str]:
    """Month name, without accents -> its number, from months.txt (one line a month)."""
    lines = Path(__file__).with_name("months.txt").read_text(encoding="utf-8").splitlines()
    return {name: str(number) for number, line in enumerate(lines, 1) for name in line.split()}


def han_number(text: str) -> int | None:
    """The value of a number in Chinese characters; None where it is none."""
    if all(c in _DIGIT for c in text):
        return int("".join(str(_DIGIT[c]) for c in text))  # 一九五六
    total = part = digit = 0
    for c in text:
        if c in _DIGIT:
            digit = _DIGIT[c]
        elif c in _UNIT:
            part, digit = part + (digit or 1) * _UNIT[c], 0
        elif not (part or digit or total):
            return None  # 万一, 亿万: words, not numbers
        else:  # 万, 亿
            scale = 10_000 if c == "万" else 100_000_000
            total, part, digit = (total + part + digit) * scale, 0, 0
    return total + part + digit


def is_label(text: str) -> bool:
    """Whether a sentence is the number of a section and nothing else: IV, 四, 第四章."""
    return len(text) <= LONGEST_LABEL and _LABEL.fullmatch(text) is not None


def numbers_of(text: str) -> list[str]:
    """The numbers of a (plain) sentence in one form for all languages, in order."""
    found = []
    for digits in _NUMBER.findall(text):
        if not digits.isdecimal():
            head, _, tail = digits.rpartition(
                next(c for c in reversed(digits) if not c.isdecimal())
            )
            digits = (
                "".join(c for c in digits if c.isdecimal())
                if len(tail) == 3
                else "".join(c for c in head if c.isdecimal()) + "." + tail
            )
        found.append(digits.lstrip("0") or "0")
    for digits in _HAN_NUMBER.findall(text):
        value = han_number(digits)
        if value is not None and value > 2:
            found.append(str(value))
    return found
