"""Python's cycle collector waits while a document is worked on.

Sentences, spans and beads are made by the ten thousand, and none of them refers back to what refers
to it. The collector, which wakes up every so many new objects, would go through all of them, and
through every module loaded, again and again, to find nothing: about a twentieth of the time from
text to pairs.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0  # calls that are under way, in all threads
_enabled = False  # before the first of them


@contextmanager
def without_collector() -> Iterator[None]:
    """As a context or a decorator; the setting is the process's, and comes back with the last."""
    global _inside, _enabled
    with _lock:
        if _inside == 0:
            _enabled = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _enabled:
                gc.enable()
