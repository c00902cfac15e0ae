"""Which language a text is in: codes in all their spellings, and detection offline.

Detection looks at a bounded sample spread over the whole document. Script decides for Chinese,
Japanese and Korean; the share of frequent words decides for English, German and French where it
leaves no doubt, because the classifier costs a second to load. Everything else goes to the naive
Bayes classifier of py3langid (after Lui and Baldwin, 2012, langid.py), with all its languages.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from align.errors import AlignError
from align.text.wordlists import FOLDER, read_sections

SUPPORTED = ("en", "de", "fr", "zh")  # what the encoder inside the package was trained on

_CODE = re.compile(r"([a-z]{2,3})(?:-[a-z0-9]{1,8})*")
_IN_NAME = re.compile(r"(?P<before>^|[._-])(?P<code>[a-z]{2,3})(?:-[a-z0-9]{2,8})*$")
# Codes of countries that are no codes of languages, and what they were meant to be.
_COUNTRIES = {"cn": "zh", "jp": "ja", "gr": "el", "cz": "cs", "dk": "da", "ua": "uk", "us": "en"}
_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx"})

_SLICES, _SLICE = 10, 2000  # the sample: so many stretches of so many characters
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LETTER = re.compile(r"[^\W\d_]")
# A Han character says about as much as so many letters.
_HAN_WEIGHT = 2
# The fast path decides when the frequent words of one language make up this share of all words,
# and any other language has at most so many of its own for one that is not shared.
_MIN_WORDS, _MIN_SHARE, _MAX_DOUBT = 12, 0.25, 0.25

# Below the first the classifier is unsure: a supported language then needs only a share of the
# best probability, and a language nobody asked for needs the last.
_SURE, _PRIOR, _GUESS = 0.9, 0.1, 0.2


@dataclass(frozen=True, slots=True)
class Detected:
    """The language of a text (None: too little to tell by) and how clear it was.

    `confidence` is 0..1, higher is clearer; it is not a calibrated probability.
    """

    lang: str | None
    confidence: float


def normalise_language(code: str) -> str:
    """The shortest code of a language: `zh-Hans`, `zho_Hans` and `zh_CN` give `zh`.

    Takes BCP-47, ISO 639-1/2/3 and POSIX spellings. Any well-formed code is kept, since an
    encoder may know more languages than this package. Raises AlignError for what is no code.
    """
    plain = code.strip().lower().replace("_", "-").split(".")[0].split("@")[0]
    match = _CODE.fullmatch(plain)
    if match is None or match.group(1) in _NO_LANGUAGE:
        raise AlignError(
            f"{code!r} is no code of a language; use one like en, de, fr, zh or zh-Hans, or leave "
            "it out to have the language detected"
        )
    primary = match.group(1)
    if primary in _COUNTRIES:
        raise AlignError(
            f"{code!r} is the code of a country; did you mean the language {_COUNTRIES[primary]}?"
        )
    return _two_letters().get(primary, primary)


def language_of_name(name: str) -> str | None:
    """The language that the name of a file tells: `en.txt`, `book.de.html.gz`, `book_zh.txt`.

    None where no part of the name is the code of a language in the place for it.
    """
    stem = name.replace("\\", "/").rpartition("/")[2].lower()
    stem = re.sub(r"\.(?:gz|xz|zst)$", "", stem)
    stem = re.sub(r"\.[a-z0-9]+$", "", stem)
    match = _IN_NAME.search(stem)
    if match is None:
        return None
    code, sure = match["code"], not match["before"] or match["before"] == "."
    code = _two_letters().get(code, code)
    known = code in (_two_letters().values() if sure else SUPPORTED)
    return code if known else None


@lru_cache(maxsize=1)
def _two_letters() -> dict[str, str]:
    """`three-letter code -> two-letter code`."""
    pairs = {}
    for line in (FOLDER / "iso639.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            short, *longer = line.split()
            pairs.update(dict.fromkeys(longer, short))
    return pairs


def detect_language(text: str) -> Detected:
    """The language of a whole document, from a sample of at most 20,000 characters of it."""
    sample = _sample(text)
    letters = len(_LETTER.findall(sample))
    if letters == 0:
        return Detected(None, 0.0)
    return _by_script(sample, letters) or _by_words(sample) or _by_classifier(sample)


def _sample(text: str) -> str:
    """The text, or stretches of it at even distances from the beginning to the end."""
    if len(text) <= _SLICES * _SLICE:
        return text
    step = (len(text) - _SLICE) / (_SLICES - 1)
    starts = (round(i * step) for i in range(_SLICES))
    return "\n".join(text[start : start + _SLICE] for start in starts)


def _by_script(sample: str, letters: int) -> Detected | None:
    """Chinese, Japanese or Korean, told by their characters; None for any other script."""
    han, kana, hangul = (len(script.findall(sample)) for script in (_HAN, _KANA, _HANGUL))
    cjk = han + kana + hangul
    if cjk * _HAN_WEIGHT < letters - cjk:
        return None
    if hangul > max(kana, 0.2 * cjk):
        return Detected("ko", 1.0)
    if kana > 0.1 * cjk:
        return Detected("ja", 1.0)
    # A short stretch of Han alone may be a Japanese headline.
    return Detected("zh", 1.0 if han >= 10 else 0.5)


def _by_words(sample: str) -> Detected | None:
    """English, German or French, if their frequent words leave no doubt; else None."""
    words = Counter(_WORD.findall(sample.lower()))
    total = words.total()
    if total < _MIN_WORDS:
        return None
    frequent = _frequent_words()
    best = max(SUPPORTED[:3], key=lambda lang: sum(words[word] for word in frequent[lang]))
    if sum(words[word] for word in frequent[best]) < _MIN_SHARE * total:
        return None
    doubt = 0.0  # the greatest share of an other language in the words that tell the two apart
    for other in frequent.keys() - {best}:
        against = sum(words[word] for word in frequent[other] - frequent[best])
        behind = sum(words[word] for word in frequent[best] - frequent[other])
        doubt = max(doubt, against / max(behind, 1))
    return Detected(best, 1 - doubt) if doubt <= _MAX_DOUBT else None


@lru_cache(maxsize=1)
def _frequent_words() -> dict[str, frozenset[str]]:
    sections = read_sections(FOLDER / "stopwords.txt")
    return {lang: frozenset(words) for lang, words in sections.items() if lang}


def _by_classifier(sample: str) -> Detected:
    ranks = [(str(lang), float(p)) for lang, p in _identifier().rank(sample)]
    lang, probability = ranks[0]
    if probability < _SURE:
        # A few words fit many languages; those of this package are the likelier by far.
        ours, chance = next(rank for rank in ranks if rank[0] in SUPPORTED)
        if chance >= _PRIOR * probability:
            return Detected(ours, chance)
        if probability < _GUESS:
            return Detected(None, probability)
    if lang in _NO_LANGUAGE:
        return Detected(None, probability)
    return Detected(_two_letters().get(lang, lang), probability)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """An identifier of our own: the one in py3langid's module is shared by the process."""
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
