"""Which files make a static model.

A model folder is a sentence-transformers folder: modules.json, tokenizer.json, model.safetensors,
config_sentence_transformers.json and README.md (the model card).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.tensors import metadata, read_tensors, tensor_names
from align.errors import AlignError

OURS = "align.encoders.st_module.PackedEmbedding"
_TABLES = {"codes", "embedding.weight", "embeddings"}
FINGERPRINT = "fingerprint"


def static_home(folder: Path) -> Path | None:
    """Where tokenizer.json and model.safetensors of a static model lie; None: it is none.

    Knows our own folders, sentence-transformers' StaticEmbedding (at the root or in a folder of
    its own, with or without Normalize) and model2vec's.
    """
    home = folder
    modules = folder / "modules.json"
    if modules.is_file():
        try:
            found = [(str(m["type"]).rpartition(".")[2], str(m["path"])) for m in _json(modules)]
        except (KeyError, TypeError) as error:
            raise AlignError(f"{modules}: not a list of modules with type and path") from error
        if not found or found[0][0] not in {"StaticEmbedding", OURS.rpartition(".")[2]}:
            return None
        if any(kind != "Normalize" for kind, _ in found[1:]):
            return None  # more than a table: sentence-transformers' work
        home = folder / found[0][1]
        if not home.resolve().is_relative_to(folder.resolve()):
            raise AlignError(f"{modules}: {found[0][1]!r} leads out of the model's folder")
    weights = home / "model.safetensors"
    if not (weights.is_file() and (home / "tokenizer.json").is_file()):
        return None
    return home if tensor_names(weights) & _TABLES else None


def fingerprint(weights: Path) -> str | None:
    """What save_static wrote into the file to tell its content; None for files of other makers."""
    return metadata(weights).get(FINGERPRINT)


def fingerprint_of(tokenizer: bytes, tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    """What tells the content of a model: twelve hexadecimal digits."""
    import hashlib  # brings OpenSSL along, which loading a model does not need

    digest = hashlib.blake2b(tokenizer, digest_size=6)
    for name in sorted(tensors):
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()


def content_fingerprint(home: Path) -> str:
    """The fingerprint of the files as they are now, to compare with what `fingerprint` tells."""
    tensors = read_tensors(home / "model.safetensors")
    return fingerprint_of((home / "tokenizer.json").read_bytes(), tensors)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AlignError(f"{path}: not valid JSON ({error})") from error
