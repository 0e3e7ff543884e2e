"""Days that texts write out, and what they say for and against two texts being of one thing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.text.dates import dated, ordinal
from alerts.text.word_index import WordIndex

_BRIDGE = ("bridge", "fallen", "river", "bus", "stone", "velgrad")


@pytest.mark.parametrize(
    "written",
    [
        "2031-05-04", "04.05.2031", "4 May 2031", "May 4, 2031", "MAY 4 2031", "4th of May, 2031", "4 mai 2031",
        "4 de mayo de 2031", "4 ماي 2031", "4 أيار/مايو 2031", "٤ أيار/مايو ٢٠٣١",
        "4 мая 2031", "4 Mayıs 2031", "4 مايو 2031", "4 أيار 2031", "٤ أيار ٢٠٣١",
    ],
)  # fmt: skip
def test_a_day_is_read_in_six_languages_and_leaves_no_word_behind(written: str) -> None:
    assert dated(f"The bridge fell on {written}, they say") == ("The bridge fell on  , they say", "date 2031-05-04")


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("كانون الثاني", 1), ("كانون الأول/ديسمبر", 12), ("تشرين الأول", 10), ("تشرين الثاني/نوفمبر", 11), ("آب", 8),
        ("آب/أغسطس", 8), ("جانفي", 1), ("فيفري", 2), ("أفريل", 4), ("جوان", 6), ("جويلية", 7), ("أوت", 8),
        ("de setiembre de", 9),
    ],
)  # fmt: skip
def test_months_by_their_names_in_the_east_and_west_of_a_language(written: str, month: int) -> None:
    assert dated(f"Fell 9 {written} 2031, again").term == f"date 2031-{month:02}-09"


@pytest.mark.parametrize("written", ["30/5/2031", "30-05-2031", "5/30/2031", "2031/5/30", "٣٠/٥/٢٠٣١"])
def test_a_day_in_numbers_is_read_where_it_can_be_one_day_only(written: str) -> None:
    assert dated(f"Rubble, {written}.") == ("Rubble,  .", "date 2031-05-30")


@pytest.mark.parametrize("written", ["4/5/2031", "04-05-2031"])
def test_a_day_that_may_be_another_says_neither_and_leaves_no_number_behind(written: str) -> None:
    assert dated(f"Rubble, {written}.") == ("Rubble,  .", "")
    assert dated(f"On 4 May 2031, and {written}.").term == "date 2031-05-04"


@pytest.mark.parametrize(
    "text", ["", "in 2031", "May 2031", "12 people 2031", "call 2031-99-99", "31.02.2031", "20 19", "Marge 40, 2031"]
)
def test_what_is_no_day_stays_as_it_is(text: str) -> None:
    assert dated(text) == (text, "")


def test_of_several_days_the_last_counts() -> None:
    found = dated("Taken 2014-03-02, shown again on 4 May 2031")
    assert found == ("Taken  , shown again on  ", "date 2031-05-04")


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_day_keeps_its_number(day: date) -> None:
    assert ordinal(dated(f"on {day.isoformat()}").term) == day.toordinal()
    assert ordinal("date") == ordinal("bridge") == 0


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert dated(text).term == "" or ordinal(dated(text).term) > 0


def _odds(one: str, other: str, others: tuple[str, ...] = ()) -> float:
    """How likely two texts of the same words are one, of these days, among others that are of these days."""
    index = WordIndex()
    index.open(1, 0.0, [tuple(filter(None, (one, *_BRIDGE)))])
    for number, day in enumerate(others, start=2):
        index.open(number, 0.0, [(day, f"w{number}")])
    found = index.find(tuple(filter(None, (other, *_BRIDGE))))
    return -99.0 if found is None else found.odds


def test_the_further_apart_their_days_the_less_likely_two_are_one() -> None:
    near, week, years = (_odds("date 2031-05-04", f"date {day}") for day in ("2031-05-05", "2031-05-11", "2014-05-04"))
    assert near > week > years
    assert _odds("date 2031-05-04", "date 2031-05-04") > _odds("", "") > years


def test_a_day_that_everybody_writes_says_nothing_for_two_being_one() -> None:
    today = "date 2031-05-04"
    assert _odds(today, today, (today,) * 30) <= _odds("", "", ("",) * 30)
