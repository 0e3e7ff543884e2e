"""Accounts that do things in step are found while the stream runs, and count as one origin from then on."""

from __future__ import annotations

import random
from collections.abc import Sequence

from alerts.judging.stage import AlertsStage
from alerts.origins.in_step import Steps
from alerts.stories.book import StoryBook
from alerts.stories.story import Story
from secondsource.contracts.messages import Engagement, Enriched, StoryUpdate
from secondsource.contracts.stage import Out
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import counted, events, final_stories, ordered, post, records, tick, watch
from tests.fakes.archive import MemoryArchive

FAST = Thresholds(min_interactions=5, min_history=3, story_hours=48)
_WORDS = ("barge", "crane", "dock", "ferry", "gravel", "harbour", "jetty", "kiosk", "lantern")


def text(number: int) -> str:
    """Eight words and more that no other text has."""
    return " ".join(f"{word}{number}" for word in _WORDS)


def organic(pick: random.Random, first: int, texts: int = 40, shares: int = 6) -> list[Enriched]:
    """Claims that some accounts copy, each in its own time."""
    made = []
    for number in range(texts):
        start = pick.uniform(0, 80_000)
        for share in range(shares):
            by = f"reader{pick.randint(1, 150)}"
            made.append(
                post(first + number * shares + share, start + pick.uniform(0, 5_000) * share, text(number), by=by)
            )
    return made


def pushed(pick: random.Random, first: int, accounts: int = 6, texts: int = 12) -> list[Enriched]:
    """Claims that the same accounts post within seconds of each other."""
    made = []
    for number in range(texts):
        start = 1_000 + number * 6_000
        for account in range(accounts):
            at = start + pick.uniform(0, 20)
            made.append(post(first + number * accounts + account, at, text(500 + number), by=f"pusher{account}"))
    return made


def run(sent: Sequence[Enriched | Engagement]) -> tuple[list[Out], AlertsStage]:
    stage = AlertsStage({"velgrad": watch(thresholds=FAST)}, MemoryArchive())
    return stage.handle(records(ordered(sent))), stage


def of_claim(outs: Sequence[Out], claim: str) -> StoryUpdate:
    return next(story for story in final_stories(outs).values() if story.claim == claim)


def test_who_posts_in_step_counts_as_one_origin_in_words_of_their_own() -> None:
    """They share twelve claims within seconds; of a thirteenth each tells in words of their own, with one picture."""
    pick = random.Random(5)
    said = [f"{text(900)} {' '.join(f'{word}{n}x' for word in _WORDS[:2])}" for n in range(6)]
    told = [post(9_000 + n, 75_000 + 400 * n, said[n], by=f"pusher{n}", reply_to=9_000 if n else 0) for n in range(6)]
    apart = [post(9_100 + n, 77_500 + n, text(950 - 223 * n), by=f"reader{200 + n}", reply_to=9_000) for n in range(2)]
    counts = [counted(9_000, 75_100, 50), counted(9_000, 79_000, 500)]
    base: list[Enriched | Engagement] = [*organic(pick, 1), *pushed(pick, 5_000), counted(5_000, 74_000, 60)]
    outs, _ = run([*base, *told, *apart, *counts])
    found = [event.finding for event in events(outs) if "coordinated_push" in event.finding.rules]
    assert "60 s of another of them" in found[0].reasons[0].sentence
    assert "up to 11 the same two, p at most" in found[0].reasons[0].sentence
    story = of_claim(outs, said[0])
    assert len(story.origins) == 3
    pushing = next(origin for origin in story.origins if origin.first_handle == "pusher0")
    assert pushing.accounts == 6
    assert [merge.kind for merge in pushing.merges if merge.kind == "coordinated pair"] == ["coordinated pair"]


def book_after(sent: Sequence[Enriched]) -> tuple[StoryBook, dict[str, Story]]:
    book = StoryBook(watch(thresholds=FAST))
    found: dict[str, Story] = {}
    for one in sorted(sent, key=lambda one: one.post.observed_at):
        found[one.post.author.handle] = book.take(one, one.post.observed_at.timestamp())
    return book, found


def test_the_reading_is_behaviour_in_numbers() -> None:
    pick = random.Random(5)
    own = [post(9_000, 75_000, text(600), by="pusher0")]
    own += [post(9_000 + n, 75_000 + 9 * n, text(600), by=f"pusher{n}") for n in range(1, 6)]
    own += [post(9_100, 79_000, text(600), by="reader1")]
    book, _ = book_after([*organic(pick, 1), *pushed(pick, 5_000), *own])
    story = book.find("x:9000")
    assert story is not None
    step = book.in_step(story)
    assert step is not None
    assert (step.accounts, step.of, step.seconds) == (6, 7, 60.0)
    assert step.pairs >= 5
    assert step.objects >= 10
    assert step.q <= 0.01
    assert book.in_step(story) is step, "nothing is new, so nothing is looked for"


def test_what_many_copy_in_their_own_time_gives_no_reading() -> None:
    book, found = book_after(organic(random.Random(7), 1, texts=80))
    assert all(book.in_step(story) is None for story in found.values())


def test_reposts_answers_and_denials_are_no_shares() -> None:
    """Whoever reposts follows whoever posted first: when they do so says little."""
    pick, steps = random.Random(5), Steps("velgrad")
    sent = pushed(pick, 5_000)
    reposted = [post(20_000 + n, 10 + n / 10, repost_of=1, by=one.post.author.handle) for n, one in enumerate(sent)]
    book, _ = book_after([post(1, 0), *reposted])
    story = book.find("x:1")
    assert story is not None
    assert book.in_step(story) is None
    assert steps.run == 0


def test_what_was_found_survives_a_crash() -> None:
    pick = random.Random(5)
    base = sorted([*organic(pick, 1), *pushed(pick, 5_000)], key=lambda one: one.post.observed_at)
    late = [post(9_000 + n, 90_000 + 9 * n, text(600), by=f"pusher{n}") for n in range(6)]
    late_counts = [counted(9_000, 90_030, 50), counted(9_000, 90_100, 500)]
    asked = [counted(5_000, 80_500, 60)]
    first = records([*base, *asked, tick(89_000)])
    whole, broken = (AlertsStage({"velgrad": watch(thresholds=FAST)}, MemoryArchive()) for _ in range(2))
    whole.handle(first)
    broken.handle(first)
    saved = {name: body for name, body in broken.changes(0).items() if body is not None}
    again = AlertsStage({"velgrad": watch(thresholds=FAST)}, MemoryArchive())
    again.restore(0, saved)
    rest = records(ordered([*late, *late_counts]))
    assert any("/steps/" in name for name in saved)
    assert again.handle(rest) == whole.handle(rest)


def test_shares_are_looked_at_five_times_on_average_and_no_more_are_kept_than_asked() -> None:
    steps, looked = Steps("velgrad", most=400), 0
    for number in range(4_000):
        before = steps.run
        steps.share((number % 50 << 3 | 2,), number % 37 + 1, number + 1, float(number))
        steps.look()
        looked += (steps.run > before) * min(400, number + 1)
    assert looked <= 5 * 4_000
    changes = steps.changes()
    kept = Steps("velgrad", most=400)
    parts = {name.split("/")[1]: [(0, body)] for name, body in changes.items() if body is not None}
    kept.restore(parts)
    assert kept.run == steps.run
