"""What loads what: the base installation is enough, imports are cheap, rooms keep apart."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "align"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = ("text", "encoders", "core", "formats")
EVERYWHERE = {
    "align",
    "align.types",
    "align.alignment",
    "align.versions",
    "align.errors",
    "align.options",
    "align.version",
}
OPTIONAL = (
    "torch", "sentence_transformers", "transformers", "pyarrow", "scipy", "sklearn", "trafilatura",
    "lxml", "docx", "webvtt", "markdown_it",
)  # fmt: skip
HEAVY = (
    *OPTIONAL, "faiss", "tokenizers", "safetensors", "py3langid", "tqdm", "zstandard",
    "huggingface_hub",
)  # fmt: skip


def python(code: str, *arguments: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# what gets loaded

BLOCK = """
import json, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
BLOCKED = set(sys.argv[1:])
sys.meta_path.insert(0, Blocked())
"""
ALIGN_ALL = """
from itertools import combinations
from pathlib import Path
import align
counts = {}
for a, b in combinations(("en", "de", "fr", "zh"), 2):
    found = align.pair(Path(f"data/article.{a}.txt"), Path(f"data/article.{b}.txt"))
    counts[f"{a}-{b}"] = [len(found), sum(bead.probability > 0.9 for bead in found)]
print(json.dumps(counts))
"""


def test_the_samples_need_none_of_the_optional_libraries() -> None:
    """Nor faiss and py3langid, which only long documents and other languages call for."""
    counts = json.loads(
        python(BLOCK + ALIGN_ALL, *OPTIONAL, "faiss", "py3langid", "huggingface_hub")
    )
    assert len(counts) == 6
    for pairs, sure in counts.values():
        assert pairs > 45
        assert sure > pairs / 2


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, align; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    loaded = set(python(code).split())
    assert "align" in loaded
    assert not loaded & {*HEAVY, "numpy"}


def test_what_numpy_is_enough_for() -> None:
    """Naming the verbs loads numpy and nothing else that is not in the standard library."""
    code = (
        "import sys, align; align.pair; align.load_encoder;"
        "print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    )
    loaded = set(python(code).split())
    assert "numpy" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(
    "module",
    [
        "align.cli",
        "align.types",
        "align.alignment",
        "align.versions",
        "align.options",
        "align.errors",
    ],
)
def test_these_do_not_even_load_numpy(module: str) -> None:
    code = f"import sys, {module}; print('numpy' in sys.modules)"
    assert python(code) == "False\n"


def test_the_verb_stays_callable_after_its_module_was_imported() -> None:
    code = (
        "import align, align.pair, align.pair as again; print(align.pair is again, callable(again))"
    )
    assert python(code) == "True True\n"


def test_the_package_names_what_it_exports() -> None:
    code = "import align; print([n for n in align.__all__ if getattr(align, n, None) is None])"
    assert python(code) == "[]\n"


# which room knows which


class Running(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if is_for_types else self.generic_visit(node)


def imports(path: Path, *, running: bool = False) -> set[str]:
    """All modules of align that a file imports, at the top or inside functions.

    `running`: without those that only type checkers read.
    """
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(Running().visit(tree) if running else tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found.add(node.module or "")
    return {name for name in found if name.partition(".")[0] == "align"}


def room(name: str) -> str:
    """The room of a module: "text" for align.text.document, "" for align.pair."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else ""


@pytest.mark.parametrize("stage", STAGES)
def test_stages_import_only_themselves_and_the_contracts(stage: str) -> None:
    for path in sorted((PACKAGE / stage).rglob("*.py")):
        foreign = {n for n in imports(path) - EVERYWHERE if room(n) != stage}
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


def test_formats_know_the_parts_of_an_alignment_only() -> None:
    """What is written knows its writers, not the other way round."""
    assert not imports(PACKAGE / "types.py")
    wholes = {"align.alignment", "align.versions"}
    for path in sorted((PACKAGE / "formats").rglob("*.py")):
        assert not imports(path, running=True) & wholes, path


def test_nothing_imports_the_command_line() -> None:
    for path in MODULES:
        inside = path.is_relative_to(PACKAGE / "cli") or path.name == "__main__.py"
        assert inside or not any(room(n) == "cli" for n in imports(path)), path


def reachable(name: str) -> set[str]:
    """The modules that a module can ever load, itself included."""
    files = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in MODULES}
    files |= {n.removesuffix(".__init__"): p for n, p in files.items() if n.endswith("__init__")}
    found, waiting = set(), {name}
    while waiting:
        module = waiting.pop()
        found.add(module)
        if module in files:
            waiting |= imports(files[module]) - found - {"align"}
    return found


@pytest.mark.parametrize("verb", ["pair", "convert", "evaluate"])
def test_using_needs_no_training(verb: str) -> None:
    assert not {n for n in reachable(f"align.{verb}") if room(n) == "training"}


def test_training_knows_no_result_formats_and_no_verbs() -> None:
    allowed = {*EVERYWHERE, "align.formats.files"}  # packed files are read in one place
    for path in sorted((PACKAGE / "training").rglob("*.py")):
        foreign = {n for n in imports(path) - allowed if room(n) in ("formats", "cli", "")}
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name == "__init__.py" and len(tree.body) <= 1:
        return
    assert ast.get_docstring(tree), "no docstring"
    names = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert names[:1] == ["__future__"]


# what gets packed


def test_every_data_file_is_in_the_wheel() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 brings it")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["align"]
    for path in PACKAGE.rglob("*"):
        if path.is_dir() or path.suffix in (".py", ".pyc"):
            continue
        name = path.relative_to(PACKAGE).as_posix()
        assert any(fnmatch(name, p.replace("**/", "*")) for p in patterns), f"{name} is left out"


def test_every_folder_of_code_is_a_package() -> None:
    missing = {path.parent for path in MODULES if not (path.parent / "__init__.py").exists()}
    assert not missing


def test_the_wheel_stays_small() -> None:
    size = sum(p.stat().st_size for p in PACKAGE.rglob("*") if p.suffix not in (".pyc", ""))
    assert size < 40e6
