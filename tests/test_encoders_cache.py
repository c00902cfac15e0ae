from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from align.encoders.cache import CachedEncoder
from align.encoders.load import load_encoder
from align.errors import AlignError

DIMS = 6


class Slow:
    """Counts what it is asked for; a text's vector depends on the text alone."""

    def __init__(self, name: str = "slow-1", dims: int = DIMS) -> None:
        self.name, self.dims = name, dims
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.asked += texts
        rows = [
            np.random.default_rng(list(text.encode("utf-8", "surrogatepass"))).standard_normal(
                self.dims
            )
            for text in texts
        ]
        return np.array(rows, np.float32).reshape(len(texts), self.dims)


def cached(folder: Path, slow: Slow | None = None) -> tuple[CachedEncoder, Slow]:
    slow = slow or Slow()
    encoder = load_encoder(slow, cache=folder)
    assert isinstance(encoder, CachedEncoder)
    return encoder, slow


def index_rows(folder: Path) -> int:
    with sqlite3.connect(folder / "index.sqlite") as index:
        return int(index.execute("SELECT count(*) FROM vectors").fetchone()[0])


def test_found_or_made_it_is_the_same_bytes(tmp_path: Path) -> None:
    texts = ["a", "b", "a", "", "\ud800", "中"]
    encoder, slow = cached(tmp_path)
    made = encoder.encode(texts)
    assert slow.asked == ["a", "b", "", "\ud800", "中"]  # each once
    assert made.dtype == np.float32 and made.shape == (6, DIMS)
    assert np.abs(np.linalg.norm(made, axis=1) - 1).max() < 1e-6
    exact = Slow().encode(texts)
    assert np.abs(made - exact / np.linalg.norm(exact, axis=1, keepdims=True)).max() < 2e-3
    again, quiet = cached(tmp_path)
    assert (again.encode(texts[::-1]) == made[::-1]).all()
    assert quiet.asked == []
    assert encoder.encode(["b", "new"])[0].tolist() == made[1].tolist()
    assert slow.asked[-1] == "new"
    assert encoder.encode([]).shape[0] == 0


def test_name_and_text_make_the_key(tmp_path: Path) -> None:
    first, _ = cached(tmp_path)
    first.encode(["a"])
    first.flush()
    other, slow = cached(tmp_path, Slow("slow-2"))
    other.encode(["a"])
    assert slow.asked == ["a"]
    encoder, slow = cached(tmp_path)
    encoder.encode(["A", " a", "a"])
    assert slow.asked == ["A", " a"]


def test_another_length_under_one_name_is_an_error(tmp_path: Path) -> None:
    encoder, _ = cached(tmp_path)
    encoder.encode(["a"])
    wider, _ = cached(tmp_path, Slow(dims=7))
    with pytest.raises(AlignError, match="slow-1: vectors of different lengths"):
        wider.encode(["a", "b"])


def test_static_models_do_not_use_it(tmp_path: Path) -> None:
    from tiny_models import make_static

    folder = make_static(tmp_path / "m")
    load_encoder(folder, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_writes_are_gathered_and_come_at_the_end(tmp_path: Path) -> None:
    encoder, _ = cached(tmp_path)
    encoder.encode(["first"])  # at once: nothing was written for long
    for n in range(20):
        encoder.encode([f"text {n}"])
    assert len(list(tmp_path.glob("*.npy"))) == 1
    assert index_rows(tmp_path) == 1
    encoder.flush()
    assert len(list(tmp_path.glob("*.npy"))) == 2
    encoder.encode(["last"])
    del encoder
    assert index_rows(tmp_path) == 22


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "other"])
def test_a_damaged_block_is_made_again(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    encoder, _ = cached(tmp_path)
    texts = [f"text {n}" for n in range(50)]
    made = encoder.encode(texts)
    (block,) = tmp_path.glob("*.npy")
    if damage == "cut":
        block.write_bytes(block.read_bytes()[:-100])
    elif damage == "empty":
        block.write_bytes(b"")
    elif damage == "gone":
        block.unlink()
    else:
        np.save(block, np.zeros(3))
    again, slow = cached(tmp_path)
    with caplog.at_level("WARNING", "align"):
        assert (again.encode(texts) == made).all()
    assert slow.asked == texts
    assert "damaged" in caplog.text
    third, quiet = cached(tmp_path)
    assert (third.encode(texts) == made).all()
    assert quiet.asked == []


def test_a_block_nobody_entered_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "orphan.npy").write_bytes(b"half a bl")
    (tmp_path / "other.npy.part").write_bytes(b"")
    encoder, _ = cached(tmp_path)
    assert encoder.encode(["a"]).shape == (1, DIMS)


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AlignError, match="cannot be made"):
        cached(tmp_path / "file")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "index.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(AlignError, match="delete the folder"):
        cached(broken)


def test_it_can_be_sent_to_a_process(tmp_path: Path) -> None:
    encoder, _ = cached(tmp_path, Slow("sent"))
    made = encoder.encode(["a", "b"])
    copy = pickle.loads(pickle.dumps(encoder))
    assert (copy.encode(["a", "b"]) == made).all()


def test_threads_may_share_one(tmp_path: Path) -> None:
    encoder, _ = cached(tmp_path)
    texts = [f"text {n}" for n in range(120)]
    wanted = cached(tmp_path / "other")[0].encode(texts)
    wrong: list[int] = []

    def work(seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(texts))
        for some in np.array_split(order, 10):
            if (encoder.encode([texts[i] for i in some]) != wanted[some]).any():
                wrong.append(seed)
            encoder.flush()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert index_rows(tmp_path) == len(texts)


def fill(folder: Path, seed: int) -> int:
    """One process's work; returns how many vectors were wrong."""
    encoder, _ = cached(folder)
    wrong = 0
    for n in np.random.default_rng(seed).integers(0, 300, 60):
        text = f"text {n}"
        exact = Slow().encode([text])
        exact /= np.linalg.norm(exact)
        wrong += int(np.abs(encoder.encode([text]) - exact).max() > 2e-3)
        if n % 3 == 0:
            encoder.flush()
    encoder.flush()
    return wrong


def test_processes_may_share_a_folder(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(fill, [(tmp_path, seed) for seed in range(8)]) == [0] * 8
    drawn = {int(n) for s in range(8) for n in np.random.default_rng(s).integers(0, 300, 60)}
    assert index_rows(tmp_path) == len(drawn)
    assert fill(tmp_path, 99) == 0


def test_a_killed_process_leaves_a_sound_cache(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from test_encoders_cache import cached\n"
        "encoder, _ = cached(Path(sys.argv[1]))\n"
        "n = 0\n"
        "while True:\n"
        "    encoder.encode([f'text {n + i}' for i in range(40)])\n"
        "    encoder.flush()\n"
        "    n += 40\n"
        "    print(n, flush=True)\n"
    )
    for round_ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        while int(child.stdout.readline()) < 120 * (round_ + 1):
            pass
        time.sleep(0.003 * round_)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    encoder, slow = cached(tmp_path)
    texts = [f"text {n}" for n in range(360)]
    got = encoder.encode(texts)
    exact = Slow().encode(texts)
    assert np.abs(got - exact / np.linalg.norm(exact, axis=1, keepdims=True)).max() < 2e-3
    assert slow.asked == []  # all that was announced was there
