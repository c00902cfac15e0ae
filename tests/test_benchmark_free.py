"""How often free translations are found: who is asked, and what counts as found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
with pytest.MonkeyPatch.context() as _patch:
    _patch.syspath_prepend(str(ROOT))
    from benchmarks import free
    from benchmarks.golds import find_set

LANGS = ("en", "de", "fr", "zh")


class Meanings:
    """A line's vector is that of the number it ends with, one direction each."""

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.eye(8, dtype=np.float32)[[int(text.split()[-1]) for text in texts]]


def write(folder: Path, texts: dict[str, list[int]], gold: str) -> None:
    (folder / "sentences").mkdir(parents=True)
    (folder / "gold").mkdir()
    for lang, meanings in texts.items():
        lines = "".join(f"{lang} {meaning}\n" for meaning in meanings)
        (folder / "sentences" / f"{lang}.txt").write_text(lines, "utf-8")
    for k, src in enumerate(LANGS):
        for tgt in LANGS[k + 1 :]:
            (folder / "gold" / f"{src}-{tgt}.gold").write_text(gold, "utf-8")


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    write(tmp_path / "a", {lang: [0, 1, 2] for lang in LANGS}, "[0]:[0]\n[1, 2]:[1, 2]\n")
    texts = {lang: [3, 4, 5] for lang in LANGS} | {"zh": [3, 5, 4]}
    write(tmp_path / "b", texts, "[0]:[0]\n[1]:[1]\n[2]:[2]\n")
    return tmp_path


def test_sentences_that_go_one_to_one_are_counted_through_all_texts(prose: Path) -> None:
    golds = [find_set(prose / name).golds for name in "ab"]
    asked = free.one_to_one(gold for some in golds for gold in some if gold.langs == ("en", "de"))
    assert asked.tolist() == [[0, 0], [3, 3], [4, 4], [5, 5]]


def test_a_sentence_is_found_where_gold_has_it(prose: Path) -> None:
    found = free.measure(Meanings(), prose)  # type: ignore[arg-type]
    assert (found["texts"], found["sentences"]) == (2, dict.fromkeys(LANGS, 6))
    assert found["pairs"]["en-de"] == {"asked": 4, "cosine": 100.0, "margin": 100.0}
    assert found["pairs"]["en-zh"] == {"asked": 4, "cosine": 50.0, "margin": 50.0}


def test_gold_of_several_documents_is_asked_together(tmp_path: Path) -> None:
    for name, meanings in (("1", [0, 1, 2]), ("2", [3, 4, 5])):
        for lang in ("en", "zh"):
            order = meanings if lang == "en" or name == "1" else [3, 5, 4]
            lines = "".join(f"{lang} {meaning}\n" for meaning in order)
            (tmp_path / f"{name}.{lang}").write_text(lines, "utf-8")
    (tmp_path / "1.gold").write_text("[0]:[0]\n[1, 2]:[1, 2]\n", "utf-8")
    (tmp_path / "2.gold").write_text("[0]:[0]\n[1]:[1]\n[2]:[2]\n", "utf-8")
    assert free.measure_gold(Meanings(), tmp_path) == {  # type: ignore[arg-type]
        "name": tmp_path.name, "langs": "en-zh", "asked": 4, "cosine": 50.0, "margin": 50.0,
    }  # fmt: skip
