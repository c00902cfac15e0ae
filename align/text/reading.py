"""Files and standard input into text: decompressed, decoded, and nothing else.

Line ends stay as they are (`\\r\\n` too), so that spans count the characters of the file; only a
byte order mark at its start is taken off. What is no text is refused with the place of the
first byte that is none.
"""

from __future__ import annotations

import codecs
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from align.errors import AlignError

STDIN = "-"
PACKED = (".gz", ".xz", ".zst")
_RENAME = "give it a name that ends in "
_PLAIN = "turn it into plain text first"
_SIGNATURES = {
    b"\x1f\x8b": ("a gzip file", _RENAME + ".gz"),
    b"\xfd7zXZ\x00": ("an xz file", _RENAME + ".xz"),
    b"\x28\xb5\x2f\xfd": ("a zstd file", _RENAME + ".zst"),
    b"PK\x03\x04": ("a zip archive", _RENAME + ".docx or .epub if it is one"),
    b"%PDF-1": ("a PDF file", _PLAIN),
    b"{\\rtf": ("an RTF file", "save it as .docx or plain text first"),
    b"\xd0\xcf\x11\xe0": (
        "an old or password-protected Office file",
        "save it as .docx without a password first",
    ),
    b"\x89PNG": ("a PNG image", "name the file with the text"),
    b"\xff\xd8\xff": ("a JPEG image", "name the file with the text"),
}
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_COMMON_HAN = (
    "的一是不了在人有我他这這中大来來上国國个個到说說们們为為子和你地出道也时時年得就那要下"
)
_SAMPLE = 1 << 16  # bytes looked at to guess an encoding
_LIMIT = 1 << 30  # most bytes a compressed file may hold: more is a mistake or an attack
_STEP = 1 << 12  # compressed bytes taken at once: few enough to notice the limit in time


def read_text(source: str | Path, encoding: str = "utf-8") -> str:
    """The text of a plain text file, or of standard input for `-`.

    `.gz`, `.xz` and `.zst` files are decompressed. An empty file gives "". Raises AlignError
    for what cannot be read or is no text in this encoding, and names the place and the remedy.
    """
    codec_of(encoding)  # a wrong name is told before the file is read
    return decode(read_data(source), str(source), encoding)


def read_data(source: str | Path) -> bytes:
    """The bytes of a file, or of standard input for `-`, decompressed by suffix."""
    name = str(source)
    return _decompress(_read_bytes(name), name)


def decode(data: bytes, name: str, encoding: str = "utf-8") -> str:
    """The bytes as text. `name` is what messages call them."""
    return check_text(_decode(data, codec_of(encoding), name), name)


def codec_of(encoding: str) -> str:
    """Python's name of an encoding. AlignError for one that is unknown or none for text."""
    try:
        codec = codecs.lookup(encoding).name
        "".encode(codec)
    except (LookupError, ValueError):
        raise AlignError(
            f"unknown encoding {encoding!r}; try utf-8, gb18030, big5, latin-1 or cp1252"
        ) from None
    return codec


def signature(data: bytes) -> tuple[str, str] | None:
    """What a file is that its first bytes show to be no text, and what to do about it."""
    return next((found for mark, found in _SIGNATURES.items() if data.startswith(mark)), None)


