"""Reading and writing files: '-' for the standard streams, .gz/.xz/.zst by suffix, atomic writes.

A file is written under a temporary name in its own folder and renamed at the end (POSIX
rename), so a reader sees the old file or the whole new one, and a failure leaves nothing.
Compressed bytes carry no time and no name: the same text gives the same file.
"""

from __future__ import annotations

import io
import secrets
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

from align.errors import AlignError

STREAM = "-"
PACKED = (".gz", ".xz", ".zst")
_CHUNK = 1 << 16
_BOM = b"\xef\xbb\xbf"


def suffixes(path: str) -> tuple[str, str]:
    """Split `book.tmx.gz` into its format suffix and its compression: `(".tmx", ".gz")`."""
    packed = Path(path).suffix.lower()
    if packed in PACKED:
        return Path(Path(path).stem).suffix.lower(), packed
    return packed, ""


# reading


@contextmanager
def reading(path: str) -> Iterator[BinaryIO]:
    """Open `path` for reading bytes, unpacked. Unreadable or damaged files are AlignErrors."""
    try:
        if path == STREAM:
            yield sys.stdin.buffer
            return
        with Path(path).open("rb") as raw, _unpacked(raw, suffixes(path)[1]) as stream:
            yield stream
    except FileNotFoundError:
        raise AlignError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise AlignError(f"{path}: is a folder, expected a file") from None
    except PermissionError:
        raise AlignError(f"{path}: no permission to read it") from None
    except (EOFError, zlib.error, _BadPack) as error:
        raise AlignError(
            f"{path}: the compressed data is damaged or cut short ({error}); fetch it again"
        ) from None
    except OSError as error:
        if _is_pack_error(error):
            raise AlignError(
                f"{path}: not valid {suffixes(path)[1]} data ({error}); "
                "fetch it again or correct the file name's suffix"
            ) from None
        raise


class _BadPack(Exception):
    """Damage that the xz and zstd libraries report with classes of their own."""


def _is_pack_error(error: OSError) -> bool:
    import gzip

    return isinstance(error, gzip.BadGzipFile)


def _unpacked(raw: IO[bytes], packed: str) -> BinaryIO:
    if packed == ".gz":
        import gzip

        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
    if packed in (".xz", ".zst"):
        return cast(BinaryIO, io.BufferedReader(_Unpacker(raw, packed), _CHUNK))
    return cast(BinaryIO, raw)


