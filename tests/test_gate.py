"""The quality gate and the table behind it: drops are told, floors are not lowered by accident."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from align.alignment import Alignment
from align.types import Bead, Document, Sentence

ROOT = Path(__file__).resolve().parents[1]
with pytest.MonkeyPatch.context() as _patch:
    _patch.syspath_prepend(str(ROOT))
    from benchmarks import exact, gate, golds, quality

FLOORS = (
    gate.Floor("article", "sentences", "aa", 0.95),
    gate.Floor("article", "raw text", "aa", 0.94),
    gate.Floor("story", "sentences", "bb", 0.97),
)
PINS = gate.Pins(0.004, "rounding", "align|v:1", FLOORS)


def with_f1(*f1: float) -> list[gate.Floor]:
    return [replace(floor, f1=value) for floor, value in zip(FLOORS, f1, strict=True)]


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    path = tmp_path / "gate.json"
    gate.write_pins(path, PINS)
    return path


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what the gate will measure."""

    def be(*f1: float, sha256: str | None = None) -> None:
        floors = [replace(f, sha256=sha256 or f.sha256) for f in with_f1(*f1)]
        monkeypatch.setattr(gate, "measured", lambda: (floors, "align|v:2"))

    return be


# the gate


@pytest.mark.parametrize(
    ("f1", "code", "told"),
    [
        ((0.95, 0.94, 0.97), 0, []),
        ((0.99, 0.99, 0.99), 0, []),
        ((0.947, 0.937, 0.967), 0, []),  # within the tolerance
        ((0.9459, 0.94, 0.97), 1, ["article from sentences"]),
        ((0.9, 0.9, 0.99), 1, ["article from sentences", "article from raw text"]),
    ],
)
def test_check(
    pins: Path, today: Any, capsys: pytest.CaptureFixture[str], f1: Any, code: int, told: list[str]
) -> None:
    before = pins.read_bytes()
    today(*f1)
    assert gate.main(["--pins", str(pins)]) == code
    err = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("gate: ").split(":")[0] for line in err] == told
    assert pins.read_bytes() == before


def test_a_drop_names_both_numbers() -> None:
    assert gate.drops(PINS, with_f1(0.9, 0.94, 0.97)) == [
        "article from sentences: strict F1 0.9000 is below its floor 0.9500 by more than 0.004"
    ]


