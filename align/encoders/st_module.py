"""The module by which sentence-transformers loads our 4-bit folders. Needs torch.

Named in their modules.json; gives the same vectors as align.encoders.static.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from align.encoders.pieces import normalise
from align.encoders.vectors import read_vectors

try:  # moved in sentence-transformers 6
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
except ImportError:
    from sentence_transformers.models import StaticEmbedding


class PackedEmbedding(StaticEmbedding):  # type: ignore[misc]
    """A StaticEmbedding whose table was packed and whose texts are normalised as ours are."""

    def preprocess(self, inputs: list[str], *args: Any, **kwargs: Any) -> Any:
        """Token numbers of texts, for sentence-transformers from 6 on."""
        return super().preprocess([normalise(text) for text in inputs], *args, **kwargs)

    def tokenize(self, texts: list[str], *args: Any, **kwargs: Any) -> Any:
        """Token numbers of texts, for sentence-transformers before 6."""
        return super().tokenize([normalise(text) for text in texts], *args, **kwargs)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> PackedEmbedding:
        """Reads and unpacks a model, from a folder or, where `kwargs` say how, from a hub."""
        weights, tokenizer = Path(model_name_or_path, subfolder, "model.safetensors"), None
        if not weights.is_file():
            known = {"token", "cache_folder", "revision", "local_files_only"}
            hub = {name: value for name, value in kwargs.items() if name in known}
            weights, tokenizer = (
                Path(
                    cls.load_file_path(
                        model_name_or_path, filename=name, subfolder=subfolder, **hub
                    )
                )
                for name in ("model.safetensors", "tokenizer.json")
            )
        vectors = read_vectors(weights)
        table = vectors.take(np.arange(vectors.count))
        path = tokenizer or weights.with_name("tokenizer.json")
        return cls(Tokenizer.from_file(str(path)), embedding_weights=table)
