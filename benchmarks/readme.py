"""Keeps the README and the docs true: figures from result files, output from real runs.

    python -m benchmarks.readme            refresh the pages
    python -m benchmarks.readme --check    only say what is out of date (exit code 1)

A `<!-- figures: NAME -->` ... `<!-- end -->` block is written by `benchmarks.tables`. A ```python
or ```sh block that a ```text block follows is run in the repository, and the ```text block is what
it prints. `align` in a ```sh block is this checkout's.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import FIGURES, PLOTS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("quickstart", "method", "multi")),
    ROOT / "docs" / "encoders.md",
    ROOT / "docs" / "explain.md",
    ROOT / "docs" / "training.md",
)
_BLOCK = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_EXAMPLE = re.compile(r"```(python|sh)\n((?:(?!```).)*?)```\n+```text\n(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class Example:
    """A block of code and the output that stands under it."""

    kind: str  # "python" or "sh"
    code: str
    output: str

    def run(self) -> str:
        """What it prints. SystemExit if it fails."""
        environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", self.code]
        if self.kind == "sh":
            own = f'align() {{ "{sys.executable}" -m align "$@"; }}\n'
            command = ["bash", "-c", own + self.code]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
        if done.returncode:
            raise SystemExit(f"an example fails:\n{self.code}\n{done.stderr}")
        return done.stdout


def examples(text: str) -> list[Example]:
    """The examples of a page that show their output."""
    return [Example(*match.groups()) for match in _EXAMPLE.finditer(text)]


def same_output(shown: str, printed: str, tolerance: float = 0.02) -> bool:
    """True when only decimals differ, and by rounding: processors add in different orders."""
    if _NUMBER.sub("#", shown) != _NUMBER.sub("#", printed):
        return False
    pairs = zip(_NUMBER.findall(shown), _NUMBER.findall(printed), strict=True)
    return all(math.isclose(float(a), float(b), abs_tol=tolerance) for a, b in pairs)


# figures


def with_figures(text: str) -> str:
    """The page with every figures block as the result files have it."""
    return _BLOCK.sub(lambda m: m[1] + FIGURES[m[2]]() + m[3], text)


def with_outputs(text: str) -> str:
    """The page with every example's output as it is printed now; what still holds stays."""

    def fresh(match: re.Match[str]) -> str:
        example = Example(*match.groups())
        printed = example.run()
        if same_output(example.output, printed, 0.0):
            return match[0]
        head = match[0][: match.start(3) - match.start(0)]
        return head + printed + "```"

    return _EXAMPLE.sub(fresh, text)


def main(argv: Sequence[str] | None = None) -> int:
    """Refresh or check; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing")
    arguments = parser.parse_args(argv)
    stale = False
    for page in PAGES:
        old = page.read_text(encoding="utf-8")
        new = with_outputs(with_figures(old))
        if new == old:
            continue
        stale = True
        if arguments.check:
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
            print(f"{page.name} is out of date:", *lines, sep="\n")
        else:
            page.write_text(new, encoding="utf-8")
            print(f"{page.name} refreshed")
    for path, draw in PLOTS.items():
        drawn = draw()
        if path.is_file() and path.read_text(encoding="utf-8") == drawn:
            continue
        stale = True
        if not arguments.check:
            path.write_text(drawn, encoding="utf-8")
        print(f"{path.name} {'is out of date' if arguments.check else 'drawn'}")
    return int(stale and arguments.check)


if __name__ == "__main__":
    raise SystemExit(main())
