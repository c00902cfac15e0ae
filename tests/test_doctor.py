"""`align doctor`, `align --version` and `align completion`: what they say, and of what."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from align import doctor, stack
from align.cli import main
from align.cli.completion import SHELLS, script
from align.doctor import Finding, examine
from align.encoders import load
from align.stack import BASE, EXTRAS, Library, is_older, version_of
from align.version import __version__

ROOT = Path(__file__).resolve().parents[1]


# the stack


def test_the_stack_is_what_the_project_asks_for() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 brings it")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["optional-dependencies"]
    wanted.pop("dev")
    found = {name: [f"{b.name}>={b.oldest}" for b in part] for name, part in EXTRAS.items()}
    assert found == wanted
    assert [f"{library.name}>={library.oldest}" for library in BASE] == project["dependencies"]


@pytest.mark.parametrize(
    ("version", "oldest", "older"),
    [
        ("1.26", "1.26", False),
        ("1.26.0", "1.26", False),
        ("2.0", "1.26", False),
        ("2", "2.0", False),
        ("1.9.1+cpu", "1.10", True),
        ("2.2.0rc1", "2.2", False),
        ("0.4.9", "0.20", True),
        ("14", "14.1", True),
        ("unknown", "1", True),
    ],
)
def test_versions(version: str, oldest: str, older: bool) -> None:
    assert is_older(version, oldest) == older


def test_version_of() -> None:
    import numpy

    assert version_of("numpy") == numpy.__version__
    assert version_of("no-such-library") is None


def test_version_and_doctor_name_the_same_versions(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"align {__version__}"
    findings = " ".join(finding.text for finding in examine())
    for line in lines[2:]:
        assert line.endswith("not installed") or line in findings


# the doctor


def test_a_sound_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    topics = [line for line in lines if not line.startswith(" ")]
    assert topics == [
        "align", "libraries", "extras", "threads", "model", "self-test", "all is well",
    ]  # fmt: skip
    tested = [line.split()[:2] for line in lines[lines.index("self-test") + 1 : -1]]
    pairs = ("en-de", "en-fr", "en-zh", "de-fr", "de-zh", "fr-zh")
    assert tested == [["ok", f"{langs}:"] for langs in pairs]


def of(topic: str) -> list[Finding]:
    """The findings of a topic; what comes after it is not looked at."""
    behind = dropwhile(lambda finding: finding.topic != topic, examine())
    return list(takewhile(lambda finding: finding.topic == topic, behind))


def test_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    base = (Library("numpy", "1.0", "numpy"), Library("no-such", "1", "no_such"))
    extras = {
        "some": (Library("no-such", "1", "no_such"), Library("numpy", "1.0", "numpy")),
        "old": (Library("numpy", "99", "numpy"),),
    }
    monkeypatch.setattr(doctor, "BASE", base)
    monkeypatch.setattr(doctor, "EXTRAS", extras)
    version = version_of("numpy")
    assert of("libraries") == [
        Finding("libraries", f"numpy {version}"),
        Finding("libraries", "no-such is not installed; install align again", False),
    ]
    assert of("extras") == [
        Finding(
            "extras",
            f"some: no-such is not installed, numpy {version}; pip install 'parallel-align[some]'",
            None,
        ),
        Finding(
            "extras",
            f"old: numpy {version} is too old, 99 or later is needed; "
            "pip install 'parallel-align[old]'",
            False,
        ),
    ]


def test_a_library_that_breaks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "breaks_here.py").write_text("raise OSError('libgomp.so.1: cannot open')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(doctor, "BASE", (Library("numpy", "1.0", "breaks_here"),))
    (finding,) = of("libraries")
    assert finding.works is False
    assert finding.text.endswith("OSError: libgomp.so.1: cannot open")


def test_a_damaged_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "static"
    shutil.copytree(load.EMBEDDED, home)
    monkeypatch.setattr(load, "EMBEDDED", home)
    assert of("model")[0].works is True
    weights = home / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1000] ^= 255
    weights.write_bytes(data)
    (finding,) = of("model")
    assert finding.works is False
    assert re.search(r"damaged: its content has signature [0-9a-f]{12}; install", finding.text)
    weights.write_bytes(data[:1000])
    load._embedded.cache_clear()
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    wrong = [line for line in lines if line.startswith("  WRONG")]
    assert wrong[0].startswith("  WRONG the encoder in the package: AlignError: ")
    assert len(wrong) == 7
    assert lines[-1] == "7 of these are wrong"
    load._embedded.cache_clear()


def test_looking_at_extras_loads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys; from align.doctor import examine;"
        "assert 'model' in (finding.topic for finding in examine());"
        "print({'torch', 'pyarrow', 'pandas', 'trafilatura', 'docx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


# completion


def test_scripts() -> None:
    pytest.importorskip("shtab")
    for shell in SHELLS:
        text = script(shell)
        for word in ("completion", "score", "min-probability", "intertext", "zsh"):
            assert word in text, (shell, word)


def completed(*words: str) -> list[str]:
    """What bash offers for the last of some words."""
    quoted = " ".join(f"'{word}'" for word in words)
    code = (
        f"{script('bash')}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        '_shtab_align; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes() -> None:
    pytest.importorskip("shtab")
    assert completed("align", "sco") == ["score"]
    assert completed("align", "pair", "--min-p") == ["--min-probability"]
    assert completed("align", "convert", "--to", "t") == ["tsv", "tmx"]
    assert completed("align", "score", "pyproj") == ["pyproject.toml"]
    assert completed("align", "score", "x.tmx", "-o", "pyproj") == ["pyproject.toml"]
    assert completed("align", "pair", "a", "b", "--encoder", "benchm") == ["benchmarks"]
    assert completed("align", "completion", "") == list(SHELLS)


def test_completion_without_its_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert capsys.readouterr().err == (
        "align: error: completion needs shtab: pip install 'parallel-align[completion]'\n"
    )


def test_the_stack_is_listed_once() -> None:
    names = [library.name for part in (BASE, *stack.EXTRAS.values()) for library in part]
    assert len(set(names)) == len(names)
