"""What a picture's file says of itself is told beside what its post names, and leaves with its post."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.earlier.file_claims import Claimed, FileSays, file_says, reasons
from alerts.earlier.pictures import PictureBook, Sighting, claimed
from alerts.text.places import kilometres
from secondsource.contracts.messages import Claims, Entity
from tests.alerts.invented import START, events, history, picture, post
from tests.alerts.test_stage import pleas, run

BRIDGE = picture("bridge")
VELGRAD = Entity(kind="place", id="velgrad", text="Velgrad", lat=44.0, lon=20.0)
FAR = Claims(taken_at="2014-03-02T14:05:00", latitude=48.0, longitude=20.0)
OPENED = datetime(2016, 12, 13, 10, tzinfo=UTC)


def said(claims: Claims, *named: Entity) -> str:
    says = file_says(replace(BRIDGE, claims=claims), named)
    assert says is not None
    (reason,) = reasons([Claimed(says, "x:1", "ana")], OPENED)
    return reason.sentence.replace("\u2068", "").replace("\u2069", "")


def test_when_and_where_are_told_with_who_says_so_and_what_the_post_names() -> None:
    assert said(FAR, VELGRAD) == (
        "The file of its picture, as @ana posted it (x:1), says that it was taken on 2014-03-02 at 14:05 by its "
        "camera's clock, 2 y 9 mo before the story at 48.000° N 20.000° E, 445 km from Velgrad, the nearest place that "
        "its post names (EXIF: whoever had the file could write that)."
    )


@pytest.mark.parametrize(
    ("claims", "part"),
    [
        (Claims(taken_at="2016-12-14T10:00:00+00:00"), "on 2016-12-14 at 10:00, after the story began"),
        (Claims(latitude=44.2, longitude=20.1), "within 50 km of Velgrad, which its post names"),
        (Claims(latitude=-1.5, longitude=-2.0), "at 1.500° S 2.000° W, "),
        (Claims(taken_at="some day", latitude=44.0, longitude=20.0), "taken at 44.000° N"),
    ],
)
def test_no_more_is_told_than_is_said(claims: Claims, part: str) -> None:
    assert part in said(claims, VELGRAD)


def test_a_file_that_says_neither_says_nothing() -> None:
    assert file_says(BRIDGE, [VELGRAD]) is None
    assert file_says(replace(BRIDGE, claims=Claims(camera="Lumen")), [VELGRAD]) is None


def test_it_goes_with_its_post_and_its_place_with_the_words() -> None:
    book = PictureBook("velgrad/pictures")
    row = book.enter(BRIDGE).row
    says = FileSays("2014-03-02T14:05:00", 48.0, 20.0, 445.0, "velgrad")
    book.see(row, Sighting(START.timestamp(), "x:1", BRIDGE.id, "ana", "now", says=says))
    again = PictureBook("velgrad/pictures")
    again.restore([(1, body) for body in book.changes().values() if body])
    kept = again.row(1)
    assert kept is not None
    assert [each.says for each in claimed(kept)] == [says]
    again.recaption("x:1", "elsewhere", START.timestamp() + 5)
    assert [each.says.place for each in claimed(kept)] == [""]
    again.forget_post("x:1")
    assert list(claimed(kept)) == []


def test_an_alert_tells_it() -> None:
    shown = replace(BRIDGE, claims=FAR)
    outs = run([*history(100, -600), post(1, 0, pictures=(shown,)), *pleas(200, 10, 30)])
    (event,) = [each for each in events(outs) if each.kind == "opened"]
    (line,) = [reason for reason in event.finding.reasons if reason.name == "its file says"]
    assert line.value == "2014-03-02"
    assert "first seen" not in event.finding.headline, "a claim dates no sighting"


@given(*[st.floats(-90, 90), st.floats(-180, 180)] * 2)
def test_kilometres_are_the_same_both_ways_and_at_most_half_the_earth_round(
    north: float, east: float, other_north: float, other_east: float
) -> None:
    far = kilometres(north, east, other_north, other_east)
    assert far == pytest.approx(kilometres(other_north, other_east, north, east), abs=1e-6)
    assert 0 <= far <= 20_016
