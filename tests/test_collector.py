"""The cycle collector waits during a call, and is as it was after it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import align
from align.collector import without_collector


@pytest.fixture(params=[True, False])
def enabled(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_comes_back_with_the_last(enabled: bool) -> None:
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled() is enabled


def test_comes_back_after_an_error(enabled: bool) -> None:
    with pytest.raises(ZeroDivisionError), without_collector():
        _ = 1 / 0
    assert gc.isenabled() is enabled


def test_waits_while_a_pair_is_aligned(enabled: bool) -> None:
    seen = []
    align.pair(["One."], ["Eins."], progress=lambda what, share: seen.append(gc.isenabled()))
    assert seen
    assert not any(seen)
    assert gc.isenabled() is enabled
