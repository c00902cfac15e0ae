"""What a training run keeps on disk until it is done, in a folder beside the model to be.

`run.json` says what was asked for, `tokenizer.json`, `dev.json` and `prepared/` are what the bitext
was made into, `state.pt` is the last checkpoint. Each file appears whole or not at all, so that a
run that was killed goes on from where it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.errors import AlignError
from align.training.dev import DevSet
from align.training.prepare import Prepared, is_prepared, load_prepared


@dataclass(frozen=True, slots=True)
class Work:
    """The work folder of one model."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """The state of the training."""
        return self.folder / "state.pt"

    @property
    def prepared(self) -> Path:
        """The bitext as token numbers."""
        return self.folder / "prepared"

    @property
    def model(self) -> Path:
        """The finished model, until it is moved to its place."""
        return self.folder / "model"

    def begin(self, asked: Mapping[str, Any], resume: bool, overwrite: bool) -> bool:
        """Opens the folder for a run with these settings; True when it takes up an earlier one.

        Raises AlignError when there is an earlier run and it is neither to be resumed nor to be
        overwritten, when it was begun with other settings, when something else is in the way, and
        when the folder cannot be made.
        """
        now = json.loads(json.dumps(asked))
        if self.folder.exists() and not self._is_ours():
            raise AlignError(f"{self.folder}: in the way and no unfinished run; move it away")
        begun = (self.folder / "tokenizer.json").is_file()  # else there is nothing to lose
        if not begun or (overwrite and not resume):
            self.drop()
            try:
                self.folder.mkdir(parents=True)
            except OSError as error:
                raise AlignError(f"{self.folder}: cannot be made ({error.strerror})") from error
            self._write("run.json", now)
            return False
        if not resume:
            raise AlignError(
                f"{self.folder}: an unfinished run is there; go on with --resume, or begin anew "
                "with --overwrite"
            )
        before = json.loads((self.folder / "run.json").read_bytes())
        for name in sorted(now.keys() | before.keys()):
            if now.get(name) != before.get(name):
                raise AlignError(
                    f"{self.folder}: begun with {name} {_shown(before.get(name))}, now it is "
                    f"{_shown(now.get(name))}; resume with the same, or begin anew with --overwrite"
                )
        return True

    def _is_ours(self) -> bool:
        """Whether it is a folder that a run made, or an empty one."""
        return self.folder.is_dir() and (
            (self.folder / "run.json").is_file() or not any(self.folder.iterdir())
        )

    def drop(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def corpus(self) -> tuple[str, tuple[DevSet, ...], Prepared] | None:
        """What `keep` kept, and the prepared bitext; None unless all of it is there."""
        dev, tokenizer = self.folder / "dev.json", self.folder / "tokenizer.json"
        if not (dev.is_file() and tokenizer.is_file() and is_prepared(self.prepared)):
            return None
        sets = json.loads(dev.read_bytes())
        found = (DevSet(**{**d, "src": tuple(d["src"]), "tgt": tuple(d["tgt"])}) for d in sets)
        return tokenizer.read_text("utf-8"), tuple(found), load_prepared(self.prepared)

    def keep(self, tokenizer: str, dev: tuple[DevSet, ...]) -> None:
        """Keeps the vocabulary and what is measured with."""
        self._write("dev.json", [asdict(found) for found in dev])
        self._write("tokenizer.json", json.loads(tokenizer))

    def weights(self) -> npt.NDArray[np.float32]:
        """The vectors of the last checkpoint."""
        import torch

        state = torch.load(self.checkpoint, weights_only=True, map_location="cpu", mmap=True)
        found: npt.NDArray[np.float32] = state["weight"].numpy()
        return found

    def finish(self, output: Path) -> None:
        """Moves the model to its place and removes the folder."""
        old = self.folder / "old"
        if output.exists():
            output.replace(old)
        self.model.replace(output)
        shutil.rmtree(self.folder)

    def _write(self, name: str, content: Any) -> None:
        temporary = self.folder / f"{name}.part"
        temporary.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        temporary.replace(self.folder / name)


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    return str(value) if not isinstance(value, list) else ", ".join(map(str, value)) or "none"
