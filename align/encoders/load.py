"""The one door to every encoder: embedded, a folder, a name, an object."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from align.encoders.fetch import fetch, is_hub_name
from align.encoders.layout import static_home
from align.encoders.protocol import Encoder, Floats, unit_rows
from align.encoders.static import StaticEncoder
from align.errors import AlignError

log = logging.getLogger("align")
EMBEDDED = Path(__file__).with_name("static")  # the model inside the package


class ObjectEncoder:
    """Anything with `encode(list[str])`; what comes out is checked and brought to unit length."""

    def __init__(self, inner: Any) -> None:
        """`inner.name`, if there is one, goes into signatures and keys of the cache."""
        kind = type(inner)
        name = getattr(inner, "name", None)
        self.name = name if isinstance(name, str) else f"{kind.__module__}.{kind.__qualname__}"
        self._encode: Callable[[list[str]], Any] = inner.encode

    def encode(self, texts: list[str]) -> Floats:
        """Rows of unit length, float32 [n, d]. Raises AlignError for anything else."""
        return unit_rows(self._encode(list(texts)), len(texts), self.name)


@functools.cache
def _embedded() -> StaticEncoder:
    return StaticEncoder(EMBEDDED)


def _from_folder(folder: Path, name: str, device: str | None) -> Encoder:
    if static_home(folder) is not None:
        return StaticEncoder(folder)
    from align.encoders.transformer import TransformerEncoder

    return TransformerEncoder(folder, name, device)


def _from_name(name: str | Path, device: str | None) -> Encoder:
    if isinstance(name, str) and not name.strip():
        raise AlignError("encoder: expected a folder or the name of a model, got an empty name")
    path = Path(name).expanduser()
    if path.is_dir():
        return _from_folder(path, str(name), device)
    if path.exists():
        raise AlignError(f"{name}: a file; an encoder is a folder or the name of a model")
    if isinstance(name, Path) or not is_hub_name(name):
        raise AlignError(f"{name}: no such folder")
    return _from_folder(fetch(name), name, device)


def load_encoder(
    name: str | Path | Any | None = None,
    *,
    device: str | None = None,
    cache: str | Path | None = None,
) -> Encoder:
    """The encoder: `.encode(list[str])` gives float32 [n, d], rows of unit length.

    `name` is None for the model inside the package (en, de, fr, zh), a model's folder (ours or any
    StaticEmbedding without torch, else through sentence-transformers), the name of a
    sentence-transformers model such as "LaBSE" (downloaded once, after a message), or an object
    with `encode`. `device` is torch's, by default the best there is. `cache` is a folder that keeps
    vectors from run to run; static models are faster without and never use it.

    Raises AlignError: no such folder or model, no network, not a model, unsafe or corrupt files,
    sentence-transformers not installed.
    """
    encoder: Encoder
    if name is None:
        encoder = _embedded()
    elif isinstance(name, (str, Path)):
        encoder = _from_name(name, device)
    elif isinstance(name, StaticEncoder):
        encoder = name
    elif callable(getattr(name, "encode", None)):
        encoder = ObjectEncoder(name)
    else:
        raise AlignError(f"encoder: expected a name, folder or object with encode, got {name!r}")
    if cache is None:
        return encoder
    if isinstance(encoder, StaticEncoder):
        log.debug("no cache for %s: it is faster without", encoder.name)
        return encoder
    from align.encoders.cache import CachedEncoder

    return CachedEncoder(encoder, Path(cache))