class _Unpacker(io.RawIOBase):
    """Unpack .xz and .zst, frame after frame; a frame cut short is an error.

    zstandard's own stream reader ends quietly on a truncated file, so both go through the
    one-frame decompressors, which know whether they saw the end.
    """

    def __init__(self, raw: IO[bytes], packed: str) -> None:
        self._frame: Callable[[], Any]
        if packed == ".xz":
            import lzma

            self._frame = lzma.LZMADecompressor
            self._error: type[Exception] = lzma.LZMAError
        else:
            import zstandard

            self._frame = zstandard.ZstdDecompressor().decompressobj
            self._error = zstandard.ZstdError
        self._raw, self._now, self._left = raw, self._frame(), b""
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._left:
            data = self._raw.read(_CHUNK)
            if not data:
                if self._begun:
                    raise EOFError("the end of the stream is missing")
                return 0
            self._left = self._decompress(data)
        size = min(len(view), len(self._left))
        view[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _decompress(self, data: bytes) -> bytes:
        out = []
        try:
            while data:
                self._begun = True
                out.append(self._now.decompress(data))
                data = b""
                if self._now.eof:
                    data = self._now.unused_data
                    self._now, self._begun = self._frame(), False
        except self._error as error:
            raise _BadPack(str(error)) from None
        return b"".join(out)


def lines(path: str, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line without its end) of a text file.

    Only "\\n" and "\\r\\n" end a line: U+2028, NEL, form feeds and the like are text. A BOM is
    dropped. Bytes that are not `encoding` raise AlignError with file and line.
    """
    with reading(path) as stream:
        for number, line in enumerate(_lines(stream, path, encoding), 1):
            if line.endswith("\n"):
                line = line[:-2] if line.endswith("\r\n") else line[:-1]
            yield number, line


def _lines(stream: BinaryIO, path: str, encoding: str) -> Iterator[str]:
    if _is_wide(encoding):
        yield from _decoded_first(stream, path, encoding)
    else:
        for number, line in enumerate(stream, 1):
            yield _decode(line, path, number, encoding)


def _is_wide(encoding: str) -> bool:
    """True for UTF-16 and UTF-32, whose lines cannot be cut before decoding."""
    try:
        return "\n".encode(encoding) != b"\n"
    except LookupError:
        raise AlignError(f"unknown encoding {encoding!r}; try utf-8, gb18030 or latin-1") from None


def _decode(line: bytes, path: str, number: int, encoding: str) -> str:
    if number == 1 and line.startswith(_BOM):
        line = line[len(_BOM) :]
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise AlignError(
            f"{path}:{number}: byte 0x{byte:02x} at position {error.start + 1} is not {encoding}; "
            "name the right one with --encoding (gb18030, latin-1, utf-16, ...)"
        ) from None


def _decoded_first(stream: BinaryIO, path: str, encoding: str) -> Iterator[str]:
    text = io.TextIOWrapper(stream, encoding, newline="\n")
    number = 0
    try:
        for number, line in enumerate(text, 1):
            yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeError as error:
        raise AlignError(f"{path}:{number + 1}: not {encoding} ({error})") from None
    finally:
        text.detach()


# writing


def opening_line(text: str) -> str:
    """The first line of a file; one that begins with U+FEFF gets a byte order mark in front.

    Readers drop that mark, and would drop the text's own character instead.
    """
    return "\ufeff" + text if text.startswith("\ufeff") else text


def check_target(path: str) -> None:
    """Raise AlignError now if `path` cannot become a file, before the work is done."""
    target = Path(path)
    if path == STREAM:
        return
    if target.is_dir():
        raise AlignError(f"{path}: is a folder, expected a file name")
    if not target.resolve().parent.exists():
        raise AlignError(f"{path}: the folder {target.parent} does not exist; make it")
    if not target.resolve().parent.is_dir():
        raise AlignError(f"{path}: {target.parent} is not a folder")


@contextmanager
def writing(path: str) -> Iterator[TextIO]:
    """Open `path` for writing UTF-8 text with "\\n" line ends; atomic unless it is '-'."""
    if path == STREAM and not hasattr(sys.stdout, "buffer"):
        yield sys.stdout  # somebody put a StringIO there
        return
    with writing_bytes(path) as raw:
        text = io.TextIOWrapper(raw, "utf-8", newline="\n")
        try:
            yield text
            text.flush()
        finally:
            _let_go(text)


def _let_go(text: io.TextIOWrapper) -> None:
    """Part from the bytes below; whatever could not be flushed has been reported already."""
    try:
        text.detach()
    except (OSError, ValueError):
        text.close = lambda: None  # type: ignore[method-assign]


@contextmanager
def writing_bytes(path: str) -> Iterator[BinaryIO]:
    """Open `path` for writing bytes, packed by suffix; atomic unless it is '-' or a device."""
    if path == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    check_target(path)
    target = Path(path).resolve()  # a link stays a link: its target is what gets replaced
    if target.exists() and not target.is_file():
        with target.open("wb") as device, _packed(device, suffixes(path)[1]) as stream:
            yield stream
        return
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        raw = temporary.open("xb")
    except PermissionError:
        raise AlignError(f"{path}: no permission to write in {target.parent}") from None
    try:
        with raw, _packed(raw, suffixes(path)[1]) as stream:
            yield stream
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _packed(raw: IO[bytes], packed: str) -> Iterator[BinaryIO]:
    stream: IO[bytes]
    if packed == ".gz":
        import gzip

        stream = cast(IO[bytes], gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
    elif packed == ".xz":
        import lzma

        stream = cast(IO[bytes], lzma.LZMAFile(raw, "wb"))  # noqa: SIM115  closed below
    elif packed == ".zst":
        import zstandard

        stream = zstandard.ZstdCompressor().stream_writer(raw, closefd=False)
    else:
        yield cast(BinaryIO, raw)
        return
    with stream:
        yield cast(BinaryIO, stream)
