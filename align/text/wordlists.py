"""The word lists beside this module, read once each.

A list file has `[section]` lines, `#` comments and words separated by white space.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent
# Languages that write ordinal numbers with a stop.
ORDINALS = frozenset(
    {"de", "lb", "da", "no", "nb", "nn", "fi", "et", "lv", "is", "fo"}
    | {"cs", "sk", "pl", "hu", "sl", "hr", "sr", "bs", "tr", "eu"}
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the splitter knows about the words of one language; see docs/text.md.

    Abbreviations are without their final stop and hold every spelling that counts, so that a
    look-up is one set membership. `starters` are in lower case.
    """

    never: frozenset[str]
    before_number: frozenset[str]
    sometimes: frozenset[str]
    starters: frozenset[str]
    counted: frozenset[str]
    amounts: frozenset[str]
    ordered: frozenset[str]
    hours: frozenset[str]
    zones: frozenset[str]
    endings: tuple[str, ...]
    speech: re.Pattern[str]  # matches where a clause like `Smith asked` follows a quotation
    said: re.Pattern[str]  # finds the verb of speech at the end of what leads to a quotation
    ordinals: bool  # "5." is "fifth" in this language

    def is_common(self, word: str) -> bool:
        """Whether nothing is known of a word that stands before a stop, and it is no numeral."""
        return not (
            word in self.never
            or word in self.sometimes
            or word in self.before_number
            or word in self.hours
            or word.endswith(self.endings)
            or word.isupper()
        )

    def is_abbreviation(self, token: str) -> bool:
        """Whether the word is in a list of abbreviations, without its final stop."""
        return token in self.never or token in self.sometimes or token in self.before_number


def read_sections(path: Path) -> Mapping[str, tuple[str, ...]]:
    """`section -> words` of a list file."""
    sections: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            sections[name] = ()
        elif not line.startswith("#"):
            sections[name] = (*sections.get(name, ()), *line.split())
    return sections


def _spellings(words: tuple[str, ...]) -> frozenset[str]:
    """The words as they are, and those in lower case with a capital too."""
    return frozenset(words) | {word[0].upper() + word[1:] for word in words if word.islower()}


def _speech_pattern(words: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    """Matches a short clause that ends in (Chinese) or begins with a name and a verb of speech."""
    if not words:
        return re.compile(r"(?!)")
    verbs = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    if spaced:
        return re.compile(rf"(?:[A-ZÀ-Þ][\w'’.-]*\s+){{1,3}}(?:{verbs})\b")
    pause = "，。！？：；、“”‘’「」『』…—,.:;!?\\s"
    return re.compile(rf"[^{pause}]{{0,20}}?(?:{verbs})(?:道|了|过|過|說|说)?(?:[，,。！？…\s]|\Z)")


def _said_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds a verb of speech, with its particle and comma, at the end of Chinese text."""
    if not words:
        return re.compile(r"(?!)")
    return re.compile(rf"(?:{'|'.join(map(re.escape, words))})(?:道|了|过|過|說|说)?[，,]?\Z")


@lru_cache(maxsize=64)
def rules_of(lang: str | None) -> Rules:
    """The rules of a language; those of no language in particular where it has no list."""
    path = FOLDER / "abbreviations" / f"{lang}.txt"
    if not (lang and lang.isalpha() and path.is_file()):
        path = FOLDER / "abbreviations" / "other.txt"
    words = read_sections(path)
    # "MR." in capitals may be "MS." the illness: such a word needs the evidence of `sometimes`
    shouted = {word.upper() for word in words.get("never", ()) if len(word) > 1}
    never = _spellings(words.get("never", ()))
    return Rules(
        never=never,
        before_number=_spellings(words.get("before-number", ())),
        sometimes=_spellings(words.get("sometimes", ())) | (shouted - never),
        starters=frozenset(words.get("starters", ())),
        counted=frozenset(words.get("counted", ())),
        amounts=frozenset(words.get("amounts", ())),
        ordered=frozenset(words.get("ordered", ())),
        hours=frozenset(words.get("hours", ())),
        zones=frozenset(words.get("zones", ())),
        endings=words.get("endings", ()),
        speech=_speech_pattern(words.get("speech", ()), spaced=lang != "zh"),
        said=_said_pattern(words.get("speech", ())),
        ordinals=lang in ORDINALS,
    )
