"""Reading: what comes back character by character, and what is refused with which words."""

from __future__ import annotations

import gzip
import io
import lzma
import sys
from pathlib import Path

import pytest

from align.errors import AlignError
from align.text import reading
from align.text.reading import read_text

TEXT = "Ein Satz über Äpfel.\r\nZwei.\n这是一个例子。\n"


def write(folder: Path, name: str, data: bytes) -> Path:
    """A file with these bytes."""
    path = folder / name
    path.write_bytes(data)
    return path


def zstd(data: bytes) -> bytes:
    """The data as one zstd frame."""
    zstandard = pytest.importorskip("zstandard")
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (TEXT.encode(), "utf-8", TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8", TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode(), "UTF-8-SIG", TEXT),
        (TEXT.encode("gb18030"), "gb18030", TEXT),
        (TEXT.encode("utf-16"), "utf-16", TEXT),
        ("\ufeffab".encode("utf-16-le"), "utf-16-le", "ab"),
        ("Ça và\r".encode("latin-1"), "latin-1", "Ça và\r"),
        ("“é”".encode("cp1252"), "cp1252", "“é”"),
        (b"", "utf-8", ""),
        (b"\xef\xbb\xbf", "utf-8", ""),
        (b" \n\t", "utf-8", " \n\t"),
    ],
)
def test_text_comes_back_as_it_stands(
    tmp_path: Path, data: bytes, encoding: str, text: str
) -> None:
    assert read_text(write(tmp_path, "a.txt", data), encoding) == text
    assert read_text(str(write(tmp_path, "a.txt", data)), encoding) == text


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst", ".GZ"])
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    pack = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstd}[suffix.lower()]
    data = pack(TEXT.encode())
    assert read_text(write(tmp_path, "a.txt" + suffix, data)) == TEXT
    assert read_text(write(tmp_path, "two.txt" + suffix, data + data)) == TEXT + TEXT


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_broken_compressed_files(tmp_path: Path, suffix: str) -> None:
    pack = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstd}[suffix]
    data = pack(TEXT.encode() * 50)
    for name, broken in {
        "cut": data[:-5],
        "plain": TEXT.encode(),
        "flipped": data[:20] + bytes([data[20] ^ 0xFF]) + data[21:],
        "more": data + b"garbage",
    }.items():
        path = write(tmp_path, name + suffix, broken)
        with pytest.raises(AlignError, match=f"{name}{suffix}: broken {suffix} file of") as caught:
            read_text(path)
        assert f"{len(broken)} bytes" in str(caught.value)
    with pytest.raises(AlignError, match="0 bytes"):
        read_text(write(tmp_path, "empty" + suffix, b""))


def test_a_file_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_LIMIT", 1 << 20)
    for suffix, pack in ((".gz", gzip.compress), (".xz", lzma.compress), (".zst", zstd)):
        assert len(read_text(write(tmp_path, "a.txt" + suffix, pack(b" " * (1 << 20))))) == 1 << 20
        path = write(tmp_path, "b.txt" + suffix, pack(b" " * (1 << 20)) + pack(b"."))
        with pytest.raises(AlignError, match="it holds more than 1 MiB, too much for one document"):
            read_text(path)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, text in ((TEXT.encode(), TEXT), (b"", "")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="ascii"))
        assert read_text("-") == text
    packed = io.TextIOWrapper(io.BytesIO(gzip.compress(b"a")))
    monkeypatch.setattr(sys, "stdin", packed)
    with pytest.raises(AlignError, match=r"^-: a gzip file, not text; save it to a file and name"):
        read_text("-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff")))
    with pytest.raises(AlignError, match=r"^-:2: byte 0xff at offset 2"):
        read_text(Path("-"))


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        ("Ein\nÄpfel".encode("latin-1"), "utf-8", "a.txt:2: byte 0xc4 at offset 4 is not utf-8"),
        ("Ein\nÄpfel".encode("latin-1"), "utf-8", "--encoding latin-1"),
        ("“Äpfel”".encode("cp1252"), "utf-8", "--encoding cp1252"),
        ("一个例子，是我的。".encode("gb18030"), "utf-8", "--encoding gb18030"),
        ("這是一個我的例子。".encode("big5"), "utf-8", "--encoding big5"),
        ("über".encode("utf-16"), "utf-8", "--encoding utf-16"),
        ("über".encode(), "ascii", "--encoding utf-8"),
        ("über".encode(), "utf-16", "--encoding utf-8"),
        (b"\xef\xbb\xbfabc", "latin-1", "mark of UTF-8"),
        (b"ab\ncd\0e", "utf-8", "a.txt:2: NUL character at character 5"),
        ("abc".encode("utf-16-le"), "utf-8", "--encoding utf-16"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "utf-8", "a.txt: a PNG image, not text; name the file"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "latin-1", "a JPEG image, not text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "latin-1", "save it as .docx without a password first"),
        (b"{\\rtf1 abc}", "utf-8", "an RTF file, not text; save it as .docx or plain text first"),
        (
            b"\x8aELF\r\n\0\0",
            "utf-8",
            "a.txt:1: byte 0x8a at offset 0 is not utf-8; this looks like",
        ),
        (gzip.compress(b"abc"), "utf-8", "a gzip file, not text; give it a name that ends in .gz"),
        (
            b"PK\x03\x04rest",
            "utf-8",
            "a zip archive, not text; give it a name that ends in .docx or",
        ),
        (b"%PDF-1.7 rest", "utf-8", "a PDF file"),
        (b"abc", "no-such", "unknown encoding 'no-such'; try utf-8, gb18030"),
        (b"abc", "rot13", "unknown encoding 'rot13'"),
        (b"abc", "", "unknown encoding ''"),
    ],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path, data: bytes, encoding: str, message: str
) -> None:
    with pytest.raises(AlignError) as caught:
        read_text(write(tmp_path, "a.txt", data), encoding)
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(AlignError, match=r"no\.txt: no such file"):
        read_text(tmp_path / "no.txt")
    with pytest.raises(AlignError, match="is a directory; name one file in it"):
        read_text(tmp_path)
    with pytest.raises(AlignError, match="cannot be read"):
        read_text("a\0b")
    with pytest.raises(AlignError, match=r"(cannot be read|no such file)"):
        read_text(write(tmp_path, "file", b"x") / "below.txt")
