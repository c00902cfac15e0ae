"""InterText XML: an alignment file and two text documents beside it.

`-o book --format intertext` writes `book.en.de.xml` with the links, and `book.en.xml` and
`book.de.xml` with the sentences. A link is `<link type="1-2" xtargets="SRC;TGT"/>`, SRC the ids
of sentences in `fromDoc`, TGT in `toDoc` (the order of XCES). Some tools write the two the other
way round: a file whose ids fit only that way is read that way. There is no place for scores.
Format: Vondricka 2014 (InterText), https://wanthalf.saga.cz/intertext.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from align.errors import AlignError
from align.formats.files import STREAM, writing
from align.formats.markup import DECLARATION, content, elements, language, quoted, text
from align.formats.rows import Header, Row, known, with_languages

_Links = list[tuple[list[str], list[str], str]]


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write the three files and return the number of links.

    With the sentences in the header each is its own `s`. Without them every side of a row
    becomes one, which an alignment of several sentences to a side does not allow (AlignError).
    """
    if path == STREAM:
        raise AlignError("intertext writes three files, so it needs a name, not -")
    rows, header = with_languages(rows, header)
    src = language(header.src_lang, "-s/--src-lang")
    tgt = language(header.tgt_lang, "-t/--tgt-lang")
    if src == tgt:
        raise AlignError(f"{path}: both languages are {src}; one document would be lost")
    stem = path.removesuffix(".xml").removesuffix(f".{src}.{tgt}")
    names = [f"{stem}.{src}.xml", f"{stem}.{tgt}.xml"]
    count = 0
    with ExitStack() as stack:
        outs = [stack.enter_context(writing(name)) for name in names]
        links = stack.enter_context(writing(f"{stem}.{src}.{tgt}.xml"))
        links.write(
            f"{DECLARATION}<linkGrp toDoc={quoted(Path(names[1]).name)} "
            f"fromDoc={quoted(Path(names[0]).name)}>\n"
        )
        sides = [
            _Side(outs[0], src, header.src_texts, "source"),
            _Side(outs[1], tgt, header.tgt_texts, "target"),
        ]
        for count, row in enumerate(rows, 1):
            a = sides[0].ids_of(row.src_ids, row.src, count)
            b = sides[1].ids_of(row.tgt_ids, row.tgt, count)
            targets = f"{' '.join(a)};{' '.join(b)}"
            links.write(
                f'<link type="{len(a)}-{len(b)}" xtargets={quoted(targets)} status="auto"/>\n'
            )
        links.write("</linkGrp>\n")
        for side in sides:
            side.close()
        for out in (*outs, links):
            out.flush()  # a full disk shows now, before any of the files is there
    return count


class _Side:
    """One text document while it is written."""

    def __init__(self, out: TextIO, lang: str, texts: tuple[str, ...] | None, name: str) -> None:
        self.out, self.name, self.texts, self.written = out, name, texts, 0
        out.write(f"{DECLARATION}<text xml:lang={quoted(lang)}>\n<p>\n")
        for sentence in texts or ():
            self._sentence(sentence)

    def _sentence(self, sentence: str) -> None:
        self.written += 1
        self.out.write(f'<s id="{self.written}">{text(sentence)}</s>\n')

    def ids_of(self, ids: tuple[int, ...] | None, side: str | None, number: int) -> list[str]:
        """The ids of a row's sentences, which are written first where that is not done yet."""
        if self.texts is not None:
            if ids is None:
                raise AlignError(f"row {number}: it has no {self.name} sentence numbers")
            if ids and max(ids) >= self.written:
                raise AlignError(
                    f"row {number}: names {self.name} sentence {max(ids)} (from 0), but the "
                    f"{self.name} document has {self.written} sentences"
                )
            return [str(i + 1) for i in ids]
        if ids is not None and len(ids) > 1:
            raise AlignError(
                f"row {number}: {len(ids)} {self.name} sentences in one text; InterText keeps "
                "them apart, so give the two sentence files with --src and --tgt"
            )
        if ids == () or (ids is None and side == ""):
            return []
        self._sentence(known(side, number))
        return [str(self.written)]

    def close(self) -> None:
        self.out.write("</p>\n</text>\n")


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield the links, with text and sentence numbers (from 0) in the two documents."""
    names, links = _links(path)
    folder = Path(path).parent
    docs = [_document(str(folder / Path(name).name)) for name in names]
    order = _order(path, links, docs)
    langs = (header.src_lang or docs[0][1], header.tgt_lang or docs[1][1])
    for *targets, _ in links:
        ids, texts = [], []
        for k in (0, 1):
            sentences = [docs[k][0][i] for i in targets[order[k]]]
            ids.append(tuple(number for number, _ in sentences))
            texts.append(
                ("" if (langs[k] or "")[:2] in ("zh", "ja") else " ").join(
                    sentence for _, sentence in sentences
                )
            )
        yield Row(
            src=texts[0],
            tgt=texts[1],
            src_ids=ids[0],
            tgt_ids=ids[1],
            kind=f"{len(ids[0])}-{len(ids[1])}",
            src_lang=langs[0],
            tgt_lang=langs[1],
        )


def _links(path: str) -> tuple[tuple[str, str], _Links]:
    links: _Links = []
    names = ("", "")
    for element, where in elements(path, frozenset({"link"})):
        if element.tag == "linkGrp":
            names = (element.get("fromDoc", ""), element.get("toDoc", ""))
            if not all(Path(name).name.endswith(".xml") for name in names):
                raise AlignError(f"{where}: <linkGrp> without fromDoc and toDoc (.xml)")
        elif element.tag == "link":
            a, semicolon, b = element.get("xtargets", "").partition(";")
            if not semicolon:
                raise AlignError(f"{where}: expected xtargets like '1;1 2'")
            links.append((a.split(), b.split(), where))
        else:
            raise AlignError(f"{where}: expected <linkGrp>, got <{element.tag}>")
    return names, links


def _document(path: str) -> tuple[dict[str, tuple[int, str]], str | None]:
    sentences: dict[str, tuple[int, str]] = {}
    lang = None
    for element, where in elements(path, frozenset({"s"})):
        if element.tag != "s":
            lang = element.get("xml:lang") or element.get("lang")
            continue
        name = element.get("id") or element.get("xml:id") or ""
        if not name or name in sentences:
            raise AlignError(
                f"{where}: <s> {'without an' if not name else 'with a second'} id {name}"
            )
        sentences[name] = (len(sentences), content(element))
    return sentences, lang


def _order(
    path: str, links: _Links, docs: list[tuple[dict[str, tuple[int, str]], str | None]]
) -> tuple[int, int]:
    """Which half of xtargets belongs to which document, by whether the ids are there."""
    for order in ((0, 1), (1, 0)):
        if all(set(link[order[k]]) <= docs[k][0].keys() for link in links for k in (0, 1)):
            return order
    for *targets, where in links:
        for k in (0, 1):
            for name in targets[k]:
                if name not in docs[k][0]:
                    raise AlignError(f"{where}: there is no sentence {name!r} in its document")
    raise AlignError(f"{path}: its sentence ids do not fit its documents")
