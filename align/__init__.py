"""align: finds which sentences of two or more versions of a text translate which.

import align
from pathlib import Path
for bead in align.pair(Path("news.en.txt"), Path("news.de.txt")):
    print(bead.probability, bead.src, bead.tgt, sep="\\t")
"""

from __future__ import annotations

import importlib
import logging
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from align.alignment import Alignment
from align.errors import AlignError
from align.options import Options
from align.types import Bead, Document, Reason, Sentence
from align.version import __version__
from align.versions import MultiAlignment, MultiRow

if TYPE_CHECKING:
    from align.encoders.load import load_encoder
    from align.multi import multi
    from align.pair import pair
    from align.score import score
    from align.score_files import filter_file, score_file
    from align.train import train

__all__ = [
    "AlignError",
    "Alignment",
    "Bead",
    "Document",
    "MultiAlignment",
    "MultiRow",
    "Options",
    "Reason",
    "Sentence",
    "__version__",
    "filter_file",
    "load_encoder",
    "multi",
    "pair",
    "score",
    "score_file",
    "train",
]

logging.getLogger("align").addHandler(logging.NullHandler())
_LAZY = {
    "pair": "align.pair",
    "multi": "align.multi",
    "score": "align.score",
    "score_file": "align.score_files",
    "filter_file": "align.score_files",
    "load_encoder": "align.encoders.load",
    "train": "align.train",
}


class _Package(ModuleType):
    """Keeps the verbs callable: importing the module align.pair must not hide the function."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _LAZY and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Loads what needs numpy only when it is asked for."""
        if name not in _LAZY:
            raise AttributeError(f"module 'align' has no attribute {name!r}")
        value = getattr(importlib.import_module(_LAZY[name]), name)
        setattr(self, name, value)
        return value


sys.modules[__name__].__class__ = _Package
