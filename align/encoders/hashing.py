"""Whole-array hash tables: find and insert many 64-bit keys with a few numpy operations.

Open addressing with linear probing, in rounds over those that have not met their key or an empty
slot yet. Key 0 marks an empty slot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Values = npt.NDArray[np.int32]
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 / golden ratio: high bits mix all bits


class KeyTable:
    """64-bit keys to int32 values, for at most `capacity` keys. Its owner does the locking."""

    def __init__(self, capacity: int) -> None:
        bits = max(4, int(4 * capacity - 1).bit_length())  # a quarter full at most: short probes
        self._shift = np.uint64(64 - bits)
        self._mask = np.int64((1 << bits) - 1)
        self._keys = np.zeros(1 << bits, np.uint64)
        self._values = np.zeros(1 << bits, np.int32)

    def _home(self, keys: Keys) -> npt.NDArray[np.int64]:
        return ((keys * _SPREAD) >> self._shift).view(np.int64)

    def find(self, keys: Keys, missing: int = -1) -> Values:
        """The value of each key, `missing` where there is none. [n] -> [n]."""
        slot = self._home(keys)
        there = self._keys[slot]
        hit = there == keys
        found = np.where(hit, self._values[slot], np.int32(missing))
        rest = np.flatnonzero(~hit & (there != 0))
        slot, wanted = slot[rest], keys[rest]
        while len(rest):
            slot = (slot + 1) & self._mask
            there = self._keys[slot]
            hit = there == wanted
            found[rest[hit]] = self._values[slot[hit]]
            going = ~hit & (there != 0)
            rest, slot, wanted = rest[going], slot[going], wanted[going]
        return found

    def insert(self, keys: Keys, values: Values) -> None:
        """Adds keys that are distinct and not in the table yet."""
        slot = self._home(keys)
        while len(keys):
            free = self._keys[slot] == 0
            self._keys[slot[free]] = keys[free]  # where two want one slot, the last one gets it
            mine = self._keys[slot] == keys
            self._values[slot[mine]] = values[mine]
            rest = ~mine
            keys, values, slot = keys[rest], values[rest], (slot[rest] + 1) & self._mask
