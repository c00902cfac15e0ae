"""`align.train`: bitext -> an encoder of one's own, as a folder."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.util
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.pieces import normalise
from align.encoders.save import save_static
from align.encoders.static import StaticEncoder
from align.errors import AlignError
from align.training.batches import Recipe
from align.training.bitext import Bitext
from align.training.card import Card, model_card, read_licences
from align.training.dev import HELD_OUT, DevScore, DevSet, measure, read_dev
from align.training.encoder import Progress, Settings
from align.training.encoder import train as train_vectors
from align.training.grow import grow_vectors, grow_vocabulary
from align.training.plan import FREQUENT, TrainOptions, least_count, recipe_for, settings_for
from align.training.prepare import Prepared, prepare
from align.training.start import Base, base_of, check_output, chosen_bitexts
from align.training.survey import survey
from align.training.vocabulary import train_tokenizer
from align.training.work import Work
from align.version import __version__

log = logging.getLogger("align")
Floats = npt.NDArray[np.float32]
Report = Callable[[Progress, tuple[DevScore, ...]], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it."""

    folder: Path
    langs: tuple[str, ...]
    pairs: int  # that were trained on
    tokens: int
    dims: int
    bits: int
    steps: int
    seconds: float  # of training
    scores: tuple[DevScore, ...]  # of the model as it was written


def train(
    corpora: Sequence[Path | str],
    output: Path | str,
    *,
    options: TrainOptions | None = None,
    start: Path | str | None = None,
    dev: Path | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Report | None = None,
    **changes: Any,
) -> Trained:
    """Trains a static encoder on bitext and writes it to the folder `output`.

    `corpora` are .tsv files, Moses pairs and folders of them. `start` is the folder of a model of
    ours to continue from, or "embedded" for the one inside the package: its vocabulary is kept,
    and grows by the option `words`.
    `dev` is a folder of line-aligned files NAME.<lang> to measure with; without it up to 1,000
    pairs of each language pair are held out.
    What is needed to go on after a stop lies in `output`.work until the end: `resume` goes on
    there. `overwrite` replaces a model, or an unfinished run, that is there. `progress` is called
    after each step, with the scores of the last checkpoint. Options whole or as keywords.

    Raises AlignError for bitext that cannot be read, options that make no sense, an output that is
    there, a run to resume that was begun with other settings, and when torch is not installed.
    """
    options = dataclasses.replace(options or TrainOptions(), **changes)
    if options.words and start is None:
        raise AlignError(
            "words: for a model that is continued (--from); a new one learns its vocabulary anyway"
        )
    if importlib.util.find_spec("torch") is None:
        raise AlignError("training needs torch: pip install 'parallel-align[train]'")
    output, places = Path(output), [Path(place) for place in corpora]
    check_output(output, overwrite)
    base = None if start is None else base_of(start, options)
    bitexts = chosen_bitexts(places, options)
    langs = sorted({lang for bitext in bitexts for lang in bitext.langs})
    given = None if dev is None else tuple(read_dev(Path(dev), langs))
    work = Work(output.with_name(f"{output.name}.work"))
    work.begin(_asked(options, bitexts, start, base, dev), resume, overwrite)
    corpus = work.corpus()
    if corpus is None:
        try:
            corpus = _prepare(work, bitexts, options, base, given)
        except BaseException:
            work.drop()  # there is nothing to go on from
            raise
    else:
        log.info("goes on in %s", work.folder)
    tokenizer_json, sets, prepared = corpus
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(tokenizer_json)
    recipe = recipe_for(prepared, options.batch)
    settings = settings_for(prepared, recipe, options, None if base is None else base.dims)
    last = Progress(0, 0.0, 0.0, 0.0, 0.0)
    scores: tuple[DevScore, ...] = ()

    def report(now: Progress) -> None:
        nonlocal last, scores
        if last.step and last.step % settings.checkpoint == 0 and progress is not None:
            # the checkpoint of the step before is written by now
            scores = measure(sets, _encode_with(work.weights(), tokenizer))
        last = now
        if progress is not None:
            progress(now, scores)

    vectors = train_vectors(
        prepared,
        tokenizer.get_vocab_size(),
        recipe,
        settings,
        start=None if base is None else grow_vectors(base, tokenizer_json),
        checkpoint=work.checkpoint,
        resume=True,
        progress=report,
    )
    save_static(work.model, tokenizer_json, vectors, bits=options.bits)
    scores = measure(sets, StaticEncoder(work.model).encode)
    done = Trained(
        output,
        tuple(sorted({lang for group in prepared.groups for lang in group.langs.split("-")})),
        len(prepared.pairs),
        vectors.shape[0],
        vectors.shape[1],
        options.bits,
        last.step,
        last.seconds,
        scores,
    )
    card = _card(done, prepared, recipe, settings, base)
    (work.model / "README.md").write_text(model_card(card, read_licences(places)), "utf-8")
    work.finish(output)
    return done


