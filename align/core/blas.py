"""Products of small matrices on one thread.

The core multiplies thousands of small matrices. BLAS libraries share each of them out among all
CPUs, which costs more than it saves, ten times as much where other work keeps the CPUs busy, and
makes the last bits of a result depend on their number. What pays to be shared out, the core shares
out itself, in larger pieces.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from align.core.side import Floats

_lock = threading.Lock()
_inside = 0  # calls that are under way, in all threads
_limit: Any = None


@functools.cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """As a context or a decorator; the setting is the process's, and comes back with the last."""
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _limit = _libraries().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()


def row_products(x: Floats, y: Floats) -> Floats:
    """The product of each row with the row beside it: einsum takes half as long again.

    [n, d], [n, d] -> [n]
    """
    out: Floats = (x[:, None] @ y[:, :, None])[:, 0, 0]
    return out
