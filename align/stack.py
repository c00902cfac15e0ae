"""The libraries that align builds on, as pyproject.toml asks for them, and which are there."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Library:
    """A distribution, the oldest version that will do, and the module it brings."""

    name: str
    oldest: str
    module: str


def _libraries(*listed: str) -> tuple[Library, ...]:
    """ "faiss-cpu>=1.8 faiss": the module is named where it is called otherwise."""
    found = []
    for text in listed:
        wanted, _, module = text.partition(" ")
        name, oldest = wanted.split(">=")
        found.append(Library(name, oldest, module or name))
    return tuple(found)


BASE = _libraries(
    "numpy>=1.26",
    "faiss-cpu>=1.8 faiss",
    "tokenizers>=0.20",
    "safetensors>=0.4",
    "threadpoolctl>=3.1",
    "py3langid>=0.4",
    "tqdm>=4.60",
    "zstandard>=0.20",
)
EXTRAS = {
    "transformers": _libraries("sentence-transformers>=3.0 sentence_transformers"),
    "train": _libraries("torch>=2.4"),
    "parquet": _libraries("pyarrow>=14"),
    "pandas": _libraries("pandas>=2.0"),
    "web": _libraries("trafilatura>=2", "lxml_html_clean>=0.4"),
    "docs": _libraries(
        "markdown-it-py>=3 markdown_it",
        "mdit-py-plugins>=0.4 mdit_py_plugins",
        "python-docx>=1.1 docx",
        "lxml>=5",
        "webvtt-py>=0.6 webvtt",
    ),
    "completion": _libraries("shtab>=1.9"),
}


def version_of(name: str) -> str | None:
    """The version of an installed distribution, None if there is none. Imports nothing of it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def is_older(version: str, oldest: str) -> bool:
    """True when the numbers in a version are below those of another: 1.9.1+cpu is below 1.10."""
    found, least = (
        [int(part) for part in re.findall(r"\d+", re.split(r"[+a-z]", text)[0])]
        for text in (version, oldest)
    )
    return found + [0] * (len(least) - len(found)) < least
