"""A collector without a source does not slip through the contract suite."""

from __future__ import annotations

import pytest

from tests.ingest.sources import able, source_of


def test_a_missing_source_says_what_to_write() -> None:
    with pytest.raises(
        AssertionError, match=r"write tests/ingest/sources/harbour_radio\.py with a class HarbourRadioSource"
    ):
        source_of("harbour_radio")


def test_it_is_asked_for_by_every_law() -> None:
    assert able(("replay", "harbour_radio"), "deletes") == ["harbour_radio"]
