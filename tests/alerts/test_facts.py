"""A known name beside a figure: what texts share that share no words, and what tells two fillings of one form apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.text.facts import Facts, apart, figures, script
from alerts.text.word_index import WordIndex
from alerts.text.words import own_terms, terms
from secondsource.contracts.messages import Entity
from tests.alerts.invented import WATCH, post

_OSMAR = Entity(kind="place", id="osmar", text="Osmar", start=0, end=0)
_BRENN = Entity(kind="place", id="brenn", text="Brenn", start=0, end=0)
_OWN = own_terms(WATCH)


def _said(text: str, *entities: Entity) -> tuple[str, ...]:
    return terms(post(1, 0, text, entities=entities), _OWN)


def _index(*sayings: tuple[str, ...]) -> WordIndex:
    index = WordIndex()
    for story, said in enumerate(sayings, start=1):
        index.open(story, float(story), [said])
    return index


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("6.1", "6.1"), ("M6,1!", "6"), ("(6,1)", "6.1"), ("12,000", "12000"), ("12.000", "12000"), ("7.05%", "7.05"),
        ("1,200,000 cars", "1200000"), ("بقوة ٦٫١ درجات", "6.1"), ("قتل ١٬٢٠٠ شخص", "1200"), ("و6.1", "6.1"),
    ],
)  # fmt: skip
def test_a_number_is_one_term_however_it_is_written(text: str, number: str) -> None:
    said = _said(f"{text} felt here")
    assert (number in said) == (text[0] != "M")  # a letter before it makes it a name of something


def test_dates_and_versions_are_no_fractions() -> None:
    assert not any("." in term for term in _said("on 04.05.2031 we took version 2.0.1 of the list"))


def test_years_and_single_digits_tell_no_event_from_another() -> None:
    assert [*figures(("2031", "1999", "7", "14", "6.1", "word", "date 2031-01-02"))] == ["14", "6.1"]


def test_two_languages_meet_in_a_place_and_a_figure() -> None:
    index = _index(_said("At least 14 dead after the bridge of Osmar fell", _OSMAR))
    found = index.find(_said("سقوط الجسر ومقتل 14 شخصا في أوسمار", _OSMAR))
    assert found is not None
    assert (found.story, found.shared) == (1, ("place osmar", "14"))
    assert index.find(_said("سقوط الجسر ومقتل 15 شخصا في أوسمار", _OSMAR)) is None
    assert index.find(_said("مقتل 14 شخصا في برين", _BRENN)) is None


def test_in_one_alphabet_a_count_and_a_place_are_too_little_but_a_fraction_is_not() -> None:
    assert (
        _index(_said("14 dead as bridge falls in Osmar", _OSMAR)).find(_said("Osmar votes for 14 new judges", _OSMAR))
        is None
    )
    shaken = _index(_said("Magnitude 6.1 earthquake hits near Osmar", _OSMAR))
    assert shaken.find(_said("6,1 büyüklüğünde deprem Osmar", _OSMAR)) is not None


def test_a_form_filled_in_for_two_places_is_two_events() -> None:
    one = _said("Magnitude 6.1 earthquake hits near Osmar, survey says", _OSMAR)
    other = _said("Magnitude 4.2 earthquake hits near Brenn, survey says", _BRENN)
    assert apart(one, other)
    assert _index(one).find(other) is None
    assert not apart(one, _said("Magnitude 6.1 earthquake hits near Brenn, survey says", _BRENN)), "the same figure"
    assert not apart(one, _said("Magnitude 6.3 earthquake hits near Osmar, survey says", _OSMAR)), "the same place"
    rewritten = _said("Brenn hospitals full: 40 hurt as houses shake and fall all over the valley", _BRENN)
    assert not apart(one, rewritten), "other words, no form"


def test_texts_of_other_towns_are_of_two_events_and_a_place_may_lie_in_another() -> None:
    osmar, mill, brenn = (
        replace(place, id=id_, lat=lat, lon=179.9)
        for place, id_, lat in ((_OSMAR, "osmar", 31.0), (_OSMAR, "osmar-mill", 31.01), (_BRENN, "brenn", 31.3))
    )
    told = "Warplanes strike the bakery of {} at dawn, families search the rubble"
    index = _index(_said(told.format("Osmar"), osmar))
    assert index.find(_said(told.format("Brenn"), brenn)) is None
    assert index.find(_said(told.format("Osmar, help comes from Brenn"), osmar, brenn)) is not None
    one, other = (_said(f"Magnitude 6.1 earthquake felt in {each.text}, says survey", each) for each in (osmar, brenn))
    assert not apart(one, other), "the same figure"
    assert not apart(_said(told.format("Osmar"), osmar), _said(told.format("Osmar Mill"), mill)), "it may lie in it"
    across = replace(osmar, id="osmar-east", lon=-179.9)
    assert not apart(_said(told.format("Osmar"), osmar), _said(told.format("Osmar East"), across)), "20 km"
    land = Entity(kind="place", id="velgrad-land", text="Velgrad Land")
    assert apart(_said(told.format("Osmar"), osmar, land), _said(told.format("Brenn"), brenn, land))
    index = _index(_said(told.format("Osmar"), _OSMAR))
    assert index.find(_said(told.format("Brenn"), _BRENN)) is not None


def test_the_letters_of_most_words_say_in_which_script_a_text_is() -> None:
    assert script(_said("The bridge fell")) == script(_said("Le pont est tombé"))
    assert script(_said("سقوط الجسر #Bridge في المدينة")) == script(_said("الناس في الشارع"))
    assert script(("14", "place osmar")) == -1


_terms = st.lists(
    st.sampled_from(["place a", "place b", "14", "6.1", "w1", "w2", "слово"]), max_size=6, unique=True
).map(tuple)


@given(st.lists(st.tuples(st.integers(1, 5), _terms), max_size=12), st.sets(st.integers(1, 5)))
def test_what_was_dropped_is_as_if_it_had_never_been(added: list[tuple[int, tuple[str, ...]]], gone: set[int]) -> None:
    facts, alone = Facts(), Facts()
    for story, said in added:
        facts.add(story, said)
        if story not in gone:
            alone.add(story, said)
    for story in gone:
        facts.drop(story)
    for asked in (("place a", "14"), ("place b", "6.1"), ("place a", "place b", "14", "6.1")):
        assert sorted(facts.stated(asked)) == sorted(alone.stated(asked))
