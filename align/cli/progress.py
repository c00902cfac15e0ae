"""A progress bar on standard error for what takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, TextIO

PATIENCE = 2.0  # seconds before a bar is shown


class Bar:
    """Shows what is being done and how much is left; nothing where nobody watches a terminal."""

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._silent = quiet or not self._stream.isatty()
        self._began = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, what: str, share: float) -> None:
        """This is done next, and so much of everything is done (0..1)."""
        if self._silent or time.monotonic() - self._began < PATIENCE:
            return
        if self._bar is None:
            from tqdm import tqdm

            form = "{percentage:3.0f}% |{bar}| {elapsed} {postfix}"
            self._bar = tqdm(total=1.0, bar_format=form, file=self._stream, leave=False)
        self._bar.set_postfix_str(what, refresh=False)
        self._bar.update(share - self._bar.n)
        self._bar.refresh()
