"""Zip archives and XML from strangers: nothing too large, nothing that expands, no network."""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from align.errors import AlignError
from align.text.reading import signature

_PART = 64 << 20  # most bytes of one part that is read
_TOTAL = 256 << 20  # of all of them together
_WHOLE = 1 << 30  # of all parts there are, pictures too
_DEPTH = 200  # of XML elements inside each other
_ENCRYPTED = 1  # bit of `flag_bits`


class Archive:
    """The parts of a document that is a zip archive. Messages call it `name`.

    Sizes are checked against what the archive says before anything is unpacked; zipfile never
    unpacks more than that, and checks the sum of what it unpacked.
    """

    def __init__(self, data: bytes, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        self._read = 0
        if not data.startswith(b"PK"):
            what = f"{found[0]}, {found[1]}" if (found := signature(data)) else "something else"
            raise AlignError(f"{name}: not {kind}: {what}; correct the file name's suffix")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise self.damaged(str(error)) from None
        self.names = frozenset(self._zip.namelist())

    def damaged(self, reason: str) -> AlignError:
        """The error of a file that is not whole."""
        return AlignError(
            f"{self.name}: damaged, cut short or not {self.kind} ({reason}); fetch or save it again"
        )

    def check_whole(self) -> None:
        """Refuse an archive whose parts, read or not, are too large together."""
        size = sum(info.file_size for info in self._zip.infolist())
        if size > _WHOLE:
            raise AlignError(
                f"{self.name}: its parts unpack to {size >> 20} MiB, more than {_WHOLE >> 20} MiB; "
                "this is no ordinary document"
            )

    def read(self, part: str) -> bytes:
        """One part, unpacked."""
        try:
            info = self._zip.getinfo(part)
        except KeyError:
            raise self.damaged(f"no {part} in it") from None
        if info.flag_bits & _ENCRYPTED:
            raise AlignError(f"{self.name}: {part} is encrypted; save it without a password")
        self._read += info.file_size
        if info.file_size > _PART or self._read > _TOTAL:
            limit = _PART if info.file_size > _PART else _TOTAL
            raise AlignError(
                f"{self.name}: {part} unpacks to {info.file_size} bytes, more than the "
                f"{limit >> 20} MiB that are read; this is no ordinary document"
            )
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise self.damaged(f"{part}: {error}") from None
        except NotImplementedError as error:  # a compression that only other tools know
            raise self.damaged(f"{part}: {error}") from None

    def xml(self, part: str) -> Element:
        """One part that is XML, as a tree with names as they are written, without prefixes."""
        return parse_xml(self.read(part), f"{self.name}: {part}")


def parse_xml(data: bytes, where: str) -> Element:
    """A tree of elements named without their prefixes; entities are refused."""
    parser = expat.ParserCreate()
    builder = TreeBuilder()
    depth = 0

    def refuse(*_: object) -> int:
        raise AlignError(
            f"{where}:{parser.CurrentLineNumber}: an entity declaration or reference is refused"
        )

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise AlignError(f"{where}: more than {_DEPTH} elements inside each other")
        builder.start(
            tag.rpartition(":")[2],
            {key.rpartition(":")[2]: value for key, value in attributes.items()},
        )

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition(":")[2])

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SkippedEntityHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise AlignError(f"{where}:{error.lineno}: not well-formed XML ({reason})") from None
    except LookupError as error:
        raise AlignError(f"{where}: unknown XML encoding ({error})") from None
    return builder.close()
