from __future__ import annotations

import itertools
import json
import multiprocessing
import pickle
import re
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import DIMS, make_static, sentences, table, tokenizer
from tokenizers import Tokenizer

from align.encoders import static as static_module
from align.encoders.chunks import HAN, PUNCT, SPACE, WORD, chunk, hash_spans, spell
from align.encoders.hashing import KeyTable
from align.encoders.layout import static_home
from align.encoders.memo import segment_sums
from align.encoders.pieces import HAN as HAN_CLASS
from align.encoders.pieces import PUNCT as PUNCT_CLASS
from align.encoders.pieces import SPACE as SPACE_CLASS
from align.encoders.pieces import normalise
from align.encoders.save import save_static
from align.encoders.static import StaticEncoder
from align.encoders.tokens import read_unigram
from align.encoders.vectors import TokenVectors, pack, packed_vectors, read_vectors
from align.errors import AlignError

ODD = [
    "",
    " \t\n ",
    "a",
    "Two\nlines and\u2028three",
    "ΣΑΣ ΟΔΟΣ, İstanbul",
    "漢語是繁體中文;简体也行。",
    "COVID-19疫情在iPhone手机上。",
    "e\u0301 A\u0323\u0307 ﬁ ½ ①",
    "x" * 200 + " " + "漢" * 200,
    "🇩🇪 🏴\U000e0067\U000e0062 \U000f1234 \U0001fae8",
    "a\x00b \ud800 \x85c",
    "…!?—„“ 's-'s l'été",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_static(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> StaticEncoder:
    return StaticEncoder(folder)


def texts() -> list[str]:
    return [text for lang in sentences().values() for text in lang] + ODD


def plain_path(folder: Path, texts: list[str]) -> np.ndarray:
    """The vectors by the tokenizers library and a float table."""
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vectors = read_vectors(folder / "model.safetensors")
    floats = vectors.take(np.arange(vectors.count)).astype(np.float64)
    sums = []
    for text in texts:
        clean = normalise(text).replace("\ud800", "\ufffd")  # the library takes no surrogates
        ids = library.encode(clean, add_special_tokens=False).ids
        sums.append(floats[[i for i in ids if i != 0]].sum(0))
    rows = np.array(sums)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def spelled(codes: np.ndarray) -> str:
    """Code points as text."""
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


# --- text to codes


def test_tables_normalise_every_character_as_pieces_does() -> None:
    planes = [range(0x20, 0xD800), range(0xE000, 0x20000), range(0x20000, 0x32000, 7)]
    characters = [chr(c) for plane in planes for c in plane]
    stable = [c for c in characters if not re.fullmatch(f"[{SPACE_CLASS}]", normalise(c)[:1])]
    wanted = [normalise(c) for c in stable]
    for around in ("", "-"):  # each alone, and next to others
        cut = chunk([around + c + around for c in stable])
        got = spelled(cut.codes)[1:-1].split("\n")
        assert got == [around + c + around for c in wanted]


@given(
    st.lists(
        st.text(st.sampled_from("aÅé\u0301\u0338\u3099<≠がか、，Ｋ…½ΣİK\u1100\u1161한ﬁ¨ |")),
        min_size=1,
    )
)
def test_characters_are_normalised_together_with_their_neighbours(texts: list[str]) -> None:
    got = spelled(chunk(texts).codes)[1:-1].split("\n")
    assert got == [normalise(text) for text in texts]


@pytest.mark.parametrize(
    ("kind", "spec"), [(SPACE, SPACE_CLASS), (HAN, HAN_CLASS), (PUNCT, PUNCT_CLASS)]
)
def test_kinds_are_those_of_the_regular_expression(kind: int, spec: str) -> None:
    inside = re.compile(f"[{spec}]")
    kinds = spell([chr(c) for c in range(0x40000) if not 0xD800 <= c < 0xE000])[1][1::2]
    wanted = [bool(inside.match(chr(c))) for c in range(0x40000) if not 0xD800 <= c < 0xE000]
    assert (kinds == kind).tolist() == wanted


def test_chunks_are_runs_of_one_kind() -> None:
    cut = chunk(["Don't panic,  iPhone手机!!", "", "ok"])
    found = [spelled(cut.codes[a:b]) for a, b in zip(cut.starts, cut.ends, strict=True)]
    assert found == ["don", "'", "t", "panic", ",", "iphone", "手机", "!!", "ok"]
    assert cut.offsets.tolist() == [0, 8, 8, 9]
    assert cut.han.tolist() == [False] * 6 + [True] + [False] * 2
    assert {int(cut.kinds[a]) for a in cut.starts} == {WORD, PUNCT, HAN}


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, min_size=2, max_size=40))
def test_different_strings_have_different_hashes(strings: list[str]) -> None:
    codes, _, starts, lengths = spell(strings)
    assert len(set(hash_spans(codes, starts, lengths).tolist())) == len(
        {codes[a : a + n].tobytes() for a, n in zip(starts, lengths, strict=True)}
    )


