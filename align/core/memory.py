"""Freed memory is kept for the next array.

The core makes and drops many arrays of some hundred kilobytes. The GNU C library gives each of them
back to the system at once, and the system must clear every page again before it lends it anew:
about a fifth of the time of a short document. The library learns from what it sees freed: after
one block of almost 32 MiB it keeps up to twice that. A second such block comes from the memory that
is kept, and numpy asks the system to lend that in large pages: a short document then costs a few
hundred page faults less. The blocks are never written to, so they cost nothing; other C libraries
take no notice.
"""

from __future__ import annotations

import functools

import numpy as np

BLOCK = 31 << 20  # bytes; of blocks larger than 32 MiB the library learns nothing


@functools.cache
def keep_freed_memory() -> None:
    """Once a process; any long document would bring it about too."""
    for _ in range(2):  # each is freed at once
        np.empty(BLOCK, np.uint8)
