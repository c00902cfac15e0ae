"""Reads a safetensors file as memory-mapped numpy arrays, and checks every byte of its header.

The format (https://github.com/huggingface/safetensors): the header's length in 8 bytes, a JSON
header that names each tensor's type, shape and place, the data. Nothing in it can run code.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.errors import AlignError

Array = npt.NDArray[Any]
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
_LONGEST_HEADER = 100_000_000  # bytes; the limit of the format's own library


def _header(path: Path, raw: Array) -> tuple[dict[str, Any], int]:
    """The header and where the data begins."""
    size = int(raw[:8].view("<u8")[0]) if len(raw) >= 8 else -1
    if not 2 <= size <= min(_LONGEST_HEADER, len(raw) - 8):
        raise AlignError(
            f"{path}: not a whole safetensors file ({len(raw)} bytes); copy or download it again"
        )
    try:
        header = json.loads(raw[8 : 8 + size].tobytes().decode("utf-8"))
    except ValueError as error:
        raise AlignError(f"{path}: broken safetensors header ({error}); copy it again") from error
    if not isinstance(header, dict):
        raise AlignError(f"{path}: broken safetensors header (no table); copy it again")
    return header, 8 + size


def tensor_names(path: Path) -> frozenset[str]:
    """The names in a safetensors file."""
    header, _ = _header(path, _bytes(path))
    return frozenset(header) - {"__metadata__"}


def metadata(path: Path) -> dict[str, str]:
    """The free text entries of a safetensors file."""
    header, _ = _header(path, _bytes(path))
    found = header.get("__metadata__")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def read_tensors(path: Path) -> dict[str, Array]:
    """Every tensor of the file by name, memory-mapped and read-only; bfloat16 comes as float32.

    Raises AlignError for a file that is cut short, corrupt or of a type numpy does not have.
    """
    raw = _bytes(path)
    header, begin = _header(path, raw)
    found: dict[str, Array] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            kind, shape = str(entry["dtype"]), tuple(int(n) for n in entry["shape"])
            first, last = (begin + int(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as error:
            raise AlignError(f"{path}: broken entry {name!r} ({error}); copy it again") from error
        wide = kind == "BF16"
        if not wide and kind not in _TYPES:
            raise AlignError(f"{path}: tensor {name!r} has type {kind}, which is not supported")
        form = np.dtype("<u2" if wide else _TYPES[kind])
        size = math.prod(shape) * form.itemsize
        if min(shape, default=0) < 0 or last - first != size or not begin <= first <= last:
            raise AlignError(f"{path}: tensor {name!r} needs {size} bytes, has {last - first}")
        if last > len(raw):
            raise AlignError(
                f"{path}: cut short: tensor {name!r} ends at byte {last}, the file at {len(raw)};"
                " copy or download it again"
            )
        array = raw[first:last].view(form).reshape(shape)
        if wide:
            array = (array.astype(np.uint32) << 16).view(np.float32)
        found[name] = array
    return found


def _bytes(path: Path) -> Array:
    try:
        return np.memmap(path, np.uint8, "r")
    except FileNotFoundError as error:
        raise AlignError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise AlignError(f"{path}: cannot be read as safetensors ({error})") from error
