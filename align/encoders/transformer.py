"""Encoders of the sentence-transformers library, behind the same door as our own. Needs torch."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from align.encoders.protocol import Floats, unit_rows
from align.errors import AlignError

INSTALL = (
    'pip install "parallel-align[transformers]" torch'
    " --extra-index-url https://download.pytorch.org/whl/cpu"
)
_WHOLE, _ENDS = 1 << 20, 1 << 16  # bytes of a file that go into the fingerprint


def check_folder(folder: Path, name: str) -> None:
    """Raises AlignError unless the folder holds a model that loads without running its code."""
    if not ((folder / "modules.json").is_file() or (folder / "config.json").is_file()):
        raise AlignError(
            f"{name}: no model in this folder; expected modules.json or config.json, got"
            f" {', '.join(sorted(p.name for p in folder.iterdir())[:5]) or 'nothing'}"
        )
    for pickle in [*folder.rglob("*.bin"), *folder.rglob("*.pt")]:
        if not any(pickle.parent.glob("*.safetensors")):
            raise AlignError(
                f"{name}: {pickle.name} is a pickle, which can run code and is not loaded; save the"
                " model again as safetensors, or ask for a revision that has them"
            )
    if not any(folder.rglob("*.safetensors")):
        raise AlignError(f"{name}: no model in this folder; it holds no *.safetensors file")


def folder_fingerprint(folder: Path) -> str:
    """Twelve hexadecimal digits that change with the model: sizes of all files, the content of the
    small ones, both ends of the big ones."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".json", ".txt", ".model", ".safetensors"} or not path.is_file():
            continue
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_WHOLE if size <= _WHOLE else _ENDS))
            if size > _WHOLE:
                file.seek(-_ENDS, 2)
                digest.update(file.read())
    return digest.hexdigest()


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Keeps the transformers library from drawing on stderr, and leaves it as it was."""
    from transformers.utils import logging

    bars: Any = logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


class TransformerEncoder:
    """A sentence-transformers model from a folder."""

    def __init__(self, folder: Path, name: str, device: str | None = None) -> None:
        """`device` is torch's name for it, None: the best there is. Raises AlignError."""
        check_folder(folder, name)
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise AlignError(
                f"{name}: needs sentence-transformers, which is not installed ({error}): {INSTALL}"
            ) from error
        try:
            with _no_progress_bar():
                self._model: Any = SentenceTransformer(
                    str(folder),
                    device=device,
                    trust_remote_code=False,
                    local_files_only=True,
                    model_kwargs={"use_safetensors": True},
                )
        except Exception as error:  # anything may be wrong in a folder
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise AlignError(
                f"{name}: no model that sentence-transformers can load ({reason})"
            ) from error
        self._plain = name
        self.name = f"{Path(name).name or name}-{folder_fingerprint(folder)}"

    def encode(self, texts: list[str]) -> Floats:
        """Rows of unit length, float32 [n, dims]. Equal texts are encoded once."""
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.zeros((0, self._dims()), np.float32)
        found = self._model.encode(
            distinct, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False
        )
        rows = unit_rows(found, len(distinct), self._plain)
        place = {text: i for i, text in enumerate(distinct)}
        return rows if len(distinct) == len(texts) else rows[[place[text] for text in texts]]

    def _dims(self) -> int:
        count = getattr(self._model, "get_embedding_dimension", None)  # from release 6 on
        return int((count or self._model.get_sentence_embedding_dimension)() or 0)
