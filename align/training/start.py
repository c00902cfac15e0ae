"""What a training run begins with: the bitext, the model to continue, the place to write to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from align.encoders.layout import static_home
from align.encoders.load import EMBEDDED
from align.encoders.static import StaticEncoder
from align.encoders.tokens import read_unigram
from align.encoders.vectors import read_vectors
from align.errors import AlignError
from align.training.bitext import Bitext, find_bitexts
from align.training.plan import TrainOptions

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Base:
    """The model that is continued."""

    name: str
    tokenizer: str  # its tokenizer.json
    vectors: Floats  # [tokens, dims]

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])


def base_of(start: Path | str, options: TrainOptions) -> Base:
    """The model in a folder, or the one inside the package. AlignError for any but ours."""
    folder = Path(start)
    if start == "embedded" and not folder.exists():
        folder = EMBEDDED
    home = static_home(folder) if folder.is_dir() else None
    if home is None or read_unigram(home / "tokenizer.json") is None:
        raise AlignError(f"{start}: no model made by `align train`; only those can be continued")
    table = read_vectors(home / "model.safetensors")
    if options.dims not in (None, table.dims):
        raise AlignError(
            f"{start}: has {table.dims} dimensions, dims asks for {options.dims}; leave it out"
        )
    tokenizer = (home / "tokenizer.json").read_text("utf-8")
    return Base(StaticEncoder(folder).name, tokenizer, table.take(np.arange(table.count)))


def check_output(output: Path, overwrite: bool) -> None:
    """Whether a model can be written there, before hours of work. AlignError if not."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        if not (output / "modules.json").is_file():
            raise AlignError(f"{output}: exists and is no model; name another folder")
        if not overwrite:
            raise AlignError(f"{output}: a model is there; name another folder, or --overwrite")
    home = output.resolve().parent
    while not home.exists():
        home = home.parent
    if not home.is_dir():
        raise AlignError(f"{output}: cannot be made, {home} is a file")
    if not os.access(home, os.W_OK | os.X_OK):
        raise AlignError(f"{output}: no permission to write in {home}")


def chosen_bitexts(places: Sequence[Path], options: TrainOptions) -> list[Bitext]:
    """The bitext in the languages asked for. AlignError if it lacks one."""
    found = find_bitexts(places, options.encoding)
    if not options.languages:
        return found
    chosen = [part for bitext in found if (part := bitext.only(options.languages)) is not None]
    every = sorted({lang for bitext in found for lang in bitext.langs})
    missing = [lang for lang in options.languages if lang not in every]
    if missing or not chosen:
        what = f"none in {', '.join(missing)}" if missing else "no pair of those asked for"
        raise AlignError(f"languages: the bitext has {', '.join(every)}, {what}")
    return chosen
