"""bertalign (Liu and Zhu 2022) on given vectors.

    adapter.py CODE INPUT.npz OUTPUT.json SIZE

CODE is a checkout of https://github.com/bfsujason/bertalign; SIZE is its `max_align` (5: its
default). Written for commit 56f2ab5; all other settings are its defaults. Its package loads
a sentence encoder, a splitter and a language detector when it is imported. None of them has a part
in the alignment of given vectors, so empty modules stand in for them.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import Task, answer, head, layers, read_task, sums


class _Nothing:
    """Takes any arguments and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass


def stand_in() -> None:
    """Modules that only the text part needs; no model is loaded in any case."""
    for name, members in (
        ("sentence_transformers", {"SentenceTransformer": _Nothing}),
        ("sentence_transformers.util", {"batch_to_device": None}),
        ("googletrans", {"Translator": _Nothing}),
        ("sentence_splitter", {"SentenceSplitter": _Nothing}),
    ):
        module = ModuleType(name)
        vars(module).update(members)
        sys.modules[name] = module
    if find_spec("torch") is None:
        torch = ModuleType("torch")
        vars(torch)["cuda"] = SimpleNamespace(is_available=lambda: False)
        sys.modules["torch"] = torch


def main(code: str, source: str, target: str, size: str) -> None:
    """Align and write the answer."""
    sys.path.insert(0, code)
    stand_in()
    from bertalign.aligner import Bertalign  # type: ignore[import-not-found]

    most = int(size)

    def prepare(task: Task) -> Any:
        aligner = Bertalign.__new__(Bertalign)  # its constructor would encode text
        src_bytes, tgt_bytes = (sums(x, most - 1) for x in (task.src_bytes, task.tgt_bytes))
        vars(aligner).update(
            max_align=most,
            top_k=3,
            win=5,
            skip=-0.1,
            margin=True,
            len_penalty=True,
            src_num=len(task.src),
            tgt_num=len(task.tgt),
            src_vecs=layers(task.src, most - 1),
            tgt_vecs=layers(task.tgt, most - 1),
            src_lens=src_bytes,
            tgt_lens=tgt_bytes,
            char_ratio=np.sum(src_bytes[0]) / np.sum(tgt_bytes[0]),
        )
        return aligner

    def work(aligner: Any) -> Any:
        aligner.align_sents()
        return aligner.result

    task = read_task(source)
    work(prepare(head(task, 100)))  # compiles
    answer(target, lambda: prepare(task), work)


if __name__ == "__main__":
    main(*sys.argv[1:])
