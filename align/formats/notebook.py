"""How an alignment shows in a notebook: a table in HTML, a pandas DataFrame."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from align.errors import AlignError
from align.formats.rows import COLUMNS, Row, rows_of, well_formed
from align.types import Bead

if TYPE_CHECKING:
    from align.alignment import Alignment
    from align.versions import MultiAlignment

MOST = 100  # rows of the HTML table
_FRAME = COLUMNS[:-2]  # the languages are the same in every row: they go into `attrs`


def as_html(alignment: Alignment) -> str:
    """The pairs as an HTML table, MOST of them at most; every text is escaped."""
    pairs = alignment.pairs
    src, tgt = alignment.src, alignment.tgt
    head = "".join(f"<th{_lang(side.lang)}>{_text(side.name)}</th>" for side in (src, tgt))
    body = "".join(_row(bead, src.lang, tgt.lang) for bead in pairs[:MOST])
    left = f", the first {MOST} shown" if len(pairs) > MOST else ""
    return (
        f"<table><caption>{len(pairs)} pairs{left}; {alignment.parallel:.0%} of the text is "
        f"parallel</caption><thead><tr><th>probability</th><th>kind</th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _row(bead: Bead, src_lang: str | None, tgt_lang: str | None) -> str:
    probability = "" if bead.probability is None else f"{bead.probability:.2f}"
    kind = f"{bead.kind} moved" if bead.moved else bead.kind
    return (
        f"<tr><td>{probability}</td><td>{kind}</td>"
        f"<td{_lang(src_lang)}>{_text(bead.src)}</td>"
        f"<td{_lang(tgt_lang)}>{_text(bead.tgt)}</td></tr>"
    )


def _lang(lang: str | None) -> str:
    """Attributes of a cell; the direction of writing is taken from the text."""
    named = f' lang="{escape(lang)}"' if lang else ""
    return f'{named} dir="auto" style="text-align:start"'


def _text(text: str) -> str:
    return escape(well_formed(text))


def as_frame(alignment: Alignment, whole: bool) -> Any:
    """A pandas.DataFrame, a row for each pair (`whole`: for each bead); `attrs` has the rest.

    Raises AlignError when pandas is not installed.
    """
    pandas = _pandas()
    rows: list[Row] = list(rows_of(alignment, whole=whole))
    frame = pandas.DataFrame({name: [getattr(row, name) for row in rows] for name in _FRAME})
    frame.attrs = {
        "src_lang": alignment.src.lang,
        "tgt_lang": alignment.tgt.lang,
        "src_name": alignment.src.name,
        "tgt_name": alignment.tgt.name,
        "signature": alignment.signature,
        "parallel": alignment.parallel,
    }
    return frame


# several versions


def rows_as_html(alignment: MultiAlignment) -> str:
    """The rows of several versions as an HTML table, MOST of them at most."""
    head = "".join(
        f"<th{_lang(lang)}>{_text(document.name)}</th>"
        for lang, document in zip(alignment.langs, alignment.documents, strict=True)
    )
    body = []
    for row in alignment.rows[:MOST]:
        probability = "" if row.probability is None else f"{row.probability:.2f}"
        cells = "".join(
            f"<td{_lang(lang)}>{_text(text)}</td>"
            for lang, text in zip(alignment.langs, row.texts, strict=True)
        )
        body.append(
            f"<tr><td>{probability}</td><td>{'moved' if row.moved else ''}</td>{cells}</tr>"
        )
    left = f", the first {MOST} shown" if len(alignment) > MOST else ""
    return (
        f"<table><caption>{len(alignment)} rows{left}</caption><thead><tr><th>probability</th>"
        f"<th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def rows_as_frame(alignment: MultiAlignment) -> Any:
    """A pandas.DataFrame, a column for each version; AlignError when pandas is not installed."""
    pandas = _pandas()
    columns: dict[str, list[Any]] = {
        lang: [row.texts[at] for row in alignment.rows] for at, lang in enumerate(alignment.langs)
    }
    columns["probability"] = [row.probability for row in alignment.rows]
    columns["moved"] = [row.moved for row in alignment.rows]
    for at, lang in enumerate(alignment.langs):
        columns[f"{lang}_ids"] = [row.ids[at] for row in alignment.rows]
    frame = pandas.DataFrame(columns)
    frame.attrs = {"signature": alignment.signature}
    return frame


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise AlignError("a DataFrame needs pandas: pip install 'parallel-align[pandas]'") from None
    return pandas
