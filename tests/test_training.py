"""`align train` from end to end: a model that works, resume, continue, the card, errors."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from align.cli import main
from align.encoders.load import load_encoder
from align.errors import AlignError
from align.training.dev import retrieval
from align.training.encoder import Progress
from align.training.plan import TrainOptions

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="training needs torch"
)
QUICK = {"steps": 40, "dims": 32, "batch": 128, "rate": 0.03, "threads": 1}


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Undo what the command line does to its process: logging and environment."""
    log = logging.getLogger("align")
    level, handlers, environment = log.level, list(log.handlers), dict(os.environ)
    yield
    log.setLevel(level)
    log.handlers[:] = handlers
    os.environ.clear()
    os.environ.update(environment)


def corpus(path: Path, pairs: int, seed: int = 0, langs: str = "en\tde") -> Path:
    """Sentences of two made-up languages: the same words in another spelling and order."""
    word = random.Random(7)
    lexicon = [
        tuple("".join(word.choices(letters, k=word.randint(4, 8))) for letters in ("abcdefghij",
                                                                                "klmnopqrst"))
        for _ in range(200)
    ]  # fmt: skip
    rng = random.Random(seed)
    lines = [langs]
    for _ in range(pairs):
        words = rng.sample(lexicon, rng.randint(5, 9))
        other = rng.sample(words, len(words))
        lines.append(" ".join(w[0] for w in words) + "\t" + " ".join(w[1] for w in other))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def accuracy(model: Path, text: Path) -> float:
    """Share of the pairs of a corpus that find each other."""
    rows = [line.split("\t") for line in text.read_text("utf-8").splitlines()[1:]]
    encoder = load_encoder(model)
    sides = (encoder.encode([row[side] for row in rows]) for side in (0, 1))
    return retrieval(*sides)[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model beside its corpus."""
    from align.train import train

    folder = tmp_path_factory.mktemp("made")
    corpus(folder / "a.tsv", 1200)
    table = "source\tlicence\trepository\na\tCC BY 4.0\texample.org/a|b\n"
    (folder / "SOURCES.tsv").write_text(table, encoding="utf-8")
    seen: list[Progress] = []
    done = train(
        [folder / "a.tsv"],
        folder / "model",
        progress=lambda now, scores: seen.append(now),
        **QUICK,  # type: ignore[arg-type]
    )
    assert [now.step for now in seen] == list(range(1, 41))
    assert (done.steps, done.dims, done.langs, done.pairs) == (40, 32, ("de", "en"), 1140)
    assert done.scores[0].cosine > 0.8
    return folder


@needs_torch
def test_it_finds_translations_it_never_saw(made: Path, tmp_path: Path) -> None:
    assert accuracy(made / "model", corpus(tmp_path / "new.tsv", 300, seed=5)) > 0.8


@needs_torch
def test_the_folder_is_a_model_and_nothing_else_is_left(made: Path) -> None:
    assert sorted(p.name for p in made.iterdir()) == ["SOURCES.tsv", "a.tsv", "model"]
    assert sorted(p.name for p in (made / "model").iterdir()) == [
        "README.md", "config_sentence_transformers.json", "model.safetensors", "modules.json",
        "tokenizer.json",
    ]  # fmt: skip


@needs_torch
def test_sentence_transformers_loads_it_without_more_ado(made: Path) -> None:
    st = pytest.importorskip("sentence_transformers")
    texts = ["ba de fo", "mi ku la", "Ba, de fo!"]
    theirs = st.SentenceTransformer(str(made / "model"), device="cpu").encode(texts)
    ours = load_encoder(made / "model").encode(texts)
    assert np.abs(ours - theirs).max() <= 1e-5
    assert np.abs(ours).sum() > 1


@needs_torch
def test_the_card(made: Path) -> None:
    card = (made / "model/README.md").read_text("utf-8")
    assert card.startswith("---\nlanguage: [de, en]\n")
    assert "| a | CC BY 4.0 | example.org/a/b | en-de 1,140 |" in card
    assert "| batches | 40 of up to 128 pairs |" in card
    assert "| seed | 0 |" in card
    assert "8 bits a value" in card
    assert 'model = SentenceTransformer("THIS FOLDER")' in card
    assert "| held out | de-en | 60 |" in card


@needs_torch
def test_one_thread_and_one_seed_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    text = corpus(tmp_path / "a.tsv", 600)
    for name, seed in (("x", "3"), ("y", "3"), ("z", "4")):
        arguments = ["-o", str(tmp_path / name), "--seed", seed, "--threads", "1", "-q"]
        assert main(["train", str(text), "--steps", "12", "--dims", "16", *arguments]) == 0
    assert capsys.readouterr() == ("", "")
    for file in ("model.safetensors", "tokenizer.json", "modules.json"):
        assert (tmp_path / "x" / file).read_bytes() == (tmp_path / "y" / file).read_bytes()
    file = "model.safetensors"
    assert (tmp_path / "x" / file).read_bytes() != (tmp_path / "z" / file).read_bytes()
    assert "on 1970-01-01" in (tmp_path / "x/README.md").read_text("utf-8")


class Stopped(Exception):
    """The user pressed a key."""


@needs_torch
def test_resume(tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "a.tsv", 1200)
    output = tmp_path / "model"
    steps: list[int] = []

    def stop(now: Progress, scores: object) -> None:
        steps.append(now.step)
        if now.step == 26:
            raise Stopped

    with pytest.raises(Stopped):
        train([text], output, progress=stop, **QUICK)  # type: ignore[arg-type]
    assert not output.exists()
    with pytest.raises(AlignError, match=r"model\.work: an unfinished run is there; go on with"):
        train([text], output, **QUICK)  # type: ignore[arg-type]
    with pytest.raises(AlignError, match="begun with seed 0, now it is 1; resume with the same"):
        train([text], output, resume=True, seed=1, **QUICK)  # type: ignore[arg-type]
    steps.clear()
    done = train(
        [text],
        output,
        resume=True,
        progress=lambda now, scores: steps.append(now.step),
        **QUICK,  # type: ignore[arg-type]
    )
    assert steps == list(range(25, 41))  # the checkpoint was at step 24
    assert done.steps == 40
    assert done.scores[0].cosine > 0.8
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tsv", "model"]


@needs_torch
def test_resume_without_a_run_begins_one(tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "a.tsv", 300)
    assert train([text], tmp_path / "m", resume=True, steps=2, dims=8, threads=1).steps == 2


@needs_torch
def test_continue_from_a_model(made: Path, tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "b.tsv", 600, seed=9)
    done = train([text], tmp_path / "model", start=made / "model", steps=2, threads=1)
    before, after = (folder / "model/tokenizer.json" for folder in (made, tmp_path))
    assert before.read_bytes() == after.read_bytes()
    assert (done.dims, done.steps) == (32, 2)
    new = corpus(tmp_path / "new.tsv", 300, seed=5)
    assert accuracy(tmp_path / "model", new) > 0.8  # two steps from nothing give chance
    card = (tmp_path / "model/README.md").read_text("utf-8")
    assert f"| continues | {load_encoder(made / 'model').name} |" in card
    with pytest.raises(AlignError, match="has 32 dimensions, dims asks for 64; leave it out"):
        train([text], tmp_path / "other", start=made / "model", dims=64)
    from align.training.start import base_of

    assert base_of("embedded", TrainOptions()).name == load_encoder().name
    with pytest.raises(AlignError, match="no model made by `align train`"):
        train([text], tmp_path / "other", start=tmp_path)


@needs_torch
def test_a_continued_model_gets_new_words(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from align.train import train

    text = corpus(tmp_path / "b.tsv", 600, seed=9)
    lines = text.read_text("utf-8").splitlines()
    lines[1:] = [line.replace("\t", " abacab abba\t") for line in lines[1:]]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = load_encoder(made / "model")
    old = json.loads((made / "model/tokenizer.json").read_bytes())["model"]["vocab"]
    given = {"start": made / "model", "words": 2, "steps": 4, "threads": 1}
    with caplog.at_level(logging.INFO, "align"):
        done = train([text], tmp_path / "model", **given)  # type: ignore[arg-type]
    assert "new words: 2 of at most 2 (each 20 times or more)" in caplog.messages
    new = json.loads((tmp_path / "model/tokenizer.json").read_bytes())["model"]["vocab"]
    assert [token for token, _ in new] == [*(token for token, _ in old), "abacab", "abba"]
    assert done.tokens == len(old) + 2
    rows = [line.split("\t")[1] for line in lines[1:200]]
    near = (before.encode(rows) * load_encoder(tmp_path / "model").encode(rows)).sum(1)
    assert near.min() > 0.9  # what it knew is still there

    def stop(now: Progress, scores: object) -> None:
        raise KeyboardInterrupt  # before there is a checkpoint

    with pytest.raises(KeyboardInterrupt):
        train([text], tmp_path / "again", progress=stop, **given)  # type: ignore[arg-type]
    train([text], tmp_path / "again", resume=True, **given)  # type: ignore[arg-type]
    one, two = (tmp_path / name / "tokenizer.json" for name in ("model", "again"))
    assert one.read_bytes() == two.read_bytes()


@needs_torch
def test_dev_files_and_languages(tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "a.tsv", 300)
    rows = [line.split("\t") for line in text.read_text("utf-8").splitlines()[1:]]
    three = "\n".join("\t".join([*row, "texte"]) for row in rows)
    text.write_text(f"en\tde\tfr\n{three}\n", encoding="utf-8")
    (tmp_path / "dev").mkdir()
    for side, lang in enumerate(("en", "de")):
        lines = "\n".join(row[side] for row in rows[:30])
        (tmp_path / f"dev/mine.{lang}").write_text(lines, encoding="utf-8")
    done = train(
        [text], tmp_path / "m", dev=tmp_path / "dev", languages=("en", "de"), steps=3, dims=8
    )
    assert [(s.name, s.langs, s.pairs) for s in done.scores] == [("mine", "de-en", 30)]
    assert (done.langs, done.pairs) == (("de", "en"), 270)
    with pytest.raises(AlignError, match="the bitext has de, en, fr, none in zh"):
        train([text], tmp_path / "n", languages=("en", "zh"), steps=3)


@needs_torch
def test_a_handful_of_pairs(tmp_path: Path) -> None:
    from align.train import train

    done = train([corpus(tmp_path / "a.tsv", 8)], tmp_path / "m", steps=3, dims=8, threads=1)
    assert (done.pairs, done.scores) == (8, ())
    assert "Not measured" in (tmp_path / "m/README.md").read_text("utf-8")
    assert np.isfinite(load_encoder(tmp_path / "m").encode(["abc"])).all()
    with pytest.raises(AlignError, match="holds 1 pair; there is nothing to tell it from"):
        train([corpus(tmp_path / "b.tsv", 1)], tmp_path / "n", steps=3)


# errors, most of them before anything is read


@needs_torch
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "steps: expected a whole number 1..10000000, got 0"),
        (["--minutes", "0"], "minutes: expected more than 0 and at most 1e+06, got 0.0"),
        (["--dims", "7", "--bits", "4"], "dims: 4 bits need an even number, got 7"),
        (["--vocabulary", "5"], "vocabulary: expected a whole number 100..1000000, got 5"),
        (["--rate", "2"], "rate: expected more than 0 and at most 1, got 2.0"),
        (["--languages", "en"], "languages: expected two or more, got only en"),
        (["--from", "nowhere"], "nowhere: no model made by `align train`; only those can be "
         "continued"),
    ],
)  # fmt: skip
def test_wrong_options(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = str(corpus(tmp_path / "a.tsv", 10))
    assert main(["train", text, "-o", str(tmp_path / "m"), *arguments]) == 2
    assert capsys.readouterr().err == f"align: error: {message}\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tsv"]


def test_without_torch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    text = str(corpus(tmp_path / "a.tsv", 10))
    assert main(["train", text, "-o", str(tmp_path / "m")]) == 2
    wanted = "align: error: training needs torch: pip install 'parallel-align[train]'\n"
    assert capsys.readouterr().err == wanted


@needs_torch
def test_what_is_there_is_not_replaced(made: Path, tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "a.tsv", 300)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(AlignError, match="full: exists and is no model; name another folder"):
        train([text], tmp_path / "full", overwrite=True)
    with pytest.raises(AlignError, match="model: a model is there; name another folder, or"):
        train([text], made / "model")
    train([text], tmp_path / "m", steps=2, dims=8, threads=1)
    old = (tmp_path / "m/model.safetensors").read_bytes()
    train([text], tmp_path / "m", steps=3, dims=8, threads=1, overwrite=True)
    assert (tmp_path / "m/model.safetensors").read_bytes() != old


@needs_torch
def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "a.tsv", 30)
    with pytest.raises(AlignError, match=r"m: cannot be made, .*a\.tsv is a file"):
        train([text], text / "m", steps=2)
    (tmp_path / "m.work").mkdir()
    (tmp_path / "m.work/thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(AlignError, match=r"m\.work: in the way and no unfinished run; move it"):
        train([text], tmp_path / "m", steps=2, overwrite=True)
    assert (tmp_path / "m.work/thesis.txt").read_text("utf-8") == "years"
    with pytest.raises(AlignError, match="nothing: no such folder of line-aligned files"):
        train([text], tmp_path / "n", steps=2, dev=tmp_path / "nothing")
    text.write_text("en\tde\n", encoding="utf-8")
    with pytest.raises(AlignError, match="the bitext is empty"):
        train([text], tmp_path / "n", steps=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tsv", "m.work"]


@needs_torch
def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from align.cli.train import _Steps

    def stop(self: object, now: Progress, scores: object) -> None:
        if now.step == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(_Steps, "show", stop)
    command = ["train", str(corpus(tmp_path / "a.tsv", 300)), "-o", str(tmp_path / "m")]
    command += ["--steps", "10", "--dims", "8", "--threads", "1"]
    assert main(command) == 130
    assert capsys.readouterr().err.endswith(
        "align: the last checkpoint is kept; the same command with --resume goes on\n"
        "align: interrupted\n"
    )
    monkeypatch.undo()
    assert main([*command, "--resume"]) == 0
    assert "align: resumed at step 4\n" in capsys.readouterr().err


@needs_torch
def test_a_broken_corpus_can_be_mended(tmp_path: Path) -> None:
    from align.train import train

    text = corpus(tmp_path / "a.tsv", 30)
    good = text.read_text("utf-8")
    text.write_text(good + "lonely\n", encoding="utf-8")
    with pytest.raises(AlignError, match=r"a\.tsv:32: expected 2 columns"):
        train([text], tmp_path / "m", steps=2, dims=8)
    text.write_text(good, encoding="utf-8")
    assert train([text], tmp_path / "m", steps=2, dims=8, threads=1).steps == 2
