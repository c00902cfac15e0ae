"""How text is cut before the sub-word model sees it: normalised, then cut into pieces.

A piece is a run of Han characters, a run of other word characters, or one punctuation mark.
Pieces never cross white space, so a piece's tokens depend on nothing around it and can be
remembered. The same expression drives the `tokenizers` library (Oniguruma) and Python's `re`;
it therefore spells out every class as explicit ranges, because the two disagree on `\\w` and `\\s`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path

# str.split()'s white space, so that "split on white space" means one thing everywhere
SPACE = "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
PUNCT = (
    "\x00-\x08\x0e-\x1b\x21-\x2f\x3a-\x40\\[-\x60\x7b-\x84\x86-\x9f\xa1-\xa9\xab-\xb1\xb4\xb6-\xb8"
    "\xbb\xbf\xd7\xf7\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u206f\u20a0-\u20cf"
    "\u2190-\u2bff\u3001-\u3004\u3008-\u3020\u3030\u303d-\u303f\ufe30-\ufe6f\uff00-\uff0f"
    "\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
# marks behind which a clause ends, as they are when normalised; no apostrophes, no hyphens
CLAUSE_ENDS = ',;:.!?()[]"\u2013\u2014\u2026\u3001\u3002\u201c-\u201e\xab\xbb\u300c-\u300f'
MAX_PIECE = 64  # characters; a longer run is cut, so that no text costs more than linear time
PIECE = (
    f"[{HAN}]{{1,{MAX_PIECE}}}|[^{SPACE}{PUNCT}{HAN}]{{1,{MAX_PIECE}}}|[{PUNCT}]"  # in this order
)


def find_pieces(text: str) -> list[str]:
    """The pieces of normalised text, in order."""
    return re.findall(PIECE, text)  # compiled when it is first used, not whenever a model is loaded


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return re.search(f"[{HAN}]", text) is not None


@functools.cache
def _simplified() -> dict[int, str]:
    """Traditional -> simplified characters (from OpenCC's TSCharacters, Apache-2.0)."""
    lines = Path(__file__).with_name("traditional.txt").read_text(encoding="utf-8").splitlines()
    return {ord(line[0]): line[1] for line in lines if len(line) == 2}


def normalise(text: str) -> str:
    """NFKC, lower case, simplified Chinese characters: what the vocabulary is made of."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).lower()
    return text.translate(_simplified()) if has_han(text) else text