def check_text(text: str, name: str) -> str:
    """The text itself, if it holds nothing that no text file can: NUL or half a character."""
    at = text.find("\0")
    if at >= 0:
        raise AlignError(
            f"{_place(name, text, at)}: NUL character at character {at}; this is binary data, "
            "or text in UTF-16 (--encoding utf-16)"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise AlignError(
            f"{_place(name, text, error.start)}: half a surrogate pair, "
            f"U+{ord(text[error.start]):04X}, at character {error.start}; the text was decoded "
            "wrongly before it came here"
        ) from None
    return text


def _place(name: str, text: str, at: int) -> str:
    lines = text.count("\n", 0, at) + 1
    return f"{name}:{lines}"


def _read_bytes(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except FileNotFoundError:
        raise AlignError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise AlignError(f"{name}: is a directory; name one file in it") from None
    except PermissionError:
        reason = "is a directory" if Path(name).is_dir() else "no permission to read it"
        raise AlignError(f"{name}: {reason}") from None
    except (OSError, ValueError) as error:  # a name with a NUL byte is a ValueError
        raise AlignError(f"{name}: cannot be read: {error}") from None


def _decompress(data: bytes, name: str) -> bytes:
    suffix = Path(name).suffix.lower()
    if suffix not in PACKED:
        return data
    if not data:
        raise AlignError(f"{name}: 0 bytes, which is no {suffix} file; copy it again")
    try:
        return {".gz": _gunzip, ".xz": _unxz, ".zst": _unzstd}[suffix](data)
    except _Broken as error:
        raise AlignError(
            f"{name}: broken {suffix} file of {len(data)} bytes: {error}; copy or compress it again"
        ) from None


class _Broken(Exception):
    """What is wrong with a compressed file."""


def _gunzip(data: bytes) -> bytes:
    try:
        return _frames(data, lambda: zlib.decompressobj(31))  # 31: with the head of gzip
    except zlib.error as error:
        raise _Broken(str(error)) from None


def _unxz(data: bytes) -> bytes:
    import lzma

    try:
        return _frames(data, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ))
    except (lzma.LZMAError, EOFError) as error:
        raise _Broken(str(error)) from None


def _unzstd(data: bytes) -> bytes:
    import zstandard

    try:
        return _frames(data, lambda: zstandard.ZstdDecompressor().decompressobj())
    except zstandard.ZstdError as error:
        raise _Broken(str(error)) from None


def _frames(data: bytes, new: Callable[[], Any]) -> bytes:
    """The content of all frames of a file, with nothing missing and nothing left over."""
    pieces: list[bytes] = []
    at = size = 0
    while at < len(data):
        frame = new()
        while not frame.eof:
            step = data[at : at + _STEP]
            if not step:
                raise _Broken("it ends before its last frame does")
            at += len(step)
            pieces.append(frame.decompress(step))
            size += len(pieces[-1])
            if size > _LIMIT:
                raise _Broken(f"it holds more than {_LIMIT >> 20} MiB, too much for one document")
        at -= len(frame.unused_data)
        while at < len(data) and data[at] == 0:  # gzip and xz may fill up with zeros
            at += 1
    return b"".join(pieces)


def _decode(data: bytes, codec: str, name: str) -> str:
    if found := signature(data):
        kind, remedy = found
        if name == STDIN and remedy.startswith(_RENAME):
            remedy = "save it to a file and name that"
        raise AlignError(f"{name}: {kind}, not text; {remedy}")
    bom = next((value for mark, value in _BOMS.items() if data.startswith(mark)), None)
    if data.startswith(codecs.BOM_UTF8) and codec not in ("utf-8", "utf-8-sig"):
        raise AlignError(
            f"{name}: begins with the mark of UTF-8, but the encoding was given as {codec}; "
            "use --encoding utf-8"
        )
    try:
        text = data.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AlignError(
            f"{name}:{line}: byte 0x{data[error.start]:02x} at offset {error.start} is not "
            f"{codec}; {_remedy(data, codec, bom)}"
        ) from None
    except UnicodeError as error:  # UTF-16 of odd length and the like
        raise AlignError(f"{name}: not {codec}: {error}") from None
    return text.removeprefix("\ufeff")


def _remedy(data: bytes, codec: str, bom: str | None) -> str:
    """What to do about bytes that are no text in `codec`."""
    if bom:
        return f"the file begins with the mark of {bom}: use --encoding {bom}"
    sample = data[:_SAMPLE]
    if b"\0" in sample:
        return "this looks like binary data, not text"
    guess = _guess(sample)
    if guess == codec:
        return "the file is damaged or in another encoding"
    return f"if the file is in another encoding, name it: --encoding {guess}"


def _guess(sample: bytes) -> str:
    """A likely encoding of the bytes: UTF-8, else Chinese where it reads as such, else Western."""
    if _decodes(sample, "utf-8"):
        return "utf-8"
    counts = {}
    for codec in ("gb18030", "big5"):
        foreign = [char for char in _decodes(sample, codec) if char > "\x7f"]
        han = sum("\u4e00" <= char <= "\u9fa5" or char in "，。、“”：；？！" for char in foreign)
        if len(foreign) >= 4 and han >= 0.9 * len(foreign):
            counts[codec] = sum(char in _COMMON_HAN for char in foreign)
    if counts:
        return max(counts, key=counts.__getitem__)
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in sample) else "latin-1"


def _decodes(sample: bytes, codec: str) -> str:
    """The sample in this encoding, "" if it is none; its last character may be cut in two."""
    try:
        return codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return ""
