"""Small real models, made on the spot by the tests."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from align.encoders.save import save_static
from align.training.vocabulary import train_tokenizer

ROOT = Path(__file__).parents[1]
DIMS = 32


@functools.cache
def sentences() -> dict[str, list[str]]:
    """The sentences of the project's own article, by language."""
    return {
        lang: (ROOT / "data" / "sentences" / f"{lang}.txt").read_text("utf-8").splitlines()
        for lang in ("en", "de", "fr", "zh")
    }


@functools.cache
def tokenizer() -> Any:
    """A `tokenizers.Tokenizer` of our kind, with some 1,500 tokens."""
    words = {
        text[i : i + n] for text in sentences()["zh"] for n in (3, 4) for i in range(len(text))
    }
    return train_tokenizer(sentences(), 1500, words, min_characters=1)


def table(seed: int = 0) -> np.ndarray:
    """Random vectors for its tokens, float32 [tokens, 32]."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((tokenizer().get_vocab_size(), DIMS)).astype(np.float32)


def make_static(folder: Path, bits: int = 4, seed: int = 0) -> Path:
    """A static model of our kind in `folder`."""
    return save_static(folder, tokenizer().to_str(), table(seed), "# tiny\n", bits=bits)


def make_transformer(folder: Path) -> Path:
    """A real BERT of two layers and 32 dimensions with a word-piece vocabulary, mean-pooled."""
    import torch
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer()
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    texts = [text for lang in sentences().values() for text in lang]
    pieces.train_from_iterator(
        texts,
        trainers.WordPieceTrainer(vocab_size=800, special_tokens=special, show_progress=False),
    )
    pieces.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=pieces.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    plain = folder.with_name(folder.name + "-bert")
    BertModel(config).save_pretrained(plain)
    PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=128,
    ).save_pretrained(plain)
    SentenceTransformer(str(plain), device="cpu").save(str(folder))
    return folder
