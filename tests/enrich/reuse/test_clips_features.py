"""Key frames found one by one make a clip only where their times fit together."""

from __future__ import annotations

from enrich.reuse.clip_features import Pair, covered, fitting
from enrich.reuse.clip_prints import MIRRORED, ClipPrint
from enrich.reuse.clip_search import ClipMatch, Stretch
from tests.enrich.reuse.test_clips_archive import made

NAME = "a" * 64


def pair(asked: float, kept: float, confidence: float = 0.7, *, mirrored: bool = False) -> Pair:
    return Pair(asked, kept, confidence, mirrored)


def test_key_frames_at_fitting_times_are_a_stretch() -> None:
    match = fitting(NAME, [pair(0.2, 12.2), pair(3.2, 15.4), pair(6.2, 18.0)], 4, 12.0, 60.0)
    assert match is not None
    assert [(each.asked, each.kept) for each in match.stretches] == [((0.0, 7.7), (10.7, 19.5))]
    assert match.confidence == 1 - round(0.3**3, 4)


def test_one_key_frame_of_many_is_not_enough() -> None:
    assert fitting(NAME, [pair(0.2, 12.2, 0.99)], 4, 12.0, 60.0) is None


def test_one_is_enough_where_there_are_no_more_and_it_is_sure() -> None:
    assert fitting(NAME, [pair(0.2, 12.2, 0.99)], 1, 2.0, 60.0) is not None
    assert fitting(NAME, [pair(0.2, 12.2, 0.98)], 1, 2.0, 60.0) is None


def test_times_that_do_not_fit_are_not_counted_together() -> None:
    assert fitting(NAME, [pair(0.2, 12.2), pair(3.2, 40.0), pair(6.2, 1.0)], 4, 12.0, 60.0) is None


def test_a_mirrored_frame_and_one_that_is_not_do_not_fit() -> None:
    assert fitting(NAME, [pair(0.2, 12.2), pair(3.2, 15.2, mirrored=True)], 4, 12.0, 60.0) is None
    both = fitting(NAME, [pair(0.2, 12.2, mirrored=True), pair(3.2, 15.2, mirrored=True)], 4, 12.0, 60.0)
    assert both is not None
    assert both.turn == MIRRORED


def test_a_long_gap_parts_two_stretches() -> None:
    match = fitting(NAME, [pair(0.2, 0.2), pair(3.2, 3.2), pair(33.2, 33.2)], 14, 40.0, 60.0)
    assert match is not None
    assert [each.asked for each in match.stretches] == [(0.0, 4.7), (31.7, 34.7)]


def test_what_is_covered_twice_counts_once() -> None:
    print_: ClipPrint = made(1)._replace(seconds=10.0)
    spans = ((0.0, 4.0), (2.0, 5.0), (8.0, 9.0))
    stretches = tuple(Stretch(span, span, 1.0, 1.0, 4) for span in spans)
    assert covered([ClipMatch(NAME, 1.0, 0, stretches)], print_) == 0.6
