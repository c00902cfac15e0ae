"""Subtitles (.srt, .vtt): the cues of a film joined to running text, by webvtt-py.

A sentence may run over several cues, so cues follow one another with a space between them. A
line break stands where a speaker changes and around cues that are no speech; a blank line at a
pause of three seconds that no sentence runs over. Where cues carry no full stops, as is usual
in Chinese, every cue is a line of its own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from html import unescape
from itertools import groupby

from align.errors import AlignError
from align.text.inputs.blocks import library
from align.text.reading import decode

_NEEDS = ("docs", "a subtitle file")
_PAUSE = 3000  # milliseconds without a cue that end a scene
_STOPPED = 0.1  # share of cues with a full stop from which missing ones mean something
_TIMES = {
    "srt": re.compile(r"\s*\d+:\d{1,2}:\d{1,2}[,.]\d+\s*-->\s*\d+:\d{1,2}:\d{1,2}[,.]\d+"),
    "vtt": re.compile(r"\s*(?:\d+:)?\d{1,2}:\d\d\.\d{1,3}\s*-->\s*(?:\d+:)?\d{1,2}:\d\d\.\d{1,3}"),
}
_VTT_OTHER = ("WEBVTT", "NOTE", "STYLE", "REGION")
# In SubRip only these are markup: "5 < 6" is text. {\an8} and the like come from other formats.
_SRT_TAG = re.compile(r"</?(?:[bius]|font|c|v)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
# <rt> holds a reading aid of the character before it.
_VTT_TAG = re.compile(r"<rt\b[^<>]*>[^<]*</rt>|<[^<>]*>")
_CUT_TIMES = re.compile(r"\s*\d+:[\d:,. -]*\Z")  # the times of a cue, not to their end
_NEW_SPEAKER = re.compile(r"[-–—‐]+\s*(?![a-zß-ÿ])\S")
_NO_SPEECH = re.compile(r"[\[(（【♪♫#].*[\])）】♪♫#]", re.DOTALL)
_STOP = re.compile(r"[.。．｡][\"'”’»」』)\]）]*\Z")
_OPEN_END = re.compile(r"[,，、;；:：–—~-]\Z")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at once: its lines and its times in milliseconds."""

    lines: tuple[str, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def reader(form: str) -> Callable[[bytes, str, str], list[str]]:
    """The function that reads this kind of subtitles."""
    return partial(_paragraphs, form)


def _paragraphs(form: str, data: bytes, name: str, encoding: str) -> list[str]:
    """The scenes of a film: running text, with a line break where the speaker changes."""
    text = decode(data, name, encoding)
    _check(text, form, name)
    webvtt = library("webvtt", *_NEEDS)
    try:
        captions = webvtt.from_buffer(io.StringIO(text.strip()), format=form)
    except Exception as error:  # its two error classes moved between versions
        raise AlignError(f"{name}: cannot be read as .{form}: {error}") from None
    clean = _clean_srt if form == "srt" else _clean_vtt
    cues = []
    for caption in captions:
        lines = tuple(line for line in map(clean, caption.raw_text.split("\n")) if line)
        if lines:
            cues.append(Cue(lines, _milliseconds(caption.start), _milliseconds(caption.end)))
    return _join(cues)


def _clean_srt(line: str) -> str:
    return " ".join(_SRT_TAG.sub("", line).split())


def _clean_vtt(line: str) -> str:
    return " ".join(unescape(_VTT_TAG.sub("", line)).split())


def _milliseconds(stamp: str) -> int:
    """A time like 01:02:03.456."""
    clock, _, part = stamp.partition(".")
    seconds = 0
    for number in clock.split(":"):
        seconds = 60 * seconds + int(number)
    return 1000 * seconds + int(part[:3].ljust(3, "0"))


def _check(text: str, form: str, name: str) -> None:
    """Refuse what the library would pass over without a word. AlignError with file and line."""
    if form == "vtt" and not text.lstrip().startswith("WEBVTT"):
        raise AlignError(f"{name}:1: not WebVTT: the first line must begin with WEBVTT")
    last = ""  # the last line with something in it
    begun = False  # there was a cue: in SubRip, text behind a blank line still belongs to it
    number_alone = False
    for first, block in _blocks(text):
        times = False
        for number, line in enumerate(block, first):
            if "-->" in line:
                times = begun = True
                _check_times(line, last, form, f"{name}:{number}")
            last = line
        if form == "srt" and block[0].strip().isdigit() and not times:
            number_alone = len(block) == 1 or _CUT_TIMES.match(block[1]) is not None
        else:
            number_alone = False
        other = begun if form == "srt" else block[0].startswith(_VTT_OTHER)
        if not (times or other or number_alone):
            raise AlignError(
                f"{name}:{first}: this line belongs to no cue; join it to the cue before, or give "
                "the file a .txt name"
            )
    if number_alone:
        raise AlignError(f"{name}: a cue's number ends the file; it is cut short, fetch it again")


def _check_times(line: str, last: str, form: str, where: str) -> None:
    if not _TIMES[form].match(line):
        example = "00:01:02,500 --> 00:01:04,000"
        example = example if form == "srt" else example.replace(",", ".")
        raise AlignError(f"{where}: expected two times, like {example}")
    if form == "srt" and not last.strip().isdigit():
        raise AlignError(f"{where}: the times of a cue without its number in the line before")


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """`(number of the first line, lines)` between blank lines."""
    lines = re.split(r"\r\n|\r|\n", text)
    for blank, group in groupby(enumerate(lines, 1), key=lambda item: not item[1].strip()):
        if not blank:
            numbers, block = zip(*group, strict=True)
            yield numbers[0], list(block)


def _join(cues: list[Cue]) -> list[str]:
    """The cues as scenes of lines."""
    stopped = sum(_STOP.search(cue.text) is not None for cue in cues)
    stops = stopped >= _STOPPED * len(cues)
    cased = any(cue.text[0].isupper() for cue in cues)
    scenes: list[list[list[str]]] = [[]]  # of lines, of turns
    last = ""  # turn
    ended = 0
    for cue in cues:
        for number, turn in enumerate(_turns(cue)):
            goes_on = _OPEN_END.search(last) is not None or (cased and turn[0].islower())
            fresh = number > 0 or _begins_line(last, turn) or not (stops or goes_on)
            if number == 0 and last and cue.start - ended >= _PAUSE and (fresh or not goes_on):
                scenes.append([])
                fresh = True
            if fresh or not last:
                scenes[-1].append([turn])
            else:
                scenes[-1][-1].append(turn)
            last = turn
        ended = cue.end
    return ["\n".join(map(" ".join, scene)) for scene in scenes if scene]


def _turns(cue: Cue) -> list[str]:
    """What each of the speakers in a cue says."""
    found: list[str] = []
    for line in cue.lines:
        if found and not _NEW_SPEAKER.match(line):
            found[-1] += " " + line
        else:
            found.append(line)
    return found


def _begins_line(last: str, turn: str) -> bool:
    """Whether a turn is no part of the sentence before it, whatever that ends with."""
    return (
        _NEW_SPEAKER.match(turn) is not None
        or _NO_SPEECH.fullmatch(turn) is not None
        or _NO_SPEECH.fullmatch(last) is not None
    )
