"""The retrieval figures of benchmarks/encoder.py."""

from __future__ import annotations

import lzma
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.retrieval import both_ways, one_way, read_texts, retrieval
from benchmarks.texts import Texts, distractors, running_texts


def unit(*rows: tuple[float, ...]) -> np.ndarray:
    found = np.array(rows, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_by_hand() -> None:
    a = unit((1, 0), (0, 1))
    assert both_ways(a, a, 2) == (100.0, 100.0)
    assert one_way(a, a[::-1], 2) == (0.0, 0.0)
    assert one_way(a, unit((1, 0.5), (1, 0.6)), 2) == (100.0, 100.0)
    assert one_way(a, unit((1, 0.5), (1, 0.3)), 2)[0] == 0.0


def test_distractors_are_found_but_do_not_look_themselves() -> None:
    a = unit((1, 0, 0), (0, 1, 0))
    b = unit((1, 0.1, 0), (0, 1, 0.3), (0, 1, 0))  # the third is nearer than the second
    assert one_way(a, b[:2], 2)[0] == 100.0
    assert one_way(a, b, 2)[0] == 50.0
    assert one_way(b, a, 2)[0] == 100.0


def test_margin_is_that_of_the_whole_matrix() -> None:
    rng = np.random.default_rng(0)
    a = unit(*rng.standard_normal((60, 12)))
    b = unit(*(a + 0.25 * rng.standard_normal((60, 12))))
    cosines = a @ b.T
    near = np.sort(cosines, 1)[:, -4:].mean(1)[:, None] + np.sort(cosines, 0)[-4:].mean(0)[None]
    right = 100 * ((cosines / near).argmax(1) == np.arange(60)).mean()
    assert one_way(a, b, 60)[1] == pytest.approx(right)
    assert one_way(a, b, 60)[0] < right


class Letters:
    """A text is the counts of its letters."""

    name = "letters"

    def encode(self, texts: list[str]) -> np.ndarray:
        return unit(*([text.count(c) + 0.01 for c in "abcdef"] for text in texts))


def test_files(tmp_path: Path) -> None:
    (tmp_path / "t.en").write_text("aab\nccd\n", encoding="utf-8")
    (tmp_path / "t.de").write_text("aab\nccd\n", encoding="utf-8")
    crowd = tmp_path / "crowd.tsv.xz"
    rows = ["en\tde", f"{'f ' * 12}\t{'aab ' * 12}", f"short\t{'e ' * 12}"]
    crowd.write_bytes(lzma.compress("\n".join(rows).encode()))
    assert read_texts(tmp_path) == {"t": {"en": ["aab", "ccd"], "de": ["aab", "ccd"]}}
    found = retrieval(Letters(), tmp_path, [crowd], 9)["t"]
    assert found["pairs"] == {"en-de": {"cosine": 100.0, "margin": 100.0}}
    assert found["distractors"] == {"en": 1, "de": 2}
    assert found["among_distractors"]["en-de"]["cosine"] == 100.0  # the first of equals
    assert distractors([crowd], 9, {"de": ["e " * 12]}) == {"de": ["aab " * 12]}
    (tmp_path / "t.de").write_text("aab\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="t: the files are not line by line of one text"):
        read_texts(tmp_path)


def test_running_text(tmp_path: Path) -> None:
    running = [f"{i} " + "word " * 21 for i in range(700)]
    ordinary = [f"{i} " + "word " * 30 for i in range(300)]
    file = tmp_path / "x.en"
    file.write_text("\n".join([*running, *ordinary, *running, "few words"]), encoding="utf-8")
    texts = running_texts([file], ["en", "de"], 800, 100)["en"]
    assert set(texts.fresh) <= set(running) and len(texts.fresh) == 100
    assert len(texts.warm_up) == 800 and set(texts.warm_up[:600]) == set(running) - set(texts.fresh)
    assert set(texts.warm_up[600:]) < set(ordinary)
    assert list(running_texts([file], ["en", "de"], 800, 100)) == ["en"]
    file.write_text("few words\nmore\n", encoding="utf-8")
    assert running_texts([file], ["en"], 800, 100) == {"en": Texts([], ["few words", "more"])}