def _asked(
    options: TrainOptions,
    bitexts: Sequence[Bitext],
    start: Path | str | None,
    base: Base | None,
    dev: Path | str | None,
) -> dict[str, Any]:
    """What a run must have in common with the one it resumes."""
    found = {f.name: getattr(options, f.name) for f in dataclasses.fields(options)}
    del found["threads"]
    files = [path for bitext in bitexts for path in bitext.paths]
    return found | {
        "version": __version__,
        "from": None if base is None else f"{start} ({base.name})",
        "dev": None if dev is None else str(dev),
        "bitext": [f"{path} ({path.stat().st_size} bytes)" for path in files],
    }


def _prepare(
    work: Work,
    bitexts: Sequence[Bitext],
    options: TrainOptions,
    base: Base | None,
    dev: tuple[DevSet, ...] | None,
) -> tuple[str, tuple[DevSet, ...], Prepared]:
    """Reads the bitext: vocabulary, what to measure with, and the rest as token numbers."""
    from tokenizers import Tokenizer

    count = len(bitexts)
    log.info("reading the bitext (%d source%s)", count, "s" if count > 1 else "")
    found = survey(bitexts, options.seed, held_out=0 if dev is not None else HELD_OUT)
    pairs = ", ".join(f"{langs} {count:,}" for langs, count in found.pairs.items())
    log.info("pairs: %s", pairs)
    sets = found.dev if dev is None else dev
    if base is None:
        log.info("learning the vocabulary")
        tokenizer = train_tokenizer(
            found.texts, options.vocabulary, found.words, least=least_count(found.share)
        )
    elif options.words:
        least = least_count(found.share)
        grown = grow_vocabulary(base, found.texts, found.words, options.words, least)
        tokenizer = Tokenizer.from_str(grown)
        new = tokenizer.get_vocab_size() - len(base.vectors)
        log.info(
            "new words: %d of at most %d (each %d times or more)", new, options.words, FREQUENT
        )
    else:
        tokenizer = Tokenizer.from_str(base.tokenizer)
    del found  # the sample may be as large as everything that follows
    log.info("cutting the bitext into tokens (of %d)", tokenizer.get_vocab_size())
    without: dict[str, set[str]] = {}
    for part in sets:
        without.setdefault(part.src_lang, set()).update(part.src)
        without.setdefault(part.tgt_lang, set()).update(part.tgt)
    prepared = prepare(bitexts, tokenizer, work.prepared, without)
    work.keep(tokenizer.to_str(), sets)
    return tokenizer.to_str(), sets, prepared


def _encode_with(weights: Floats, tokenizer: Any) -> Callable[[Sequence[str]], Floats]:
    """Texts to unit rows by vectors that are still learning, float32 [tokens, dims]."""
    unknown = tokenizer.token_to_id("[UNK]")

    def encode(texts: Sequence[str]) -> Floats:
        found = tokenizer.encode_batch_fast(list(map(normalise, texts)), add_special_tokens=False)
        sums = np.zeros((len(texts), weights.shape[1]), np.float32)
        for i, encoding in enumerate(found):
            sums[i] = weights[[t for t in encoding.ids if t != unknown]].sum(0)
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)

    return encode


def _card(
    done: Trained, prepared: Prepared, recipe: Recipe, settings: Settings, base: Base | None
) -> Card:
    """What the model card says."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")  # reproducible-builds.org
    when = datetime.datetime.fromtimestamp(float(epoch or time.time()), datetime.timezone.utc)
    rows = (
        ("loss", f"symmetric InfoNCE, scale {settings.scale:g}, margin {settings.margin:g}"),
        ("batches", f"{done.steps:,} of up to {recipe.size:,} pairs"),
        ("pairs seen", f"about {done.steps * recipe.size:,}"),
        ("learning rate", f"{settings.rate:g}, falling to 0"),
        ("tokens left out", f"{recipe.drop:.0%}"),
        ("time", f"{done.seconds / 60:.1f} minutes"),
        ("seed", str(settings.seed)),
        ("continues", base.name if base else "no other model"),
        ("version", f"align {__version__}"),
    )
    return Card(
        done.folder.name,
        done.langs,
        done.tokens,
        done.dims,
        done.bits,
        rows,
        prepared.groups,
        done.scores,
        when.date().isoformat(),
    )