def test_other_data_is_not_compared(
    pins: Path, today: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    today(0.99, 0.99, 0.99, sha256="cc")
    assert gate.main(["--pins", str(pins)]) == 2
    assert "the data has changed" in capsys.readouterr().err


def test_floors_and_sets_must_match() -> None:
    with pytest.raises(gate.StaleError, match="story from sentences has no floor"):
        gate.drops(replace(PINS, floors=FLOORS[:2]), with_f1(0.95, 0.94, 0.97))
    with pytest.raises(gate.StaleError, match="sets that are gone"):
        gate.drops(PINS, with_f1(0.95, 0.94, 0.97)[:2])


def test_update_raises_the_floors(pins: Path, today: Any) -> None:
    today(0.96789, 0.94, 0.97)
    assert gate.main(["--pins", str(pins), "--update"]) == 0
    found = gate.read_pins(pins)
    assert [floor.f1 for floor in found.floors] == [0.9678, 0.94, 0.97]
    assert (found.signature, found.tolerance, found.reason) == ("align|v:2", 0.004, "rounding")
    assert [path.name for path in pins.parent.iterdir()] == ["gate.json"]


def test_update_refuses_to_lower_a_floor(
    pins: Path, today: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pins.read_bytes()
    today(0.9499, 0.99, 0.99)  # within the tolerance, and still lower
    assert gate.main(["--pins", str(pins), "--update"]) == 1
    assert "article from sentences: 0.9500 -> 0.9499" in capsys.readouterr().err
    assert pins.read_bytes() == before
    assert gate.main(["--pins", str(pins), "--update", "--allow-regression"]) == 0
    assert [floor.f1 for floor in gate.read_pins(pins).floors] == [0.9499, 0.99, 0.99]


def test_update_refuses_to_drop_a_set(pins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "measured", lambda: (with_f1(0.95, 0.94, 0.97)[:2], "s"))
    assert gate.main(["--pins", str(pins), "--update"]) == 1
    assert gate.main(["--pins", str(pins), "--update", "--allow-regression"]) == 0
    assert len(gate.read_pins(pins).floors) == 2


def test_the_second_flag_needs_the_first(pins: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        gate.main(["--pins", str(pins), "--allow-regression"])
    assert caught.value.code == 2


def test_a_failed_write_leaves_the_old_pins(pins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = pins.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        gate.write_pins(pins, replace(PINS, floors=()))
    assert pins.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"tolerance": 0.004, "reason": "", "signature": "", "floors": []}',
        '{"tolerance": 0.5, "reason": "lazy", "signature": "", "floors": []}',
        '{"tolerance": 0.004, "reason": "x", "signature": "", "floors": [{"name": "a"}]}',
    ],
)
def test_no_pins(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gate.json"
    path.write_text(text, encoding="utf-8")
    assert gate.main(["--pins", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_the_project_pins_fit_its_data() -> None:
    pins = gate.read_pins(gate.PINS)
    found = {(s.name, source): s for s in map(golds.find_set, gate.FOLDERS) for source in gate.RAW}
    assert {floor.key for floor in pins.floors} == set(found)
    for floor in pins.floors:
        assert floor.sha256 == found[floor.key].fingerprint()
        assert 0.85 < floor.f1 < 1


# the table


def sentences(*spans: tuple[int, int], text: str) -> Document:
    return Document(tuple(Sentence(text[a:b], a, b) for a, b in spans))


@pytest.mark.parametrize(
    ("spans", "owned"),
    [
        ([(0, 7), (8, 15), (16, 23)], [[0], [1], [2]]),
        ([(0, 15), (16, 23)], [[0, 1], [2]]),  # two in one
        ([(0, 7), (8, 10), (11, 15), (16, 23)], [[0], [], [1], [2]]),  # one in two
        ([(0, 10), (11, 23)], [[0], [1, 2]]),  # cut elsewhere
        ([(0, 23)], [[0, 1, 2]]),
    ],
)
def test_gold_sentences_go_where_most_of_them_is(
    spans: list[tuple[int, int]], owned: list[list[int]]
) -> None:
    text = "aaa bbb\ncc dddd\neee fff"
    gold = ["aaa  bbb", "cc dddd", "eee fff"]
    assert golds.owners(text, sentences(*spans, text=text), gold) == owned


def test_beads_in_gold_sentences() -> None:
    beads = (Bead((0, 1), (0,)), Bead((2,), ()), Bead((), (1,)), Bead((3,), (2,)))
    found = golds.translated(beads, [[0], [1], [], [2]], [[0], [1], [2]])
    assert [link for _, link in found] == [((0, 1), (0,)), ((), (1,)), ((2,), (2,))]


def test_calibration_by_hand() -> None:
    pairs = [(0.9, True), (0.9, True), (0.9, False), (0.1, False)]
    assert quality.bins_of(pairs) == [(1, 0.1, 0.0), (3, pytest.approx(0.9), pytest.approx(2 / 3))]
    assert quality.calibration_error(pairs) == pytest.approx((0.1 + 3 * (0.9 - 2 / 3)) / 4)
    assert quality.calibration_error([]) == 0
    assert quality.calibration_error([(1.0, True), (0.0, False)]) == 0


def test_judging_a_prediction() -> None:
    gold = [((0,), (2,)), ((1,), (0,)), ((2,), (1,)), ((3,), ()), ((), (3,))]
    predicted = [
        (Bead((0,), (2,), probability=0.8, probability_lax=0.9, moved=True), ((0,), (2,))),
        (Bead((1,), (0,), probability=0.7, probability_lax=0.9), ((1,), (0,))),
        (Bead((2,), (1, 3), probability=0.6, probability_lax=0.9), ((2,), (1, 3))),
        (Bead((3,), ()), ((3,), ())),
    ]
    found = quality.judge(gold, predicted)
    strict, lax, nulls = (found.evaluation.strict, found.evaluation.lax, found.evaluation.nulls)
    assert (strict.right, strict.predicted, strict.found, strict.gold) == (3, 4, 2, 3)
    assert (lax.right, lax.predicted, lax.found, lax.gold) == (4, 4, 3, 3)
    assert (nulls.right, nulls.predicted, nulls.gold) == (1, 1, 2)
    assert (found.moved.right, found.moved.predicted, found.moved.gold) == (1, 1, 1)
    assert [(s.right, s.right_lax) for s in found.samples] == [
        (True, True),
        (True, True),
        (False, True),
    ]
    record = quality.calibration_record(found.samples, strict.gold)
    assert (record["pairs"], record["kept"], record["precision"]) == (3, 0, None)


def test_sets_in_both_layouts(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    for name, text in (
        ("7.de", "a\nb\n"),
        ("7.zh", "甲\n乙\n丙\n"),
        ("7.gold", "[0]:[0]\n[1, 2]:[1]\n"),
    ):
        (tmp_path / "x" / name).write_text(text, encoding="utf-8")
    found = golds.find_set(tmp_path / "x")
    assert found.name == "x"
    assert [gold.langs for gold in found.golds] == [("zh", "de")]  # three on the left: Chinese
    assert found.golds[0].raw is None
    before = found.fingerprint()
    (tmp_path / "x" / "7.de").write_text("a\nB\n", encoding="utf-8")
    assert golds.find_set(tmp_path / "x").fingerprint() != before

    own = golds.find_set(ROOT / "data" / "story")
    assert own.name == "story"
    assert len(own.golds) == 6
    assert {path.name for gold in own.golds for path in gold.raw or ()} == {
        f"story.{lang}.txt" for lang in ("en", "de", "fr", "zh")
    }
    with pytest.raises(SystemExit, match="neither"):
        golds.find_set(tmp_path)


def test_the_result_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tiny"
    (folder / "sentences").mkdir(parents=True)
    (folder / "gold").mkdir()
    (folder / "sentences" / "en.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    (folder / "sentences" / "de.txt").write_text("Eins.\nZwei.\n", encoding="utf-8")
    (folder / "gold" / "en-de.gold").write_text("[0]:[0]\n[1]:[1]\n", encoding="utf-8")

    def pair(src: list[str], tgt: list[str], **_: object) -> Alignment:
        sides = [Document(tuple(Sentence(t, 0, len(t)) for t in texts)) for texts in (src, tgt)]
        beads = (Bead((0,), (0,), 1.0, "One.", "Eins.", (0, 4), (0, 5), 0.95, 0.99),)
        return Alignment(sides[0], sides[1], beads, "align|v:x")

    monkeypatch.setattr(quality.align, "pair", pair)
    out = tmp_path / "new" / "q.json"
    assert quality.main([str(folder), "--raw", "-o", str(out)]) == 0
    streams = capsys.readouterr()
    assert "tiny" in streams.out
    assert "tiny: no unsplit text" in streams.err
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found) == {"encoder", "machine", "sets"}
    (only,) = found["sets"]
    assert only["signature"] == "align|v:x"
    assert only["pairs"]["en-de"]["strict"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": 0.6667,
        "predicted": 1,
        "gold": 2,
    }
    assert (only["calibration"]["kept"], only["calibration"]["recall"]) == (1, 0.5)


def test_documents_cut_and_whole() -> None:
    """The article is long enough to be cut."""
    encoder = exact.align.load_encoder(None)
    found = exact.run_set(golds.find_set(ROOT / "data"), encoder, exact.align.Options())
    assert (found["documents"], found["same"]) == (6, 1.0)
    assert found["strict_cut"] == found["strict_whole"] > 0.9
    assert 0 <= found["seen"] <= found["torn"] < found["given_up"] < found["cuts"]
    assert found["name"] in exact.table([found])
