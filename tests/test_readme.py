"""README and docs tell the truth: examples print what stands there, figures are those measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
with pytest.MonkeyPatch.context() as _patch:
    _patch.syspath_prepend(str(ROOT))
    from benchmarks import readme, tables

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
EXAMPLES = [
    pytest.param(example, id=f"{page.name}-{number}")
    for page in readme.PAGES
    for number, example in enumerate(readme.examples(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_print_what_they_show(example: readme.Example) -> None:
    printed = example.run()
    assert printed.strip()
    assert readme.same_output(example.output, printed), printed


def test_the_readme_has_an_example_of_both_kinds() -> None:
    found = readme.examples((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {example.kind for example in found} == {"python", "sh"}


@pytest.mark.parametrize("page", readme.PAGES, ids=lambda page: page.name)
def test_figures_are_those_of_the_result_files(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert readme.with_figures(text) == text, "run python -m benchmarks.readme"


def test_the_own_texts_were_not_used_to_learn() -> None:
    """The README says so of the figures in its table."""
    report = json.loads((ROOT / "benchmarks/results/weights-static.json").read_text("utf-8"))
    learned = {name.partition("/")[0] for name in report["left out"]}
    assert not learned & set(tables.OWN)
    assert set(tables.DEV) <= learned


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text += (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    missing = [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in text]
    assert missing in ([], ["index.md"])


def test_the_two_commands_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command}" in text
        assert re.search(rf"^{command}:", rules, re.MULTILINE)


# the tool itself


def test_rounding_is_forgiven_and_nothing_else() -> None:
    assert readme.same_output("0.97 1-1 a\n", "0.98 1-1 a\n")
    assert not readme.same_output("0.97 1-1 a\n", "0.90 1-1 a\n")
    assert not readme.same_output("0.97 1-1 a\n", "0.97 2-1 a\n")
    assert not readme.same_output("66 pairs\n", "65 pairs\n")
    assert not readme.same_output("0.97 a\n", "0.97 a\n0.97 b\n")


def test_a_block_is_an_example_only_with_its_output() -> None:
    page = "```sh\nmake demo\n```\n\n```sh\necho 1\n```\n\n```text\n1\n```\n"
    assert readme.examples(page) == [readme.Example("sh", "echo 1\n", "1\n")]
    assert readme.with_outputs(page) == page
    assert readme.with_outputs(page.replace("text\n1", "text\n2")) == page


def test_a_failing_example_stops_the_tool() -> None:
    with pytest.raises(SystemExit, match="an example fails"):
        readme.Example("python", "1 / 0", "").run()
