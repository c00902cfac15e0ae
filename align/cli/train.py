"""`align train`: an encoder of one's own from bitext."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from align.cli.common import threads, use_threads
from align.cli.progress import Bar

log = logging.getLogger("align")
if TYPE_CHECKING:
    from align.training.dev import DevScore
    from align.training.encoder import Progress


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "train",
        parents=[common],
        help="train an encoder on your own bitext",
        description="Train an encoder on bitext: .tsv files (a header of language codes, or "
        "named like corpus.en-de.tsv), Moses pairs (name.en, name.de), folders of these; .gz, "
        ".xz and .zst too. Needs torch.",
        epilog="example: align train memory.en-de.tsv -o my-model --minutes 10; "
        "align pair a.txt b.txt --encoder my-model",
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument("corpora", nargs="+", metavar="CORPUS", help="a file or a folder")
    command.add_argument("-o", "--output", required=True, metavar="MODEL", help="folder to write")

    how = command.add_argument_group("training")
    how.add_argument("--minutes", type=float, metavar="M", help="time to train (by size; 30)")
    how.add_argument("--steps", type=int, metavar="N", help="batches to train")
    how.add_argument("--dims", type=int, metavar="D", help="length of a vector (512)")
    how.add_argument("--vocabulary", type=int, metavar="V", default=64_000, help="most tokens")
    how.add_argument("--batch", type=int, metavar="B", default=4096, help="most pairs in a batch")
    how.add_argument("--rate", type=float, metavar="R", help="peak learning rate (0.003)")
    how.add_argument("--seed", type=int, metavar="S", default=0, help="of chance (0)")
    how.add_argument("--threads", type=threads, metavar="N", help="CPU threads (all allowed)")
    how.add_argument("--from", dest="start", metavar="MODEL", help="continue it, or: embedded")
    how.add_argument("--words", type=int, metavar="N", default=0, help="new words for it (0)")

    data = command.add_argument_group("data")
    data.add_argument("--languages", type=languages, metavar="L", help="only these: en,de,...")
    data.add_argument("--dev", metavar="DIR", help="measure with NAME.<lang> files in it")
    data.add_argument("--encoding", metavar="E", default="utf-8", help="of the bitext (utf-8)")

    out = command.add_argument_group("output")
    out.add_argument("--bits", type=int, choices=(4, 8, 32), default=8, help="of a value (8)")
    out.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    out.add_argument("--overwrite", action="store_true", help="replace what is there")


def languages(text: str) -> tuple[str, ...]:
    """A list of languages from the command line."""
    from align.errors import AlignError
    from align.text.languages import normalise_language

    try:
        return tuple(normalise_language(code) for code in text.split(","))
    except AlignError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(arguments: argparse.Namespace) -> int:
    """Train, show how it goes, and tell what came of it."""
    count = use_threads(arguments.threads)

    from align.train import train
    from align.training.plan import TrainOptions

    options = TrainOptions(
        minutes=arguments.minutes,
        steps=arguments.steps,
        dims=arguments.dims,
        vocabulary=arguments.vocabulary,
        words=arguments.words,
        batch=arguments.batch,
        rate=arguments.rate,
        languages=arguments.languages or (),
        bits=arguments.bits,
        seed=arguments.seed,
        threads=count,
        encoding=arguments.encoding,
    )
    with Bar(arguments.quiet, patience=0.0, lasting=True) as bar, _kept(arguments.output):
        done = train(
            arguments.corpora,
            arguments.output,
            options=options,
            start=arguments.start,
            dev=arguments.dev,
            resume=arguments.resume,
            overwrite=arguments.overwrite,
            progress=_Steps(bar).show,
        )
    for score in done.scores:
        log.info(
            "%s %s: %.1f %% find their translation by cosine, %.1f %% by margin (%d pairs)",
            score.name,
            score.langs,
            100 * score.cosine,
            100 * score.margin,
            score.pairs,
        )
    log.info("%s: %d tokens, %d dimensions", done.folder, done.tokens, done.dims)
    return 0


@contextlib.contextmanager
def _kept(output: str) -> Iterator[None]:
    """Tells of a run that was interrupted and can go on."""
    try:
        yield
    except KeyboardInterrupt:
        if Path(f"{Path(output)}.work/state.pt").is_file():
            log.warning("the last checkpoint is kept; the same command with --resume goes on")
        raise


class _Steps:
    """Tells of the steps in a progress bar; where there is none, in a note now and then."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._loss = self._accuracy = 0.0
        self._scores: tuple[DevScore, ...] = ()

    def show(self, now: Progress, scores: tuple[DevScore, ...]) -> None:
        """One step is done."""
        if now.step == 1 or not self._loss:
            self._loss, self._accuracy = now.loss, now.accuracy
        # a batch has one language pair, some of which are harder: the mean says more
        self._loss += 0.05 * (now.loss - self._loss)
        self._accuracy += 0.05 * (now.accuracy - self._accuracy)
        shown = f"step {now.step}, loss {self._loss:.3f}, in batch {self._accuracy:.1%}"
        if scores:
            shown += f", dev {sum(s.cosine for s in scores) / len(scores):.1%}"
        if self._bar.silent and scores != self._scores:
            log.info("%s", shown)
        self._scores = scores
        self._bar(shown, now.share)
