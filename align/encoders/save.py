"""Writes static models as sentence-transformers folders."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.layout import FINGERPRINT, OURS, fingerprint_of
from align.encoders.vectors import pack
from align.errors import AlignError

_STOCK = "sentence_transformers.models.StaticEmbedding"
_NORMALISE = "sentence_transformers.models.Normalize"


DIRECTIONS = 128  # in which clauses are compared


def _compact(tokenizer_json: str) -> tuple[bytes, npt.NDArray[np.float64], int]:
    """tokenizer.json without spaces, scores with four decimals; the scores; the unknown token."""
    settings = json.loads(tokenizer_json)
    model = settings["model"]
    model["vocab"] = [[token, round(score, 4)] for token, score in model["vocab"]]
    text = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
    scores = np.array([score for _, score in model["vocab"]], np.float64)
    return text.encode("utf-8"), scores, int(model["unk_id"])


def leading_directions(
    vectors: npt.NDArray[np.float32], scores: npt.NDArray[np.float64]
) -> npt.NDArray[np.float16]:
    """The principal directions of the table, [dims, DIRECTIONS].

    Tokens are weighted by the root of their frequency (from the Unigram scores). Clauses
    compared in these align no worse than in all dimensions, at a quarter of the cost.
    """
    weight = np.exp((scores - scores.max()) / 2).astype(np.float32)
    spread = (vectors * weight[:, None]).T @ vectors  # [dims, dims]
    _, found = np.linalg.eigh(spread.astype(np.float64))
    found = found[:, ::-1][:, :DIRECTIONS]
    found *= np.where(found[np.abs(found).argmax(0), np.arange(found.shape[1])] < 0, -1, 1)
    return found.astype(np.float16)


def _tensors(vectors: npt.NDArray[np.float32], bits: int) -> dict[str, npt.NDArray[Any]]:
    if bits == 4:
        packed = pack(vectors)
        return {"codes": packed.codes, "levels": packed.levels, "scale": packed.scale}
    if bits == 8:
        scale = np.abs(vectors).max(1) / 127
        whole = np.rint(vectors / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8)
        return {"embeddings": whole, "weights": scale.astype(np.float32)}
    if bits == 32:
        return {"embedding.weight": vectors}
    raise AlignError(f"bits: expected 4, 8 or 32, got {bits}")


def save_static(
    folder: Path | str,
    tokenizer_json: str,
    vectors: npt.NDArray[Any],
    card: str = "",
    *,
    bits: int = 8,
) -> Path:
    """Writes a model folder, whole or not at all, and returns it.

    `tokenizer_json` is a `tokenizers.Tokenizer.to_str()` of a Unigram model, `vectors` one row per
    token, [tokens, dims], `card` the text of README.md. A model that is there already is replaced,
    any other folder is left alone (AlignError). sentence-transformers loads 8 bits (from release 6
    on) and 32 by its own class; 4 bits, half the size of 8, need `trust_remote_code=True` there,
    because the class that unpacks them is in this package.
    """
    from safetensors.numpy import save_file

    folder = Path(folder)
    if folder.exists() and not (folder / "modules.json").is_file() and any(folder.iterdir()):
        raise AlignError(f"{folder}: exists and is no model; name another folder")
    text, scores, unknown = _compact(tokenizer_json)
    count = len(scores)
    if vectors.ndim != 2 or len(vectors) != count:
        raise AlignError(
            f"expected vectors [{count}, dims] for {count} tokens, got {vectors.shape}"
        )
    table = vectors.astype(np.float32)
    if not np.isfinite(table).all():
        raise AlignError(f"the vectors of {folder} hold NaN or infinity; train with a lower rate")
    table[unknown] = 0.0
    tensors = _tensors(table, bits)
    if table.shape[1] > DIRECTIONS:
        tensors["directions"] = leading_directions(table, scores)
    kinds = [OURS if bits == 4 else _STOCK, _NORMALISE]
    modules = [
        {"idx": i, "name": str(i), "path": "" if i == 0 else "1_Normalize", "type": kind}
        for i, kind in enumerate(kinds)
    ]
    settings: dict[str, Any] = {
        "prompts": {},
        "default_prompt_name": None,
        "similarity_fn_name": "cosine",
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        made.chmod(0o755)
        (made / "tokenizer.json").write_bytes(text)
        save_file(tensors, made / "model.safetensors", {FINGERPRINT: fingerprint_of(text, tensors)})
        (made / "model.safetensors").chmod((made / "tokenizer.json").stat().st_mode)
        (made / "modules.json").write_text(json.dumps(modules, indent=2) + "\n", "utf-8")
        (made / "config_sentence_transformers.json").write_text(
            json.dumps(settings, indent=2) + "\n", "utf-8"
        )
        (made / "README.md").write_text(card, "utf-8")
        _swap(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _swap(made: Path, folder: Path) -> None:
    """Puts `made` in the place of `folder`; what was there goes last."""
    old = made.with_suffix(".old")
    if folder.exists():
        folder.replace(old)
    made.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
