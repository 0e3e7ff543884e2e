"""Whether two sources tell of one incident."""

from __future__ import annotations

import pytest

from alerts.origins.incidents import Place, PlaceNames, Statement, same_incident, skeleton

PLACES = PlaceNames([Place("velgrad", ("Velgrad",)), Place("kafr-tamuz", ("Kafr Tamuz",)), Place("novi", ("Novi",))])
NOON = 1_935_835_200.0


@pytest.mark.parametrize("spelt", ["Kafar Tamuz", "Kfer-Tammouz", "kafrtamuz", "Kafr Tamoz"])
def test_a_name_is_one_however_it_is_romanised(spelt: str) -> None:
    assert skeleton(spelt) == skeleton("Kafr Tamuz") != ""
    assert PLACES.named(f"Shelling of {spelt} this morning") == {"kafr-tamuz"}


def test_short_names_match_only_as_they_are_written() -> None:
    assert skeleton("Novi") == ""
    assert PLACES.named("in Novi") == {"novi"}
    assert PLACES.named("in Nova") == frozenset()


def test_two_sources_of_one_place_and_day_are_linked() -> None:
    one = Statement("Gazette", NOON, "The bridge of Velgrad has fallen")
    other = Statement("Radio", NOON + 3 * 3600, "velgrad: rescue at the river")
    found = same_incident(one, other, PLACES)
    assert found is not None
    assert (found.places, found.hours) == (("velgrad",), 3.0)
    assert same_incident(one, other._replace(source="GAZETTE"), PLACES) is None
    assert same_incident(one, other._replace(at=NOON + 86_400), PLACES) is None
    assert same_incident(one, other._replace(text="Novi and Velgrad"), PLACES) is None
    assert same_incident(one, other._replace(text="rescue at the river"), PLACES) is None


def test_a_local_source_that_tells_of_another_place_links_nothing() -> None:
    one = Statement("Gazette", NOON, "Casualties of the strike on Velgrad")
    there = Statement("Velgrad Media Centre", NOON, "casualties in velgrad")
    elsewhere = Statement("Kafr Tamuz Media Centre", NOON, "casualties of the strike on Velgrad")
    assert same_incident(one, there, PLACES) is not None
    assert same_incident(one, elsewhere, PLACES) is None
    assert same_incident(elsewhere, one, PLACES) is None
