"""The command line: streams, exit codes, one-line errors, and what reaches the package."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from align.alignment import Alignment
from align.cli import main
from align.errors import AlignError
from align.formats import Header, Row, read_rows, write_rows
from align.options import Options
from align.types import Bead, Document, Sentence

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """`python -m align` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "align", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        **options,  # type: ignore[call-overload]
    )


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a process of the command line may do to itself: logging and environment."""
    log = logging.getLogger("align")
    level, handlers, environment = log.level, list(log.handlers), dict(os.environ)
    yield
    log.setLevel(level)
    log.handlers[:] = handlers
    os.environ.clear()
    os.environ.update(environment)


# the program


def test_help_costs_nothing_heavy() -> None:
    code = (
        "import sys\nfrom align.cli import main\n"
        "try: main(['pair', '--help'])\nexcept SystemExit as e: assert e.code == 0\n"
        "heavy = {'numpy', 'faiss', 'torch', 'tokenizers', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: align pair" in done.stdout


def test_version_names_the_stack() -> None:
    from align.version import __version__

    done = run("--version")
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0] == f"align {__version__}"
    assert {"python", "numpy", "torch"} <= {line.split()[0] for line in lines}


@pytest.mark.parametrize("command", ["pair", "eval", "convert"])
def test_every_argument_is_explained(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from align.cli import parser

    choices = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    actions = choices[command]._actions  # type: ignore[index,call-overload]
    assert [a.dest for a in actions if not a.help] in ([], ["tgt"])


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["pair", "a"], ["pair", "a", "b", "--columns", "src,source"],
     ["pair", "a", "b", "--threads", "0"], ["pair", "a", "b", "--min-score", "high"],
     ["pair", "a", "b", "--pre"]],
)  # fmt: skip
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert "usage: align" in err


def test_an_error_is_one_line(tmp_path: Path) -> None:
    done = run("convert", str(tmp_path / "no.tsv"), str(tmp_path / "x.jsonl"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"align: error: {tmp_path}/no.tsv: no such file\n"
    debug = run("convert", str(tmp_path / "no.tsv"), str(tmp_path / "x.jsonl"), "--debug")
    assert debug.returncode == 2
    assert "Traceback" in debug.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="needs SIGPIPE")
def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_rows(path, [Row(src="a" * 100, tgt="b" * 100)] * 20_000)
    command = f"{sys.executable} -m align convert {path} - --to tsv | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command + '; exit "${PIPESTATUS[0]}"'],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "a" * 100 + "\t" + "b" * 100 + "\t\n"
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
def test_an_interrupt_is_130() -> None:
    command = [sys.executable, "-m", "align", "convert", "-", "-", "--from", "tsv", "--to", "jsonl"]
    # a shell's background jobs, such as this suite may be, ignore interrupts and hand that down
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin and process.stdout
    process.stdin.write(b"a\tb\n" * 200)  # more than its buffer holds: it runs by then
    process.stdin.flush()
    assert process.stdout.read(1) == b"{"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"align: interrupted\n")


# pair

SRC = Document((Sentence("A & b.", 0, 6), Sentence("Left.", 7, 12)), "en", "a.txt")
TGT = Document((Sentence("Ä und b.", 0, 8),), "de", "b.txt")
ALIGNMENT = Alignment(
    SRC,
    TGT,
    (
        Bead((0,), (0,), 2.5, "A & b.", "Ä und b.", (0, 6), (0, 8), 0.9),
        Bead((1,), (), 0.0, "Left.", "", (7, 12)),
    ),
    "v:1",
)


class Fake(ModuleType):
    """In the place of `align.pair`: remembers how it was called."""

    def __init__(self, result: Alignment | BaseException) -> None:
        super().__init__("align.pair")
        self.result = result
        self.called: list[tuple[Path, Path, Options, str | None]] = []

    def pair(
        self,
        src: Path,
        tgt: Path,
        *,
        options: Options,
        encoder: str | None,
        progress: Callable[[str, float], None],
    ) -> Alignment:
        """Stand in for align.pair.pair."""
        self.called.append((src, tgt, options, encoder))
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    module = Fake(ALIGNMENT)
    monkeypatch.setitem(sys.modules, "align.pair", module)
    return module


def test_pair_writes_tsv(fake: Fake, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["pair", "a", "b"]) == 0
    assert capfd.readouterr() == ("A & b.\tÄ und b.\t2.500000\n", "")
    src, tgt, options, encoder = fake.called[0]
    assert (src, tgt, encoder) == (Path("a"), Path("b"), None)
    assert options == Options(threads=1)


def test_pair_passes_its_options_on(fake: Fake) -> None:
    arguments = "-s en -t zh-Hans --presplit --wrapped --encoding gb18030 --monotone --threads 3"
    more = "--min-score -1.5 --min-probability 0.2 --encoder folder -q"
    assert main(["pair", "-", "b", *arguments.split(), *more.split()]) == 0
    src, _, options, encoder = fake.called[0]
    assert (src, encoder) == (Path("-"), "folder")
    assert options == Options(
        src_lang="en",
        tgt_lang="zh-Hans",
        presplit=True,
        wrapped=True,
        encoding="gb18030",
        monotone=True,
        min_score=-1.5,
        min_probability=0.2,
        threads=3,
    )
    assert os.environ["OMP_NUM_THREADS"] == "3"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--header", "--columns", "src_ids,tgt_ids,kind"], "src_ids\ttgt_ids\tkind\n0\t0\t1-1\n"),
        (["--all", "--columns", "kind,src"], "1-1\tA & b.\n1-0\tLeft.\n"),
        (["--format", "ladder"], "[0]:[0]:2.5000\n[1]:[]:0.0000\n"),
        (["--format", "hunalign"], "0\t0\t2.500000\n1\t1\t0.000000\n2\t1\t0.000000\n"),
    ],
)  # fmt: skip
def test_pair_output(
    fake: Fake, capfd: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    assert main(["pair", "a", "b", *arguments]) == 0
    assert capfd.readouterr().out == text


def test_pair_picks_the_format_by_suffix(fake: Fake, tmp_path: Path) -> None:
    for name in ("x.jsonl.gz", "x.tmx", "x.xlf", "x.tsv"):
        assert main(["pair", "a", "b", "-o", str(tmp_path / name)]) == 0
        assert [row.src for row in read_rows(tmp_path / name)] == ["A & b."]
    assert main(["pair", "a", "b", "-o", str(tmp_path / "m"), "--format", "moses"]) == 0
    assert (tmp_path / "m.de").read_text(encoding="utf-8") == "Ä und b.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "-"], "only one of the two documents can be the standard input"),
        (["a", "b", "-o", "x.doc"], "x.doc: the name has no suffix that tells the format"),
        (["a", "b", "--format", "word"], "unknown format 'word'"),
        (["a", "b", "-o", "no/such/x.tsv"], "the folder no/such does not exist; make it"),
        (["a", "b", "--min-probability", "2"], "min_probability: expected 0..1, got 2.0"),
    ],
)
def test_pair_refuses_before_it_works(
    fake: Fake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["pair", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("align: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not fake.called


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (AlignError("a.txt:3: bad\nbytes"), 2, "align: error: a.txt:3: bad bytes\n"),
        (KeyboardInterrupt(), 130, "align: interrupted\n"),
        (OSError(28, "No space left on device"), 1,
         "align: failed: [Errno 28] No space left on device (--debug shows where)\n"),
        (TypeError("oops"), 1, "align: failed: TypeError: oops (--debug shows where)\n"),
    ],
)  # fmt: skip
def test_exit_codes(
    fake: Fake,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    error: BaseException,
    code: int,
    text: str,
) -> None:
    fake.result = error
    assert main(["pair", "a", "b", "-o", str(tmp_path / "x.tsv")]) == code
    assert capfd.readouterr() == ("", text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "seen"),
    [([], ["note", "careful"]), (["-q"], []), (["-v"], ["detail", "note", "careful"])],
)
def test_notes(
    fake: Fake,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    flags: list[str],
    seen: list[str],
) -> None:
    def noisy(*_: object, **__: object) -> Alignment:
        log = logging.getLogger("align")
        log.debug("detail")
        log.info("note")
        log.warning("careful")
        return ALIGNMENT

    monkeypatch.setattr(fake, "pair", noisy)
    assert main(["pair", "a", "b", *flags]) == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert err == "".join(f"align: {word}\n" for word in seen)


# eval


def test_eval(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gold, pred = tmp_path / "x.gold", tmp_path / "x.ladder"
    gold.write_text("[0]:[0]\n[1]:[1, 2]\n")
    pred.write_text("[0]:[0]:0.9\n[1]:[1]:0.4\n[]:[2]:0\n")
    assert main(["eval", "--gold", str(gold), "--pred", str(pred)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[1].split() == ["strict", "33.33", "50.00", "40.00", "3", "2"]
    assert lines[2].split() == ["lax", "66.67", "100.00", "80.00", "3", "2"]
    assert main(["eval", "--gold", str(tmp_path), "--pred", str(tmp_path), "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert record["strict"]["f1"] == 0.4
    assert record["by_kind"]["1-2"]["gold"] == 1


# convert


def test_convert_through_the_standard_streams() -> None:
    done = run(
        "convert", "-", "-", "--from", "tsv", "--to", "tmx", "-s", "de", "-t", "zh", input="ä\t好\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '<tuv xml:lang="zh">\n<seg>好</seg>' in done.stdout


def test_convert_a_ladder_with_its_sentences(tmp_path: Path) -> None:
    (tmp_path / "x.ladder").write_text("[0, 1]:[0]:1.5\n[2]:[]:0\n")
    (tmp_path / "a.txt").write_text("One.\nTwo.\n\n")
    (tmp_path / "b.txt").write_text("Eins. Zwei.\n")
    ladder, out = str(tmp_path / "x.ladder"), str(tmp_path / "x.jsonl")
    texts = ["--src", str(tmp_path / "a.txt"), "--tgt", str(tmp_path / "b.txt")]
    assert main(["convert", ladder, str(tmp_path / "x.tsv")]) == 2
    assert main(["convert", ladder, out, texts[0], texts[1]]) == 2
    assert main(["convert", ladder, out, *texts]) == 0
    assert [(row.src, row.tgt, row.score) for row in read_rows(out)] == [
        ("One. Two.", "Eins. Zwei.", 1.5),
        ("", "", 0.0),
    ]
    arguments = ["--to", "intertext", "-s", "en", "-t", "de", *texts]
    assert main(["convert", ladder, str(tmp_path / "y"), *arguments]) == 0
    (first, second) = read_rows(tmp_path / "y.en.de.xml", "intertext")
    assert (first.src, first.src_ids, second.kind) == ("One. Two.", (0, 1), "1-0")


def test_convert_between_all_formats_of_text(tmp_path: Path) -> None:
    columns = ["src", "tgt", "score", "probability", "kind", "moved", "src_ids", "tgt_ids"]
    row = Row("A", "B", (0,), (0,), 0.5, 0.75, None, "1-1", True, None, None, "en", "de")
    write_rows(tmp_path / "0.jsonl", [row])
    chain = ["0.jsonl", "1.tmx", "2.xlf", "3.jsonl.xz", "4.tsv", "5.tmx.gz", "6.jsonl"]
    for source, target in pairwise(chain):
        more = ["--header", "--columns", ",".join(columns)] if target.endswith("tsv") else []
        more += ["-s", "en", "-t", "de"] if source.endswith("tsv") else []
        assert main(["convert", str(tmp_path / source), str(tmp_path / target), *more]) == 0
    assert list(read_rows(tmp_path / "6.jsonl", header=Header())) == [row]


def test_convert_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\n")
    arguments = ["--header", "--columns", "tgt,src"]
    assert main(["convert", str(path), str(path), *arguments]) == 0
    assert path.read_text() == "tgt\tsrc\nb\ta\n"


def test_convert_leaves_nothing_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\n" * 1000 + "a\n")
    assert main(["convert", str(path), str(tmp_path / "x.jsonl")]) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["x.tsv"]


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_after_a_while_and_only_on_a_terminal() -> None:
    from align.cli.progress import Bar

    for patience, quiet, screen, shown in (
        (60.0, False, Screen(), False),
        (0.0, True, Screen(), False),
        (0.0, False, io.StringIO(), False),
        (0.0, False, Screen(), True),
    ):
        with Bar(quiet, screen, patience=patience) as bar:
            bar("encoding", 0.1)
            bar("aligning", 0.6)
        assert ("aligning" in screen.getvalue()) == shown
        assert ("60%" in screen.getvalue()) == shown


def test_a_lasting_bar_tells_how_long_it_will_take_and_stays() -> None:
    from align.cli.progress import Bar

    screen = Screen()
    with Bar(stream=screen, patience=0.0, lasting=True) as bar:
        bar("step 7", 0.25)
    assert screen.getvalue().split("\r")[-1].startswith(" 25% |")
    assert screen.getvalue().endswith("<?, step 7\n")
