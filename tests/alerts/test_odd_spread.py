"""Spread where counts, accounts, clocks and crowds are odd: through the alerts stage, as it comes."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from alerts.judging.docket import Docket
from alerts.judging.judge import Judge
from alerts.judging.stage import AlertsStage
from alerts.rules import RULES
from alerts.stories.book import StoryBook
from secondsource.contracts.messages import Account, Counts, Engagement, Enriched, Spread
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import (
    CLAIM,
    at,
    counted,
    events,
    final_stories,
    history,
    merged,
    ordered,
    post,
    repost,
    watch,
)
from tests.fakes.archive import MemoryArchive

LATE = 1_000.0  #: when history is over and each story begins
Messages = Sequence[Enriched | Engagement]


def judged(messages: Messages) -> list[Out]:
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    return stage.handle([Record(message) for message in ordered([*history(10_000, 0), *messages])])


def spread_of(outs: list[Out], text: str = CLAIM) -> Spread:
    (story,) = [story for story in final_stories(outs).values() if story.claim == text]
    return story.spread


def followed(enriched: Enriched, followers: int) -> Enriched:
    author = enriched.post.author
    known = Account(uid=author.uid, handle=author.handle, followers=followers)
    return replace(enriched, post=replace(enriched.post, author=known))


def reports(*counts: int, every: float = 60.0) -> list[Engagement]:
    return [counted(1, LATE + every * (place + 1), count) for place, count in enumerate(counts)]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param((50, 50, 50, 80), id="repeated"),
        pytest.param((50, 20, 0, 80), id="fallen"),
        pytest.param((50, 0, 50, 80), id="jumped back after a correction"),
        pytest.param((80, 50, 10, 80), id="the largest first"),
    ],
)
def test_odd_counts_are_what_the_largest_of_them_says(odd: tuple[int, ...]) -> None:
    spread = spread_of(judged([post(1, LATE), *reports(*odd)]))
    assert spread.interactions == 80
    assert spread.forecast is not None
    assert spread.forecast.low >= 80


def test_counts_that_arrive_out_of_order_are_taken_in_their_own_order() -> None:
    messages: list[Enriched | Engagement] = [post(1, LATE), *reports(10, 30, 60, 90, 140)]
    shuffled = [*messages]
    random.Random(2).shuffle(shuffled)
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    tick = ordered([])[-1]
    outs = stage.handle([Record(message) for message in [*history(10_000, 0), *shuffled, tick]])
    assert merged(outs) == merged(judged(messages))


def test_bought_reposts_are_told_as_two_numbers() -> None:
    bought = Engagement(
        uid="x:1",
        observed_at=at(LATE + 120),
        collector="x",
        watches=("velgrad",),
        counts=Counts(reposts=12_000, quotes=3, replies=2),
    )
    outs = judged([post(1, LATE), counted(1, LATE + 60, 40), bought])
    spread = spread_of(outs)
    assert (spread.passed_on, spread.answered) == (12_003, 2)
    said = " ".join(reason.sentence for event in events(outs)[-1:] for reason in event.finding.reasons)
    assert "12,003" in said
    assert not {"fake", "bought", "false", "bots"} & set(said.lower().split())


def test_where_no_platform_tells_of_answers_nothing_is_said_of_them() -> None:
    assert spread_of(judged([post(1, LATE), *reports(400)])).answered is None


def test_an_account_with_no_history_is_held_against_its_peers() -> None:
    spread = spread_of(judged([post(1, LATE, by="newcomer"), *reports(60)]))
    assert spread.state == "measured"
    assert spread.history == 40


def test_of_an_account_with_a_hundred_million_followers_there_is_too_little_to_go_by() -> None:
    outs = judged([followed(post(1, LATE, by="star"), 100_000_000), *reports(9_000)])
    assert spread_of(outs).state == "insufficient data"
    assert events(outs) == []


def test_ten_thousand_posts_in_a_minute_after_a_silent_week() -> None:
    week = 7 * 86_400.0
    chance = random.Random(1)
    crowd: list[Enriched | Engagement] = [post(1, week)]
    crowd += [repost(20_000 + one, week + chance.uniform(0, 60), 1) for one in range(10_000)]
    spread = spread_of(judged(crowd))
    assert spread.interactions == 10_000
    assert spread.state == "measured"
    assert spread.surprise < 1e-6
    assert spread.forecast is not None
    assert 10_000 <= spread.forecast.low <= spread.forecast.high < 1e12
    assert all(map(math.isfinite, (spread.expected, spread.surprise, spread.forecast.middle)))


@pytest.mark.parametrize("off", [-7_200.0, 7_200.0, 400 * 86_400.0], ids=["set back", "set forward", "in another year"])
def test_a_platform_whose_clock_is_off_does_not_change_how_old_a_story_can_be(off: float) -> None:
    spread = spread_of(judged([post(1, LATE, created=LATE + off), *reports(40, 80)]))
    assert 0 < spread.age_seconds <= 120 + 7_200
    assert spread.interactions == 80


def test_a_collector_whose_clock_is_set_back_an_hour_still_gives_one_answer() -> None:
    messages: list[Enriched | Engagement] = [post(1, LATE + 3_600)]
    messages += [repost(2 + one, LATE + 3_600 + one, 1) for one in range(30)]
    messages += [repost(40 + one, LATE + 60 + one, 1) for one in range(30)]
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    tick = ordered([])[-1]
    backwards = [*history(10_000, 0), *reversed(messages), tick]
    assert merged(stage.handle([Record(message) for message in backwards])) == merged(judged(messages))


def test_an_alert_that_is_crowded_out_says_so() -> None:
    """It is no story over which nobody posted any more."""
    of = watch(thresholds=Thresholds(min_interactions=5, min_history=3, max_surprise=0.3))
    book = StoryBook(of, most=20)
    docket = Docket(Judge(of, RULES, MemoryArchive(), lambda _: "", book))
    spread = [post(1, 0), *[repost(10 + n, 1 + n, 1) for n in range(60)]]
    for message in [*history(1_000, -600, 12), *spread, *history(5_000, 200, 40)]:
        docket.hold(message)
    docket.release(math.inf)
    found = [event for event in docket.drain()[1] if event.story.claim_uid == "x:1"]
    assert [event.kind for event in (found[0], found[-1])] == ["opened", "expired"]
    assert found[-1].finding.headline.startswith("Followed no further without corroboration: ")
    assert found[-1].finding.reasons[0].sentence == (
        "The watch has more than 20 living stories, and this one has been without a new post for longest: it is "
        "followed no further, still without corroboration."
    )
