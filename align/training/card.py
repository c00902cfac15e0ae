"""The model card: what a model was made of, how, and how good it is, as a README.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from align.errors import AlignError
from align.formats.files import lines
from align.training.dev import DevScore
from align.training.prepare import Group

SOURCES = "SOURCES.tsv"  # beside the corpora: a line a source, with at least source and licence
_LICENCE, _ORIGIN, _TIER = ("licence", "license"), ("repository", "origin", "url"), ("tier",)


_HOW = {
    4: ", trust_remote_code=True)  # unpacked by the package parallel-align",
    8: ")  # release 6 or later",
    32: ")",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """What SOURCES.tsv says of one source."""

    licence: str
    origin: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a model card says."""

    name: str
    langs: tuple[str, ...]
    tokens: int
    dims: int
    bits: int
    settings: tuple[tuple[str, str], ...]  # (what, value), as they are to be shown
    groups: tuple[Group, ...]
    scores: tuple[DevScore, ...]
    date: str  # ISO 8601


Licences = dict[tuple[str, str], Licence]  # by folder ("": any) and source


def read_licences(places: Sequence[Path]) -> Licences:
    """Licences and origins from each SOURCES.tsv in these folders and in the ones around them."""
    files: dict[Path, None] = {}
    for place in places:
        home = place if place.is_dir() else place.parent
        for folder in (home, home.resolve().parent):
            files[folder.resolve() / SOURCES] = None
    found: Licences = {}
    for path in files:
        if path.is_file():
            found = _read(path) | found
    return found


def _read(path: Path) -> Licences:
    table = lines(str(path))
    titles = next(table, (1, ""))[1].split("\t")
    licence, where, tier = (
        next((titles.index(name) for name in names if name in titles), None)
        for names in (_LICENCE, _ORIGIN, _TIER)
    )
    if "source" not in titles or licence is None:
        raise AlignError(f"{path}:1: expected columns source and licence, got {' '.join(titles)}")
    found: dict[tuple[str, str], tuple[list[str], str]] = {}
    for number, line in table:
        cells = line.split("\t")
        if len(cells) != len(titles):
            raise AlignError(f"{path}:{number}: expected {len(titles)} columns, got {len(cells)}")
        key = ("" if tier is None else cells[tier], cells[titles.index("source")])
        licences, _ = found.setdefault(key, ([], "" if where is None else cells[where]))
        if cells[licence] not in licences:
            licences.append(cells[licence])  # it may differ between languages
    return {key: Licence("; ".join(some), origin) for key, (some, origin) in found.items()}


def model_card(card: Card, licences: Licences) -> str:
    """The card as Markdown, with the head that model hubs read."""
    langs, total = ", ".join(card.langs), card.groups[-1].last if card.groups else 0
    out = [
        "---",
        f"language: [{langs}]",
        "library_name: sentence-transformers",
        "pipeline_tag: sentence-similarity",
        "tags: [sentence-alignment, static-embeddings]",
        "---",
        f"# {_plain(card.name)}",
        "",
        f"A static sentence encoder for {langs}: one vector of {card.dims} dimensions for each of "
        f"{card.tokens:,} sub-word tokens, a sentence being the normalised sum. "
        f"{card.bits} bits a value. Made with `align train` on {card.date}.",
        "",
        "```python",
        "import align",
        "",
        'encoder = align.load_encoder("THIS FOLDER")  # or: align pair A B --encoder "THIS FOLDER"',
        "",
        "from sentence_transformers import SentenceTransformer",
        "",
        f'model = SentenceTransformer("THIS FOLDER"{_HOW[card.bits]}',
        "```",
        "",
        "## Training",
        "",
        "| | |",
        "|---|---|",
        *(f"| {_plain(what)} | {_plain(value)} |" for what, value in card.settings),
        "",
        "## How good it is",
        "",
        *_scores(card.scores),
        "",
        "## Sources",
        "",
        f"{total:,} pairs. Each source is under its own licence.",
        "",
        "| source | licence | origin | pairs |",
        "|---|---|---|---|",
        *_sources(card.groups, licences),
        "",
    ]
    return "\n".join(out)


def _scores(scores: Sequence[DevScore]) -> list[str]:
    if not scores:
        return ["Not measured: the bitext was too small to hold pairs out."]
    return [
        "How many sentences find their translation as the nearest one, in percent, mean of both "
        "directions; margin: ratio margin with 4 neighbours.",
        "",
        "| pairs | languages | number | cosine | margin |",
        "|---|---|---|---|---|",
        *(
            f"| {_plain(s.name)} | {s.langs} | {s.pairs:,} | {100 * s.cosine:.1f} "
            f"| {100 * s.margin:.1f} |"
            for s in scores
        ),
    ]


def _sources(groups: Sequence[Group], licences: Licences) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for group in groups:
        count = f"{group.src_lang}-{group.tgt_lang} {group.last - group.first:,}"
        found.setdefault((group.folder, group.source), []).append(count)
    rows = []
    for (folder, source), pairs in found.items():
        said = licences.get((folder, source)) or licences.get(("", source))
        cells = (source, *((said.licence, said.origin) if said else ("not stated", "")))
        rows.append(f"| {' | '.join(map(_plain, cells))} | {', '.join(pairs)} |")
    return rows


def _plain(text: str) -> str:
    """Text that cannot break a table."""
    return " ".join(text.replace("|", "/").split())
