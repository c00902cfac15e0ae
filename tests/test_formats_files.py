"""Files: atomic, through links and devices, and quiet about nothing."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from align.errors import AlignError
from align.formats.files import lines, reading, suffixes, writing, writing_bytes


@pytest.mark.parametrize("name", ["x", "x.gz", "x.xz", "x.zst"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(RuntimeError), writing(str(path)) as out:
        out.write("new" * 100_000)
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_nothing_is_there_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with writing(str(path)) as out:
        out.write("a")
        assert not path.exists()
    assert path.read_text() == "a"


def test_mode_and_link_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "x", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to("x")
    with writing(str(link)) as out:
        out.write("new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with writing(str(tmp_path / "x")) as out:
            out.write("")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_devices_are_written_to() -> None:
    with writing("/dev/null") as out:
        out.write("x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_reported() -> None:
    code = "from align.formats.files import writing\nwith writing('/dev/full') as o: o.write('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("No space left on device")
    assert "ignored" not in done.stderr


def test_the_standard_output_stays_open(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for _ in range(2):
        with writing("-") as out:
            out.write("é\n")
    assert capfdbinary.readouterr().out == "é\né\n".encode()


def test_a_replaced_standard_output_is_used() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as kept, writing("-") as out:
        out.write("x")
    assert kept.getvalue() == "x"


def test_bytes_are_packed_without_name_or_time(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with writing_bytes(str(tmp_path / name)) as out:
            out.write(b"x" * 1000)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    with reading(str(tmp_path / "a.gz")) as stream:
        assert stream.read() == b"x" * 1000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\r\nb\r", ["a", "b\r"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", ["a", "\ufeffb"]),
        ("a\u2028b\x0cc\x85d\x1ce\n".encode(), ["a\u2028b\x0cc\x85d\x1ce"]),
        (b"a\0b\n", ["a\0b"]),
    ],
)
def test_lines(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    (tmp_path / "x").write_bytes(content)
    assert list(lines(str(tmp_path / "x"))) == list(enumerate(expected, 1))


@pytest.mark.parametrize(
    ("name", "encoding", "message"),
    [
        ("no", "utf-8", "no: no such file"),
        (".", "utf-8", "is a folder, expected a file"),
        ("x", "utf-9", "unknown encoding 'utf-9'"),
        ("x", "ascii", r"x:2: byte 0xc3 at position 2 is not ascii"),
        ("x", "utf-16", r"x:1: not utf-16"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, encoding: str, message: str) -> None:
    (tmp_path / "x").write_bytes("a\naé".encode())
    with pytest.raises(AlignError, match=message):
        list(lines(str(tmp_path / name), encoding))


@pytest.mark.parametrize(
    ("path", "parts"),
    [("a.tmx", (".tmx", "")), ("a.TMX.GZ", (".tmx", ".gz")), ("b/a", ("", "")), ("-", ("", "")),
     ("a.gz", ("", ".gz"))],
)  # fmt: skip
def test_suffixes(path: str, parts: tuple[str, str]) -> None:
    assert suffixes(path) == parts