@given(st.lists(st.text("abcdé漢字.,-", min_size=1, max_size=9), min_size=1, max_size=20))
def test_a_hash_does_not_depend_on_the_place(strings: list[str]) -> None:
    cut = chunk([" ".join(strings), *strings])
    lengths = cut.ends - cut.starts
    by_place = cut.hashes(cut.starts, cut.ends)
    assert by_place.tolist() == hash_spans(cut.codes, cut.starts, lengths).tolist()
    half = len(by_place) // 2
    assert by_place[:half].tolist() == by_place[half:].tolist()


# --- tables


def test_key_table_finds_all_and_nothing_else() -> None:
    keys = np.random.default_rng(0).integers(1, 2**63, 5000).astype(np.uint64)
    keyed = KeyTable(2500)
    for part in np.array_split(keys[:2500], 7):
        keyed.insert(part, np.searchsorted(keys[:2500], part, sorter=np.argsort(keys[:2500])))
    found = keyed.find(keys)
    ranks = np.argsort(np.argsort(keys[:2500]))
    assert found[:2500].tolist() == ranks.tolist()
    assert (found[2500:] == -1).all()
    assert keyed.find(keys[:0]).tolist() == []


def test_key_table_survives_keys_of_one_slot() -> None:
    spread = pow(0x9E3779B97F4A7C15, -1, 2**64)
    keys = np.array([(i * spread) % 2**64 for i in range(1, 200)], np.uint64)  # all at slot 0
    keyed = KeyTable(200)
    keyed.insert(keys, np.arange(199, dtype=np.int32))
    assert keyed.find(keys).tolist() == list(range(199))
    assert keyed.find(np.array([(777 * spread) % 2**64], np.uint64)).tolist() == [-1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=12), st.integers(0, 2**32))
