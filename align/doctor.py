"""`align doctor`: whether this installation works, found out by looking and by trying."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import combinations
from pathlib import Path

from align.stack import BASE, EXTRAS, Library, is_older, version_of
from align.version import __version__

SAMPLE = Path(__file__).with_name("sample")  # the same short text in en, de, fr, zh
LANGS = ("en", "de", "fr", "zh")
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
ENOUGH = 0.9  # share of the sample's text that has to be in pairs


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    text: str
    works: bool | None = True  # None: not there, and nobody has to have it


def examine() -> Iterator[Finding]:
    """Everything worth knowing about the installation, found out one by one. Raises nothing."""
    yield Finding("align", f"{__version__} in {Path(__file__).parent}")
    yield Finding("align", f"Python {platform.python_version()}, {platform.platform()}")
    yield from map(_library, BASE)
    for name, libraries in EXTRAS.items():
        yield _extra(name, libraries)
    yield _threads()
    yield _tried("model", "the encoder in the package", _model)
    for src, tgt in combinations(LANGS, 2):
        yield _tried("self-test", f"{src}-{tgt}", partial(_aligned, src, tgt))


def _library(library: Library) -> Finding:
    version = version_of(library.name)
    if version is None:
        return Finding("libraries", f"{library.name} is not installed; install align again", False)
    if is_older(version, library.oldest):
        return Finding("libraries", _too_old(library, version), False)
    try:
        import_module(library.module)
    except Exception as error:  # a broken library may raise anything
        return Finding("libraries", f"{library.name} {version}: {_words(error)}", False)
    return Finding("libraries", f"{library.name} {version}")


def _extra(name: str, libraries: tuple[Library, ...]) -> Finding:
    """Looks for an extra's libraries without importing them: some take seconds."""
    texts = []
    works: bool | None = True
    for library in libraries:
        version = version_of(library.name)
        if version is None:
            texts.append(f"{library.name} is not installed")
            works = None if works else works
        elif is_older(version, library.oldest):
            texts.append(_too_old(library, version))
            works = False
        else:
            texts.append(f"{library.name} {version}")
    help = "" if works else f"; pip install 'parallel-align[{name}]'"
    return Finding("extras", f"{name}: {', '.join(texts)}{help}", works)


def _too_old(library: Library, version: str) -> str:
    return f"{library.name} {version} is too old, {library.oldest} or later is needed"


def _threads() -> Finding:
    affinity = getattr(os, "sched_getaffinity", None)
    allowed = len(affinity(0)) if affinity else os.cpu_count()
    pools = [f"{name}={os.environ[name]}" for name in POOLS if name in os.environ]
    return Finding(
        "threads", f"{allowed} CPUs for this process; {', '.join(pools) or 'no limits are set'}"
    )


def _tried(topic: str, what: str, trial: Callable[[], tuple[str, bool]]) -> Finding:
    try:
        text, works = trial()
    except Exception as error:  # whatever it is: that is what is to be found out
        text, works = _words(error), False
    return Finding(topic, f"{what}: {text}", works)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _model() -> tuple[str, bool]:
    """Loads the model and compares its content with the signature that was written into it."""
    from align.encoders.layout import content_fingerprint, fingerprint
    from align.encoders.load import EMBEDDED, load_encoder
    from align.text.languages import SUPPORTED

    encoder = load_encoder(None)
    size = sum(path.stat().st_size for path in EMBEDDED.iterdir()) / 1e6
    about = f"{encoder.name} for {', '.join(SUPPORTED)}, {size:.0f} MB"
    wanted, found = fingerprint(EMBEDDED / "model.safetensors"), content_fingerprint(EMBEDDED)
    if wanted != found:
        return f"{about}; damaged: its content has signature {found}; install align again", False
    return f"{about}; its signature is right", True


def _aligned(src: str, tgt: str) -> tuple[str, bool]:
    """Aligns the sample, whose paragraphs correspond in all languages."""
    from align.pair import pair

    start = time.perf_counter()
    found = pair(SAMPLE / f"{src}.txt", SAMPLE / f"{tgt}.txt", src_lang=src, tgt_lang=tgt)
    seconds = time.perf_counter() - start
    wrong = sum(
        {found.src.sentences[i].paragraph for i in bead.src_ids}
        != {found.tgt.sentences[j].paragraph for j in bead.tgt_ids}
        for bead in found
    )
    works = not wrong and found.parallel >= ENOUGH
    return (
        f"{len(found)} pairs, {wrong} of them in wrong paragraphs, {found.parallel:.2f} of the text"
        f" is parallel, {seconds:.2f} s",
        works,
    )
