"""A progress bar on standard error for what takes long."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, TextIO

PATIENCE = 2.0  # seconds before a bar is shown


class Bar:
    """Shows what is being done and how much is left; nothing where nobody watches a terminal."""

    def __init__(
        self,
        quiet: bool = False,
        stream: TextIO | None = None,
        *,
        patience: float = PATIENCE,
        lasting: bool = False,
    ) -> None:
        """`patience`: seconds of work before it appears. `lasting`: of steps that are alike, whose
        end can be foretold; it stays when the work is done."""
        self._stream = stream or sys.stderr
        self.silent = quiet or not self._stream.isatty()
        self._appears = time.monotonic() + patience
        self._lasting = lasting
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
        if self.silent or time.monotonic() < self._appears:
            return
        if self._bar is None:
            from tqdm import tqdm

            left = "<{remaining}" if self._lasting else ""
            self._bar = tqdm(
                total=1.0,
                initial=share if self._lasting else 0.0,
                bar_format=f"{{percentage:3.0f}}% |{{bar}}| {{elapsed}}{left}{{postfix}}",
                file=self._stream,
                leave=self._lasting,
            )
        self._bar.set_postfix_str(what, refresh=False)
        self._bar.update(share - self._bar.n)
        if not self._lasting:
            self._bar.refresh()
