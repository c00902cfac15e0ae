from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import DIMS, make_static, make_transformer, sentences, table, tokenizer

import align.encoders.tokens as tokens
from align.encoders import load as load_module
from align.encoders.layout import OURS
from align.encoders.load import load_encoder
from align.encoders.static import StaticEncoder
from align.encoders.tensors import read_tensors
from align.errors import AlignError

SAMPLE = [
    "The water of the river rose.",
    "Das Wasser stieg.",
    "L'eau de la rivière.",
    "河水上涨了。",
    "漢語是繁體中文。",
    "",
]


@pytest.fixture(scope="module")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_static(tmp_path_factory.mktemp("models") / "static")


@pytest.fixture(scope="module")
def transformer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers")
    return make_transformer(tmp_path_factory.mktemp("models") / "bert")


def unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


# --- static folders of all makers


def save_tensors(path: Path, **tensors: np.ndarray) -> None:
    from safetensors.numpy import save_file

    save_file(tensors, path)


def test_folder_of_ours(static_folder: Path) -> None:
    encoder = load_encoder(static_folder)
    assert isinstance(encoder, StaticEncoder)
    assert encoder.encode(SAMPLE).shape == (6, DIMS)
    assert load_encoder(str(static_folder)).name == encoder.name


def test_none_is_the_embedded_model_and_the_same_object(
    static_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_module, "EMBEDDED", static_folder)
    load_module._embedded.cache_clear()
    try:
        assert load_encoder() is load_encoder(None, cache="not used")
        assert load_encoder().name == StaticEncoder(static_folder).name
    finally:
        load_module._embedded.cache_clear()


@pytest.mark.parametrize("bits", [4, 8, 32])
def test_sentence_transformers_gives_the_same_vectors(tmp_path: Path, bits: int) -> None:
    st = pytest.importorskip("sentence_transformers")
    folder = make_static(tmp_path / "m", bits)
    ours = load_encoder(folder).encode(SAMPLE)
    # the class that unpacks 4 bits lies outside of sentence-transformers, which therefore asks
    model = st.SentenceTransformer(str(folder), device="cpu", trust_remote_code=bits == 4)
    theirs = model.encode(SAMPLE)
    same = [0, 1, 2, 3, 5] if bits != 4 else [0, 1, 2, 3, 4, 5]  # 4: traditional characters
    assert np.abs(ours - theirs)[same].max() <= 1e-5
    again = tmp_path / "again"
    model.save(str(again))
    assert np.abs(load_encoder(again).encode(SAMPLE) - ours)[same].max() <= 1e-5