def test_segment_sums(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    floats = rng.standard_normal((50, 3)).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    rows = rng.integers(0, 50, starts[-1])
    got = segment_sums(floats, rows, starts)
    for i, (a, b) in enumerate(itertools.pairwise(starts)):
        np.testing.assert_allclose(got[i], floats[rows[a:b]].astype(float).sum(0), atol=1e-3)
        assert (segment_sums(floats, rows[a:b], np.array([0, b - a]))[0] == got[i]).all()


# --- tokens


def test_tokens_are_those_of_the_library(folder: Path) -> None:
    unigram = read_unigram(folder / "tokenizer.json")
    assert unigram is not None
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    sample = [text for text in texts() if "\ud800" not in text]
    cut = chunk(sample)
    tokens, counts = unigram.cut(cut, cut.starts, cut.ends)
    ends = np.concatenate([[0], np.cumsum(counts)])[cut.offsets]
    for i, text in enumerate(sample):
        wanted = library.encode(normalise(text), add_special_tokens=False).ids
        assert tokens[ends[i] : ends[i + 1]].tolist() == [t for t in wanted if t != 0], text


LETTERS = st.text(
    st.sampled_from("abcdeé' -.,\n\u3000漢字语言我们的。,0１ßẞÀﬁ\u0301")
    | st.characters(codec="utf-8"),
    max_size=90,
)


@settings(deadline=None, max_examples=150)
@given(LETTERS)
def test_tokens_of_any_text_are_those_of_the_library(text: str) -> None:
    library = tokenizer()
    entries = json.loads(library.to_str())["model"]["vocab"]
    from align.encoders.unigram import Unigram

    unigram = Unigram([t for t, _ in entries], [s for _, s in entries], 0)
    cut = chunk([text])
    wanted = library.encode(normalise(text), add_special_tokens=False).ids
    assert unigram.cut(cut, cut.starts, cut.ends)[0].tolist() == [t for t in wanted if t != 0]


def test_equal_scores_go_to_the_longer_last_token_as_in_the_library(tmp_path: Path) -> None:
    from tokenizers import models

    from align.encoders.unigram import Unigram

    entries = [("[UNK]", -9.0), ("ab", -2.0), ("bc", -2.0), ("a", -1.0), ("b", -1.0), ("c", -1.0)]
    library = Tokenizer(models.Unigram(entries, unk_id=0))
    unigram = Unigram([t for t, _ in entries], [s for _, s in entries], 0)
    for text in ("abc", "abab", "bcab", "abcbc", "xaxbcx"):
        cut = chunk([text])
        wanted = [t for t in library.encode(text).ids if t != 0]
        assert unigram.cut(cut, cut.starts, cut.ends)[0].tolist() == wanted


def test_a_vocabulary_of_letters_alone() -> None:
    from align.encoders.unigram import Unigram

    unigram = Unigram(["[UNK]", "a", "b", "汉"], [-9.0, -1.0, -1.0, -1.0], 0)
    tokens, counts = unigram.cut_texts(["abba x", "", "漢漢b"])
    assert (tokens.tolist(), counts.tolist()) == ([1, 2, 2, 1, 3, 3, 2], [4, 0, 3])


def test_tokens_of_texts_are_those_of_the_library(folder: Path) -> None:
    unigram = read_unigram(folder / "tokenizer.json")
    assert unigram is not None
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    sample = [text for text in texts() if "\ud800" not in text] * 2
    tokens, counts = unigram.cut_texts(sample)
    ends = np.cumsum(counts)
    for text, begin, end in zip(sample, ends - counts, ends, strict=True):
        wanted = library.encode(normalise(text), add_special_tokens=False).ids
        assert tokens[begin:end].tolist() == [t for t in wanted if t != 0]


# --- vectors


@pytest.mark.parametrize("bits", [4, 8, 32])
def test_vectors_are_those_of_the_plain_path(tmp_path: Path, bits: int) -> None:
    made = make_static(tmp_path / "m", bits)
    sample = texts()
    got = StaticEncoder(made).encode(sample)
    assert got.dtype == np.float32
    assert got.shape == (len(sample), DIMS)
    assert np.abs(got - plain_path(made, sample)).max() <= 1e-5


def test_rows_are_of_unit_length_or_zero(encoder: StaticEncoder) -> None:
    lengths = np.linalg.norm(encoder.encode(texts()), axis=1)
    assert np.abs(lengths[lengths > 0] - 1).max() < 1e-6
    assert not encoder.encode(["", " \n", "\U000f1234"]).any()
    assert encoder.encode([]).shape == (0, DIMS)


def test_case_width_and_script_do_not_matter(encoder: StaticEncoder) -> None:
    one = encoder.encode(["THE Water", "漢語", "ｗａｔｅｒ 12"])
    two = encoder.encode(["the water", "汉语", "water １２"])
    assert (one == two).all()


@pytest.mark.parametrize("memo_bytes", [1, 1 << 24])
def test_a_vector_is_the_same_bytes_in_any_company(
    folder: Path, memo_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = texts()
    wanted = StaticEncoder(folder).encode(sample)
    other = StaticEncoder(folder, memo_bytes=memo_bytes)
    assert (other.encode(sample[::-1])[::-1] == wanted).all()
    assert (np.concatenate([other.encode([text]) for text in sample]) == wanted).all()
    monkeypatch.setattr(static_module, "_SENTENCES", 3)
    monkeypatch.setattr(static_module, "_CHARACTERS", 50)
    assert (other.encode(sample) == wanted).all()


def test_a_full_memo_starts_over_and_stays_small(folder: Path) -> None:
    encoder = StaticEncoder(folder, memo_bytes=1)  # 1,024 rows
    fresh = StaticEncoder(folder)
    rng = np.random.default_rng(0)
    for _ in range(12):
        words = [f"w{n}" for n in rng.integers(0, 100_000, 300)]
        sample = [" ".join(words[i : i + 20]) + " water" for i in range(0, 300, 20)]
        assert (encoder.encode(sample) == fresh.encode(sample)).all()
        assert len(encoder._rows._store.table) == 1024  # type: ignore[union-attr]


def test_a_full_memo_keeps_what_was_used_most(folder: Path) -> None:
    encoder = StaticEncoder(folder, memo_bytes=1)  # 1,024 rows
    memo = encoder._rows
    for start in range(0, 4000, 100):
        encoder.encode(["water"] * 3 + [f"w{n}" for n in range(start, start + 100)])
    chunks = chunk(["water", "w0", "w3999"])
    rows = memo._store.index.find(chunks.hashes(chunks.starts, chunks.ends))  # type: ignore[union-attr]
    assert (rows >= 0).tolist() == [True, False, True]


def test_a_very_long_text_is_worked_on_in_parts(
    encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [" ".join(lang) for lang in sentences().values()] + ["x" * 5000, "漢" * 5000]
    whole = encoder.encode(long)
    clauses = encoder.clauses(long)
    monkeypatch.setattr(static_module, "_PART", 640)
    assert np.abs(encoder.encode(long) - whole).max() < 1e-5
    assert all("".join(static_module._parts(text)) == text for text in long)
    assert max(len(p) for text in long for p in static_module._parts(text)) == 640
    apart = encoder.clauses(long)
    assert np.allclose(apart.sums, clauses.sums, rtol=1e-5, atol=1e-2)
    assert len(apart.starts) == len(long) + 1 and apart.starts[-1] == len(apart.vectors)


def test_clauses_sum_to_the_vector(encoder: StaticEncoder) -> None:
    sample = texts()
    clauses = encoder.clauses(sample)
    assert clauses.starts.dtype == clauses.sizes.dtype == np.int64
    assert clauses.vectors.dtype == clauses.sums.dtype == np.float32
    lengths = np.linalg.norm(clauses.sums, axis=1, keepdims=True)
    unit = clauses.sums / np.where(lengths > 0, lengths, 1)
    assert np.abs(unit - encoder.encode(sample)).max() < 1e-5
    assert encoder.directions is None  # so that the clauses have all dimensions
    for i, (j, k) in enumerate(pairwise(clauses.starts.tolist())):
        assert np.abs(clauses.vectors[j:k].sum(0) - clauses.sums[i]).max() < 1e-4


def test_what_is_a_clause(encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = ["Water, the water rose: the water", "the WATER", "\U000f1234", "the the, the"]
    found = encoder.clauses(sample)
    assert found.starts.tolist() == [0, 2, 3, 3, 4]  # "Water" is too short, so is the last "the"
    assert found.sizes.tolist() == [6, 2, 2, 4]
    assert found.places.tolist() == pytest.approx([0.375, 0.875, 0.5, 0.5])
    monkeypatch.setattr(static_module, "_SENTENCES", 1)  # every text in a batch of its own
    apart = encoder.clauses(sample)
    assert apart.starts.tolist() == found.starts.tolist()
    assert (apart.sums == found.sums).all() and (apart.vectors == found.vectors).all()


def test_clauses_in_the_leading_directions(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(len(table()), 160)).astype(np.float32)
    encoder = StaticEncoder(save_static(tmp_path / "wide", tokenizer().to_str(), vectors, ""))
    assert encoder.directions is not None and encoder.directions.shape == (160, 128)
    found = encoder.clauses(texts())
    assert found.vectors.shape[1] == 128 and found.sums.shape[1] == 160
    for i, (j, k) in enumerate(pairwise(found.starts.tolist())):
        wanted = found.sums[i] @ encoder.directions
        assert np.abs(found.vectors[j:k].sum(0) - wanted).max() < 1e-3


def test_clauses_of_nothing(encoder: StaticEncoder) -> None:
    for sample in ([], ["", " "]):
        clauses = encoder.clauses(sample)
        assert clauses.vectors.shape == (0, DIMS)
        assert clauses.sums.shape == (len(sample), DIMS) and not clauses.sums.any()
        assert clauses.starts.tolist() == [0] * (len(sample) + 1)


def test_one_text_is_no_list_of_texts(encoder: StaticEncoder) -> None:
    with pytest.raises(TypeError, match="list of texts"):
        encoder.encode("a text")
    with pytest.raises(TypeError, match="list of texts"):
        encoder.clauses("a text")


# --- threads and processes


def test_threads_may_share_one(folder: Path) -> None:
    sample = texts()
    wanted = StaticEncoder(folder).encode(sample)
    shared = StaticEncoder(folder, memo_bytes=1)
    wrong: list[int] = []

    def work(seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(sample))
        for some in np.array_split(order, 8):
            if (shared.encode([sample[i] for i in some]) != wanted[some]).any():
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_processes_may_share_one(encoder: StaticEncoder) -> None:
    sample = texts()
    wanted = encoder.encode(sample)
    encoder._rows._lock.acquire()  # type: ignore[union-attr]  # another thread, at the time of the fork
    try:
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for got in pool.imap(encoder.encode, [sample] * 4):
                assert (got == wanted).all()
    finally:
        encoder._rows._lock.release()  # type: ignore[union-attr]
    copy = pickle.loads(pickle.dumps(encoder))
    assert (copy.encode(sample) == wanted).all()


def test_runs_without_torch_tokenizers_and_safetensors(folder: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('torch', 'sentence_transformers', 'transformers', 'tokenizers',"
        " 'safetensors', 'huggingface_hub', 'faiss'):\n"
        "    sys.modules[name] = None\n"
        "from align.encoders.load import load_encoder\n"
        "vectors = load_encoder(sys.argv[1]).encode(['The water of the river.', '我们的。'])\n"
        "print(vectors.astype('float64').sum().item())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    wanted = StaticEncoder(folder).encode(["The water of the river.", "我们的。"])
    assert float(done.stdout) == pytest.approx(float(wanted.astype(np.float64).sum()))


# --- packing and folders


def test_packing_finds_the_scale_and_beats_even_levels() -> None:
    rng = np.random.default_rng(0)
    floats = rng.standard_normal((400, 64)) * rng.gamma(2, 1, (400, 1))
    floats = floats.astype(np.float32)
    floats[7] = 0
    packed = pack(floats)
    got = packed_vectors(packed).take(np.arange(400))
    assert packed.codes.shape == (400, 32) and packed.codes.dtype == np.uint8
    assert not got[7].any()
    error = ((got - floats) ** 2).sum() / (floats**2).sum()
    step = np.abs(floats).max(1, keepdims=True) / 7.5
    even = (np.clip(np.floor(floats / np.where(step > 0, step, 1)), -8, 7) + 0.5) * step
    assert error < 0.0105  # 16 levels for a normal distribution cannot do better than .0095
    assert error < 0.8 * ((even - floats) ** 2).sum() / (floats**2).sum()


def test_odd_dimensions_cannot_be_packed() -> None:
    with pytest.raises(AlignError, match="even number of dimensions, got 3"):
        pack(np.ones((4, 3), np.float32))


def test_take_follows_mapping_and_weights() -> None:
    values = np.arange(6, dtype=np.int8).reshape(3, 2)
    vectors = TokenVectors(4, 2, values, np.array([1, 2, 3, 4.0]), np.array([0, 2, 2, 1]))
    assert vectors.take(np.array([3, 1])).tolist() == [[8, 12], [8, 10]]


def test_folder_holds_a_whole_model(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "modules.json",
        "tokenizer.json",
        "model.safetensors",
        "config_sentence_transformers.json",
        "README.md",
    }
    assert (folder / "README.md").read_text("utf-8") == "# tiny\n"
    assert static_home(folder) == folder
    assert not list(folder.parent.glob(".*"))


def test_saving_replaces_a_model_but_nothing_else(tmp_path: Path) -> None:
    made = make_static(tmp_path / "m", seed=1)
    old = StaticEncoder(made)
    before = old.encode(["water"])
    make_static(made, seed=2)
    assert StaticEncoder(made).name != old.name
    assert (old.encode(["water"]) == before).all()  # still on the files it opened
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    with pytest.raises(AlignError, match="is no model"):
        make_static(tmp_path / "other")
    assert (tmp_path / "other" / "thesis.txt").read_text() == "years of work"


def test_a_model_saves_itself_with_other_bits(encoder: StaticEncoder, tmp_path: Path) -> None:
    plain = StaticEncoder(encoder.save(tmp_path / "plain", bits=32))
    texts = [text for lang in sentences().values() for text in lang]
    assert np.array_equal(plain.encode(texts), encoder.encode(texts))
    eight = StaticEncoder(plain.save(tmp_path / "eight"))
    assert eight.name != plain.name
    assert 0 < np.abs(eight.encode(texts) - encoder.encode(texts)).max() < 0.02
    assert (tmp_path / "eight" / "README.md").read_text("utf-8") == "# tiny\n"
    with pytest.raises(AlignError, match="exists and is no model"):
        encoder.save(tmp_path)


def test_saving_refuses_what_does_not_fit(tmp_path: Path) -> None:
    text, floats = tokenizer().to_str(), table()
    count = len(floats)
    with pytest.raises(
        AlignError, match=rf"\[{count}, dims\] for {count} tokens, got \({count - 1}"
    ):
        save_static(tmp_path / "m", text, floats[1:])
    floats[5, 5] = np.nan
    with pytest.raises(AlignError, match="NaN"):
        save_static(tmp_path / "m", text, floats)
    with pytest.raises(AlignError, match="bits: expected 4, 8 or 32, got 5"):
        save_static(tmp_path / "m", text, table(), bits=5)
    assert list(tmp_path.iterdir()) == []


def test_name_tells_content_apart(tmp_path: Path) -> None:
    names = {
        StaticEncoder(make_static(tmp_path / f"{s}{b}", b, s)).name for s in (0, 1) for b in (4, 8)
    }
    assert len(names) == 4
    assert StaticEncoder(make_static(tmp_path / "again", 4, 0)).name in names
    assert all(re.fullmatch(r"static-32-[0-9a-f]{12}", name) for name in names)
