"""People of no list, and names that are words."""

from __future__ import annotations

from pathlib import Path

import pytest

from enrich.names.gazetteer import Gazetteer, read_terms
from enrich.names.people import people
from secondsource.contracts.errors import BadConfiguration

GIVEN = frozenset({"ada", "jean", "omar"})


def found(text: str) -> list[str]:
    return [text[person.start : person.end] for person in people(text, GIVEN)]


def test_a_given_name_makes_people_of_the_capitals_after_it() -> None:
    assert found("Ada Brandwein said so") == ["Ada Brandwein"]
    assert found("they heard Jean de la Tour say it") == ["Jean de la Tour"]
    assert found("we met Omar yesterday") == ["Omar"]


def test_what_is_no_name_is_left() -> None:
    assert found("Ada was there") == []  # a sentence asks for a capital
    assert found("we met Omar Tuesday") == ["Omar"]
    assert found("#Omar @Omar https://Omar") == []
    assert found("Omar And Jean And Ada Went To See The Bridge") == []  # a headline


@pytest.fixture
def gazetteer(tmp_path: Path) -> Gazetteer:
    file = tmp_path / "places.tsv"
    file.write_text("fair-vg\tplace\t~Fair\t\t45.5,-12.25\nvelgrad\tplace\tVelgrad\t\t36.2,37.1\n", "utf-8")
    return Gazetteer(read_terms([file]))


def test_a_word_that_is_a_place_wants_a_capital_that_nothing_else_asks_for(gazetteer: Gazetteer) -> None:
    assert [match.start for match in gazetteer.find("it is fair to say they went to Fair. Fair enough")] == [31]
    assert gazetteer.find("ALL OF IT IS FAIR") == []


def test_a_place_knows_where_it_is(gazetteer: Gazetteer) -> None:
    assert gazetteer.where("fair-vg") == (45.5, -12.25)
    assert gazetteer.where("nowhere") is None


@pytest.mark.parametrize("cell", ["north", "91,0", "0,181", "1", "nan,0"])
def test_a_position_that_cannot_be_is_told_with_its_line(tmp_path: Path, cell: str) -> None:
    file = tmp_path / "places.tsv"
    file.write_text(f"velgrad\tplace\tVelgrad\t\t{cell}\n", "utf-8")
    with pytest.raises(BadConfiguration, match=r"places\.tsv:1: expected latitude,longitude"):
        read_terms([file])