def test_other_tokenizers_go_through_the_library(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    words = ["[UNK]", "the", "water", "rose", "."]
    other = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    other.normalizer = normalizers.Lowercase()
    other.pre_tokenizer = pre_tokenizers.Whitespace()
    other.enable_truncation(2)
    folder = tmp_path / "m2v"
    folder.mkdir()
    other.save(str(folder / "tokenizer.json"))
    floats = table()[:5]
    ids = [[1, 2, 3, 4], [1, 0], []]
    texts = ["The water rose.", "the unheard", ""]
    wanted = unit(np.array([floats[i].sum(0) for i in ids]))
    save_tensors(folder / "model.safetensors", embeddings=floats)
    encoder = load_encoder(folder)
    assert isinstance(encoder, StaticEncoder)
    assert np.abs(encoder.encode(texts) - wanted).max() < 1e-6
    assert encoder.clauses(texts).starts.tolist() == [0, 1, 2, 2]
    assert encoder.clauses(["the water. the water"]).starts.tolist() == [0, 2]
    assert encoder.name != StaticEncoder(make_static(tmp_path / "s")).name

    # model2vec's quantised layout: rows shared and weighted
    weights, mapping = np.array([1, 2, 3, 4, 5.0]), np.array([0, 1, 1, 2, 0])
    save_tensors(
        folder / "model.safetensors",
        embeddings=np.rint(floats[:3] * 20).astype(np.int8),
        weights=weights,
        mapping=mapping,
    )
    rows = np.rint(floats[:3] * 20)[mapping] * weights[:, None]
    wanted = unit(np.array([rows[i].sum(0) for i in ids]))
    assert np.abs(load_encoder(folder).encode(texts) - wanted).max() < 1e-6


def test_a_table_in_a_folder_of_its_own(tmp_path: Path) -> None:
    st = pytest.importorskip("sentence_transformers")
    from sentence_transformers.models import Normalize, StaticEmbedding

    module = StaticEmbedding(tokenizer(), embedding_weights=table())
    folder = tmp_path / "st"
    st.SentenceTransformer(modules=[module, Normalize()], device="cpu").save(str(folder))
    home = folder / "0_StaticEmbedding"
    home.mkdir(exist_ok=True)
    for name in ("model.safetensors", "tokenizer.json"):
        if (folder / name).exists():
            (folder / name).rename(home / name)
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_StaticEmbedding"
    (folder / "modules.json").write_text(json.dumps(modules))
    encoder = load_encoder(folder)
    assert isinstance(encoder, StaticEncoder)
    floats = table()
    floats[0] = 0  # what is unknown has no vector with us
    want = StaticEncoder(make_static(tmp_path / "ours", 32)).encode(SAMPLE[:4])
    assert np.abs(encoder.encode(SAMPLE[:4]) - want).max() < 1e-6


# --- broken static folders


def broken(folder: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "broken"
    shutil.copytree(folder, copy)
    return copy


def test_cut_and_corrupt_files(static_folder: Path, tmp_path: Path) -> None:
    folder = broken(static_folder, tmp_path)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    for damaged, message in (
        (whole[:-7], "cut short"),
        (whole[: header - 3], "not a whole safetensors file"),
        (whole[:5], "not a whole safetensors file"),
        (b"\xff" * 64 + whole, "not a whole safetensors file"),
        (whole[:8] + b"[" + whole[9:], "broken safetensors header"),
        (whole.replace(b'"levels"', b'"lovely"'), "expected codes, levels and scale"),
        (whole.replace(b'"F32"', b'"F99"'), "type F99"),
        (whole.replace(b'"shape":[16]', b'"shape":[17]'), "needs 68 bytes, has 64"),
    ):
        weights.write_bytes(damaged)
        with pytest.raises(AlignError, match=message) as error:
            load_encoder(folder)
        assert str(weights) in str(error.value)
    weights.write_bytes(b"")
    with pytest.raises(AlignError, match="cannot be read as safetensors"):
        load_encoder(folder)


def test_values_that_are_no_numbers(static_folder: Path, tmp_path: Path) -> None:
    folder = broken(static_folder, tmp_path)
    tensors = {name: np.array(t) for name, t in read_tensors(folder / "model.safetensors").items()}
    tensors["scale"][3] = np.nan
    save_tensors(folder / "model.safetensors", **tensors)
    with pytest.raises(AlignError, match="NaN"):
        load_encoder(folder)
    floats = table()
    floats[:] = np.inf
    save_tensors(folder / "model.safetensors", embeddings=floats)
    with pytest.raises(AlignError, match="NaN or infinity"):
        load_encoder(folder).encode(SAMPLE)


def test_parts_that_do_not_belong_together(static_folder: Path, tmp_path: Path) -> None:
    folder = broken(static_folder, tmp_path)
    save_tensors(folder / "model.safetensors", embeddings=table()[:100])
    with pytest.raises(AlignError, match="tokens but 100 vectors"):
        load_encoder(folder)
    save_tensors(folder / "model.safetensors", embeddings=table(), weights=np.ones(7))
    with pytest.raises(AlignError, match=r"weights, got shape \(7,\)"):
        load_encoder(folder)
    save_tensors(folder / "model.safetensors", embeddings=table()[:9], mapping=np.array([0, 3, 9]))
    with pytest.raises(AlignError, match="beyond the 9 there are"):
        load_encoder(folder)


def test_a_packed_model_with_other_rules(static_folder: Path, tmp_path: Path) -> None:
    folder = broken(static_folder, tmp_path)
    settings = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    settings["pre_tokenizer"]["pattern"]["Regex"] = r"\w+"
    (folder / "tokenizer.json").write_text(json.dumps(settings), "utf-8")
    with pytest.raises(AlignError, match="cuts text in another way than this version"):
        load_encoder(folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(AlignError, match="not a tokenizer"):
        load_encoder(folder)


def test_modules_do_not_lead_out_of_the_folder(static_folder: Path, tmp_path: Path) -> None:
    folder = broken(static_folder, tmp_path)
    modules = [{"idx": 0, "name": "0", "path": "../static", "type": OURS}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(AlignError, match="leads out of the model's folder"):
        load_encoder(folder)
    (folder / "modules.json").write_text("[3]")
    with pytest.raises(AlignError, match="not a list of modules"):
        load_encoder(folder)


# --- transformers


def test_a_real_transformer(transformer_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from sentence_transformers import SentenceTransformer

    capfd.readouterr()
    encoder = load_encoder(transformer_folder)
    assert capfd.readouterr() == ("", "")
    texts = [text for lang in sentences().values() for text in lang[:20]]
    got = encoder.encode([*texts, texts[0]])
    assert got.dtype == np.float32 and got.shape == (len(texts) + 1, 32)
    assert (got[-1] == got[0]).all()
    wanted = unit(SentenceTransformer(str(transformer_folder), device="cpu").encode(texts))
    assert np.abs(got[:-1] - wanted).max() < 1e-5
    assert encoder.encode([]).shape == (0, 32)
    assert encoder.name.startswith("bert-") and len(encoder.name) == len("bert-") + 12
    assert load_encoder(transformer_folder, device="cpu").name == encoder.name


def test_a_transformer_without_modules_is_mean_pooled(transformer_folder: Path) -> None:
    plain = transformer_folder.with_name("bert-bert")
    assert not (plain / "modules.json").exists()
    got = load_encoder(plain).encode(SAMPLE[:4])
    assert np.abs(got - load_encoder(transformer_folder).encode(SAMPLE[:4])).max() < 1e-5


def test_pickles_are_refused(transformer_folder: Path, tmp_path: Path) -> None:
    import torch

    folder = tmp_path / "old"
    shutil.copytree(transformer_folder, folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(AlignError, match=r"pytorch_model\.bin is a pickle"):
        load_encoder(folder)
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(AlignError, match=r"holds no \*\.safetensors"):
        load_encoder(folder)


def test_code_in_the_model_is_not_run(transformer_folder: Path, tmp_path: Path) -> None:
    folder, proof = tmp_path / "evil", tmp_path / "proof"
    shutil.copytree(transformer_folder, folder)
    (folder / "evil.py").write_text(f"open({str(proof)!r}, 'w')\nclass Module: pass\n")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "evil.Module"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(AlignError, match="no model that sentence-transformers can load"):
        load_encoder(folder)
    assert not proof.exists()


def test_a_damaged_transformer(transformer_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(transformer_folder, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(AlignError, match="damaged"):
        load_encoder(folder)


def test_without_sentence_transformers(transformer_folder: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['sentence_transformers'] = None\n"
        "from align.encoders.load import load_encoder\n"
        "from align.errors import AlignError\n"
        "try:\n    load_encoder(sys.argv[1])\nexcept AlignError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(transformer_folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 'pip install "parallel-align[transformers]" torch' in done.stdout


# --- names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./nowhere", r"\./nowhere: no such folder"),
        ("/no/such/folder", "/no/such/folder: no such folder"),
        ("a/b/c", "a/b/c: no such folder"),
        (Path("nowhere"), "nowhere: no such folder"),
        ("", "got an empty name"),
    ],
)
def test_no_such_folder(name: Any, message: str) -> None:
    with pytest.raises(AlignError, match=message):
        load_encoder(name)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(AlignError, match=r"expected modules\.json or config\.json, got nothing"):
        load_encoder(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(AlignError, match=r"got notes\.txt"):
        load_encoder(tmp_path)
    with pytest.raises(AlignError, match="a file; an encoder is a folder"):
        load_encoder(tmp_path / "notes.txt")


@pytest.mark.parametrize("offline", [True, False])
def test_a_name_without_network(tmp_path: Path, offline: bool) -> None:
    program = (
        "import sys\n"
        "from align.encoders.load import load_encoder\n"
        "from align.errors import AlignError\n"
        "try:\n    load_encoder('LaBSE')\nexcept AlignError as error:\n    print(error)\n"
    )
    place = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **place, **({"HF_HUB_OFFLINE": "1"} if offline else {})},
    )
    assert done.stdout.startswith("sentence-transformers/LaBSE: no such folder here, and")
    assert "cannot be reached" in done.stdout and "give its folder" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_model_of_the_hub_is_announced_and_fetched_without_code(
    static_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: list[dict[str, Any]] = []

    def download(name: str, **options: Any) -> str:
        asked.append(options)
        if options.get("local_files_only"):
            raise FileNotFoundError(name)
        return str(static_folder)

    monkeypatch.setattr(hub, "snapshot_download", download)
    monkeypatch.setattr("align.encoders.fetch._size", lambda name: "12 MB")
    with caplog.at_level("WARNING", "align"):
        encoder = load_encoder("someone/static-model")
    assert isinstance(encoder, StaticEncoder)  # without torch, for a static model
    wanted = "downloading the model someone/static-model (12 MB) from the Hugging Face hub"
    assert [record.getMessage() for record in caplog.records] == [wanted]
    assert "*.py" in asked[-1]["ignore_patterns"] and "*.bin" not in asked[-1]["allow_patterns"]


# --- objects


class Constant:
    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def encode(self, texts: list[str]) -> Any:
        return self.rows


def test_an_object_is_checked_and_normalised() -> None:
    encoder = load_encoder(Constant([[3, 4], [0, 0], [0, -2.0]]))
    got = encoder.encode(["a", "b", "c"])
    assert got.dtype == np.float32
    assert got.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0], [0, -1]]
    assert encoder.name == "test_encoders_load.Constant"
    named = Constant([[1.0]])
    named.name = "mine-3"  # type: ignore[attr-defined]
    assert load_encoder(named).name == "mine-3"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones((2, 4)), "expected 3 vectors for 3 sentences, got 2"),
        (np.ones(3), r"expected vectors of shape \[3, d\], got \(3,\)"),
        (np.ones((3, 1, 4)), r"shape \[3, d\], got \(3, 1, 4\)"),
        (np.ones((3, 0)), r"shape \[3, d\], got \(3, 0\)"),
        ([[1, 2], [1], [1]], r"expected an array \[3, d\]"),
        ([["a"], ["b"], ["c"]], "expected numbers"),
        (None, "expected numbers"),
        (
            [[1.0], [np.nan], [np.inf]],
            "2 of 3 vectors hold NaN or infinity, first that of sentence 1",
        ),
    ],
)
def test_what_an_object_must_not_return(rows: Any, message: str) -> None:
    with pytest.raises(AlignError, match=f"test_encoders_load.Constant: .*{message}"):
        load_encoder(Constant(rows)).encode(["a", "b", "c"])


def test_what_is_no_encoder() -> None:
    with pytest.raises(AlignError, match="expected a name, folder or object with encode, got 3"):
        load_encoder(3)


@pytest.mark.parametrize(
    ("token", "closes"),
    [
        (",", True),
        ("，", True),
        (" 。", True),
        ("...", True),
        ("a,", False),
        ("-", False),
        ("", False),
    ],
)
def test_which_tokens_close_a_clause(token: str, closes: int) -> None:
    assert tokens._closes(token) is bool(closes)
