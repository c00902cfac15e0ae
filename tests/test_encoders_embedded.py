"""The model inside the package."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tiny_models import sentences
from tokenizers import Tokenizer

from align.encoders.load import EMBEDDED, load_encoder
from align.encoders.pieces import normalise
from align.encoders.static import StaticEncoder
from align.encoders.vectors import read_vectors

pytestmark = pytest.mark.skipif(not EMBEDDED.is_dir(), reason="no embedded model in this checkout")


def test_size() -> None:
    assert sum(path.stat().st_size for path in EMBEDDED.iterdir()) <= 24_000_000


def test_both_paths_give_the_same_vectors() -> None:
    texts = [text for lang in sentences().values() for text in lang]
    texts += ["漢語是繁體中文;简体也行。", "COVID-19疫情在iPhone手机上。", "\U000f1234", ""]
    encoder = load_encoder()
    assert isinstance(encoder, StaticEncoder)
    library = Tokenizer.from_file(str(EMBEDDED / "tokenizer.json"))
    vectors = read_vectors(EMBEDDED / "model.safetensors")
    floats = vectors.take(np.arange(vectors.count))
    found = library.encode_batch_fast([normalise(t) for t in texts], add_special_tokens=False)
    sums = np.array([floats[e.ids].sum(0) for e in found])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    wanted = sums / np.where(lengths > 0, lengths, 1)
    got = encoder.encode(texts)
    assert np.abs(got - wanted).max() <= 1e-5
    assert not floats[0].any()  # what is unknown has no vector

    st = pytest.importorskip("sentence_transformers")
    model = st.SentenceTransformer(str(EMBEDDED), device="cpu", trust_remote_code=True)
    assert np.abs(model.encode(texts) - got).max() <= 1e-5


def test_translations_are_neighbours() -> None:
    lines = {
        "en": ["The ferry is late today.", "He bought three apples.", "Where is the station?"],
        "de": ["Die Fähre hat heute Verspätung.", "Er kaufte drei Äpfel.", "Wo ist der Bahnhof?"],
        "fr": ["Le ferry est en retard.", "Il a acheté trois pommes.", "Où est la gare ?"],
        "zh": ["今天渡轮晚点了。", "他买了三个苹果。", "車站在哪裡？"],
    }
    rows = {lang: load_encoder().encode(texts) for lang, texts in lines.items()}
    for a, b in itertools.combinations(lines, 2):
        assert (rows[a] @ rows[b].T).argmax(1).tolist() == [0, 1, 2], (a, b)
