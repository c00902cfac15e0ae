"""Keeps the vectors of slow encoders on disk, from run to run, for many processes at once.

A vector is found by the BLAKE2 hash of the encoder's name and the text. Vectors lie in float16
.npy blocks that are written under another name, moved into place and only then entered into the
SQLite index, in one transaction: whoever is killed when, the index names only whole blocks. A block
that is damaged later is forgotten and made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
import threading
import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.protocol import Encoder, Floats, unit_rows
from align.errors import AlignError

log = logging.getLogger("align")
Halves = npt.NDArray[np.float16]
_WAIT = 60.0  # seconds for another process to finish its transaction
_EVERY, _ROWS = 5.0, 4096  # new vectors are written after so many seconds or rows, and at the end
_ASKED = 500  # keys in one query
_READING = threading.Lock()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY, file TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY, block INTEGER NOT NULL, row INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_block ON vectors (block);
"""


class _Shelf:
    """The folder: blocks and index. Holds nothing open, so that it may be used after a fork."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AlignError(f"{folder}: the cache folder cannot be made ({error})") from error
        with self._index() as index:
            index.executescript(_SCHEMA)

    @contextlib.contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        path = self._folder / "index.sqlite"
        try:
            with contextlib.closing(
                sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
            ) as index:
                yield index
        except sqlite3.DatabaseError as error:
            raise AlignError(
                f"{path}: the cache's index cannot be used ({error}); if it is damaged, delete the"
                " folder, everything in it can be made again"
            ) from error

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Halves]:
        """The vectors that are there."""
        places: dict[int, list[tuple[bytes, int]]] = {}
        files: dict[int, str] = {}
        with self._index() as index:
            for at in range(0, len(keys), _ASKED):
                some = keys[at : at + _ASKED]
                marks = ",".join("?" * len(some))
                for key, block, row, file in index.execute(
                    "SELECT key, block, row, file FROM vectors JOIN blocks ON id = block"
                    f" WHERE key IN ({marks})",
                    some,
                ):
                    places.setdefault(block, []).append((key, row))
                    files[block] = file
        found: dict[bytes, Halves] = {}
        for block, rows in places.items():
            values = self._read(files[block], max(row for _, row in rows))
            if values is None:
                self._forget(block, files[block])
            else:
                found.update(
                    zip((key for key, _ in rows), values[[r for _, r in rows]], strict=True)
                )
        return found

    def _read(self, file: str, last: int) -> Halves | None:
        try:
            # numpy reads the header with `ast`, which threads of CPython 3.11 cannot do at once
            # (https://github.com/python/cpython/issues/106905)
            with _READING:
                block = np.load(self._folder / file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            log.warning("%s: damaged, its vectors are made again (%s)", self._folder / file, error)
            return None
        if block.ndim != 2 or block.dtype != np.float16 or len(block) <= last:
            log.warning("%s: damaged, its vectors are made again", self._folder / file)
            return None
        return np.asarray(block)

    def _forget(self, block: int, file: str) -> None:
        with self._index() as index:
            index.execute("BEGIN IMMEDIATE")
            index.execute("DELETE FROM vectors WHERE block = ?", (block,))
            index.execute("DELETE FROM blocks WHERE id = ?", (block,))
            index.execute("COMMIT")
        with contextlib.suppress(OSError):
            (self._folder / file).unlink()

    def put(self, vectors: dict[bytes, Halves]) -> None:
        """Writes one block and enters it. Rows of one length."""
        file = f"{uuid.uuid4().hex}.npy"
        part = self._folder / f"{file}.part"
        try:
            with part.open("wb") as out:
                np.save(out, np.stack(list(vectors.values())), allow_pickle=False)
                out.flush()
                os.fsync(out.fileno())  # before the index can name it
            part.replace(self._folder / file)
        except OSError as error:
            raise AlignError(f"{self._folder}: the cache cannot be written ({error})") from error
        with self._index() as index:
            index.execute("BEGIN IMMEDIATE")
            block = index.execute("INSERT INTO blocks (file) VALUES (?)", (file,)).lastrowid
            index.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                ((key, block, row) for row, key in enumerate(vectors)),
            )
            index.execute("COMMIT")


class _Pending:
    """Vectors made but not yet written: all that is lost when the process is killed."""

    def __init__(self, shelf: _Shelf) -> None:
        self.vectors: dict[bytes, Halves] = {}
        self._shelf, self._lock, self._process = shelf, threading.Lock(), os.getpid()
        self._written = -_EVERY

    def add(self, vectors: dict[bytes, Halves]) -> None:
        if self._process != os.getpid():  # a fork: what was pending is the parent's to write
            self.__init__(self._shelf)  # type: ignore[misc]
        with self._lock:
            self.vectors.update(vectors)
            due = time.monotonic() - self._written >= _EVERY
        if due or len(self.vectors) >= _ROWS:
            self.write()

    def write(self) -> None:
        if self._process != os.getpid():
            return
        with self._lock:
            vectors, self.vectors = self.vectors, {}
            self._written = time.monotonic()
            if vectors:
                self._shelf.put(vectors)


class CachedEncoder:
    """An encoder whose vectors are kept in a folder. Found or made, they are the same bytes."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        """Raises AlignError when the folder cannot be used."""
        self._encoder = encoder
        self.name = encoder.name
        self._shelf = _Shelf(folder)
        self._pending = _Pending(self._shelf)
        weakref.finalize(self, self._pending.write)  # also at the end of the process

    def __reduce__(self) -> Any:
        return CachedEncoder, (self._encoder, self._shelf._folder)

    def _keys(self, texts: Sequence[str]) -> list[bytes]:
        start = hashlib.blake2b(self.name.encode("utf-8", "surrogatepass") + b"\0", digest_size=16)
        keys = []
        for text in texts:
            digest = start.copy()
            digest.update(text.encode("utf-8", "surrogatepass"))
            keys.append(digest.digest())
        return keys

    def encode(self, texts: list[str]) -> Floats:
        """Rows of unit length, float32 [n, d], rounded to float16 on the way."""
        keys = self._keys(texts)
        wanted = dict(zip(keys, texts, strict=True))  # each text once
        known = {key: v for key in wanted if (v := self._pending.vectors.get(key)) is not None}
        known |= self._shelf.find([key for key in wanted if key not in known])
        missing = [key for key in wanted if key not in known]
        if missing or not texts:
            made = self._encoder.encode([wanted[key] for key in missing]).astype(np.float16)
            if not texts:
                return made.astype(np.float32)
            fresh = dict(zip(missing, made, strict=True))
            self._pending.add(fresh)
            known |= fresh
        if len({len(vector) for vector in known.values()}) > 1:
            raise AlignError(
                f"{self.name}: vectors of different lengths under one name in the cache"
            )
        return unit_rows(np.stack([known[key] for key in keys]), len(texts), self.name)

    def flush(self) -> None:
        """Writes what is not yet on disk (it is, within seconds and at the end of the process)."""
        self._pending.write()
