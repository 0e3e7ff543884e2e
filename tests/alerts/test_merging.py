"""Stories that a later post ties together become one, and are two again when nothing ties them any more."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.judging.stage import AlertsStage
from alerts.stories import story as stories
from alerts.stories.story import Story
from secondsource.contracts.messages import Engagement, Enriched, Entity, Member, StanceLabel, StoryUpdate, Takedown
from secondsource.contracts.stage import Out
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import (
    CLAIM,
    at,
    counted,
    events,
    final_stories,
    gone,
    history,
    merged,
    ordered,
    picture,
    post,
    records,
    repost,
    tick,
    updates,
    watch,
)
from tests.alerts.test_any_order import BEHIND, OLD, QUICK, lanes_of
from tests.alerts.test_any_order import run as judged
from tests.fakes.archive import MemoryArchive

SMOKE = picture("smoke")
MILL = "Smoke stands over the flour mill by the river since noon, fire engines and a bus are on their way"
AGROUND = "A ship has run aground on the sand bank before the old lighthouse"
BRIDGE = "https://gazette.example/2031/bridge"
LOUD = Thresholds(min_interactions=5, min_history=3, max_surprise=0.3)
Sent = Enriched | Engagement | Takedown


def place(name: str) -> Entity:
    return Entity(kind="place", id=name.casefold(), text=name)


def run(sent: Sequence[Sent], thresholds: Thresholds = LOUD) -> list[Out]:
    stage = AlertsStage({"velgrad": watch(thresholds=thresholds)}, MemoryArchive())
    return stage.handle(records(ordered([*history(1_000, -600, 12), *sent])))


def told(outs: Sequence[Out]) -> list[StoryUpdate]:
    """Stories at their last version, the oldest first, but for those of the history."""
    final = final_stories(outs).values()
    return sorted((story for story in final if story.opened_at >= at(0)), key=lambda story: story.opened_at)


def members(outs: Sequence[Out], story: StoryUpdate) -> dict[str, str]:
    """What a store would hold: each post with its tie, as last told."""
    held = {one.uid: one.tie for update in updates(outs) if update.id == story.id for one in update.members}
    return {uid: tie for uid, tie in held.items() if tie != "left"}


def two_stories() -> list[Sent]:
    """A claim in words, passed on three times, and one that begins with a picture, passed on twice."""
    return [
        post(1, 0), *[repost(10 + n, 10 + n, 1) for n in range(3)],
        post(2, 50, MILL, pictures=(SMOKE,)), *[repost(20 + n, 60 + n, 2) for n in range(2)],
    ]  # fmt: skip


BOTH = post(3, 100, CLAIM, pictures=(SMOKE,))


def test_a_post_that_says_what_both_say_makes_one_story_of_two() -> None:
    outs = run([*two_stories(), BOTH])
    older, younger = told(outs)
    assert (older.merged_into, younger.merged_into) == ("", older.id)
    assert (older.posts, older.accounts) == (8, 8)
    assert older.claim == CLAIM
    assert set(members(outs, older)) == {f"x:{n}" for n in (1, 10, 11, 12, 2, 20, 21, 3)}
    assert members(outs, younger).keys() == {"x:2", "x:20", "x:21"}, "what was the younger's stays on record"
    joined = next(one for update in updates(outs) for one in update.members if one.uid == "x:3")
    assert (joined.tie, joined.to) == ("text", "x:1")
    assert "has the same picture as" in joined.evidence
    moved = [one for update in updates(outs) if update.id == older.id for one in update.members if one.uid == "x:2"]
    assert "later post ties" in moved[0].evidence


def test_what_the_bridge_copies_is_one_origin_with_it() -> None:
    """Its text makes it a copy of the one, its picture of the other: all three trace back to one source."""
    assert told(run([*two_stories(), BOTH]))[0].independent == 1.0


@pytest.mark.parametrize("turned", [False, True])
def test_who_passes_on_an_account_by_hand_has_one_origin_with_it_from_two_stories(*, turned: bool) -> None:
    own, by_hand = ("ana", "Nine cars are under water"), ("reader", "RT @Ana: the river police closes both banks")
    said = [by_hand, own] if turned else [own, by_hand]
    answers = [post(4 + n, 70 + n, text, by=by, reply_to=1 + n) for n, (by, text) in enumerate(said)]
    story = told(run([*two_stories(), *answers, BOTH]))[0]
    assert sorted(origin.accounts for origin in story.origins) == [2, 8]


def test_what_comes_later_goes_to_the_older_story_whichever_part_it_copies() -> None:
    later = [post(4, 110, MILL), post(5, 120, "seen from the pier", pictures=(SMOKE,)), repost(6, 130, 2, text=MILL)]
    outs = run([*two_stories(), BOTH, *later])
    older, younger = told(outs)
    assert {"x:4", "x:5", "x:6"} <= members(outs, older).keys()
    assert younger.posts == 3


def test_the_alert_of_the_younger_is_over_in_neutral_words_and_the_older_goes_on() -> None:
    outs = run([*two_stories(), counted(2, 70, 400), BOTH, counted(1, 140, 900)])
    older, younger = told(outs)
    of_younger = [event for event in events(outs) if event.story.id == younger.id]
    assert [event.kind for event in of_younger] == ["opened", "expired"]
    last = of_younger[-1]
    assert last.finding.headline == "Goes on in an older story that says the same"
    tied = "it belongs to one of them and has the same picture as a post of the other."
    assert tied in last.finding.reasons[0].sentence, "which is this one: the older shows no picture"
    assert "has the same picture as a post" in last.finding.reasons[0].sentence
    assert last.story.merged_into == older.id
    assert next(event.kind for event in events(outs) if event.story.id == older.id) == "opened"
    assert older.spread.interactions >= 1_300


@pytest.mark.parametrize(
    "bridge",
    [
        post(3, 100, CLAIM, pictures=(SMOKE,), stance="denies"),
        post(3, 100, CLAIM, pictures=(SMOKE,), stance="asks"),
        post(3, 100, CLAIM, pictures=(SMOKE,), reply_to=2),
        post(3, 100, CLAIM, pictures=(SMOKE,), quote_of=2),
        post(3, 100, CLAIM, repost_of=2, pictures=(SMOKE,)),
    ],
    ids=["denies", "asks", "answers", "quotes", "reposts"],
)
def test_who_denies_asks_answers_or_passes_on_ties_no_stories(bridge: Enriched) -> None:
    outs = run([*two_stories(), bridge])
    assert all(not story.merged_into for story in told(outs))


def test_a_list_of_the_days_news_ties_none_of_it() -> None:
    ship = picture("ship")
    third = [post(7, 80, AGROUND, pictures=(ship,))]
    outs = run([*two_stories(), *third, repost(8, 85, 7), post(3, 100, CLAIM, pictures=(SMOKE, ship))])
    assert all(not story.merged_into for story in told(outs))


def test_stories_that_name_different_places_stay_two() -> None:
    """Who shows the picture of one place beside words about another makes them no more the same."""
    bridge, mill = two_stories()[0], two_stories()[4]
    assert isinstance(bridge, Enriched)
    assert isinstance(mill, Enriched)
    here = post(1, 0, entities=(place("Velgrad"),))
    there = post(2, 50, MILL, pictures=(SMOKE,), entities=(place("Ostrava Bay"),))
    others = [one for one in two_stories() if one not in (bridge, mill)]
    assert all(not story.merged_into for story in told(run([here, there, *others, BOTH])))


def test_a_page_ties_no_stories_that_have_no_words_in_common() -> None:
    """A channel that ends each of its posts with one address does not make one story of them."""
    page = post(2, 50, AGROUND, links=(BRIDGE,))
    outs = run([post(1, 0), repost(10, 5, 1), page, repost(20, 60, 2), post(3, 100, CLAIM, links=(BRIDGE,))])
    assert [story.merged_into for story in told(outs)] == ["", ""]


@pytest.mark.parametrize("first", [1, -500])
def test_a_copy_of_a_claim_under_the_picture_of_another_lends_it_no_source(first: float) -> None:
    """Three witnesses of one thing are none of what somebody says beside a picture of it."""
    witnesses = (
        "I stood on the sand bank when the ship ran aground",
        "Sailors climb down from a ship at the lighthouse",
        "Coast guard tows a stranded freighter off",
    )
    seen = [post(2, first, AGROUND, pictures=(SMOKE,))]
    seen += [post(30 + n, first + 1 + n, text, reply_to=2) for n, text in enumerate(witnesses)]
    in_passing = ("Tugs come up the river", "Tourists leave their bus to look")  # a word each of what the claim says
    seen += [post(40 + n, first + 5 + n, text, pictures=(SMOKE,)) for n, text in enumerate(in_passing)]
    outs = run([*seen, post(1, 20), *[repost(10 + n, 21 + n, 1) for n in range(8)], BOTH, counted(1, 140, 900)])
    held = {story.claim: (story.state, story.merged_into) for story in final_stories(outs).values()}
    assert held[AGROUND] == ("multi-origin", "")
    assert held[CLAIM] == ("single-origin", "")
    of_claim = [event.kind for event in events(outs) if event.story.claim == CLAIM]
    assert of_claim[:1] == ["opened"]
    assert not {"corroborated", "expired"} & {*of_claim}


def test_a_page_ties_two_that_tell_the_same_in_other_words() -> None:
    said = "Divers search cold water beneath what was a bridge of stone, mayor promises inquiry soon"
    page = post(2, 50, said, links=(BRIDGE,))
    outs = run([post(1, 0), repost(10, 5, 1), page, repost(20, 60, 2), post(3, 100, CLAIM, links=(BRIDGE,))])
    assert [story.merged_into != "" for story in told(outs)] == [False, True]


# Parting


def test_when_the_only_post_that_tied_them_is_gone_they_are_two_again() -> None:
    later = [post(4, 110, MILL), post(5, 120, CLAIM)]
    outs = run([*two_stories(), BOTH, *later, gone(3, 130), post(6, 140, MILL), post(7, 150, CLAIM)])
    older, younger = told(outs)
    assert (older.merged_into, younger.merged_into) == ("", "")
    assert members(outs, older).keys() - {"x:3"} == {f"x:{n}" for n in (1, 10, 11, 12, 5, 7)}
    assert members(outs, younger).keys() == {f"x:{n}" for n in (2, 20, 21, 4, 6)}
    assert (older.posts, younger.posts) == (6, 5)
    assert (older.independent, younger.independent) == (1.0, 1.0)


def test_one_of_two_bridges_holds() -> None:
    other = post(9, 105, CLAIM + " please share", pictures=(SMOKE,))
    older, younger = told(run([*two_stories(), BOTH, other, gone(3, 130)]))
    assert younger.merged_into == older.id
    older, younger = told(run([*two_stories(), BOTH, other, gone(3, 130), gone(9, 131)]))
    assert younger.merged_into == ""


def test_an_alert_goes_on_when_its_story_stands_by_itself_again() -> None:
    outs = run([*two_stories(), counted(2, 70, 400), BOTH, gone(3, 130)])
    younger = told(outs)[1]
    assert [event.kind for event in events(outs) if event.story.id == younger.id] == ["opened", "expired", "updated"]


def test_three_stories_in_a_chain_part_where_the_chain_breaks() -> None:
    ship = picture("ship")
    aground = "A ship of three hundred containers has run aground, engines still run, sand covers the old mill"
    third = [post(7, 80, aground, pictures=(ship,)), repost(8, 85, 7)]
    chain = [BOTH, post(4, 110, MILL, pictures=(ship,))]
    outs = run([*two_stories(), *third, *chain])
    first, second, last = told(outs)
    assert (second.merged_into, last.merged_into) == (first.id, first.id)
    outs = run([*two_stories(), *third, *chain, gone(3, 130), post(9, 140, aground)])
    first, second, last = told(outs)
    assert (first.merged_into, second.merged_into, last.merged_into) == ("", "", first.id)
    assert members(outs, second).keys() == {f"x:{n}" for n in (2, 20, 21, 7, 8, 4, 9)}


def test_what_was_parted_three_times_stays_apart() -> None:
    sent: list[Sent] = two_stories()
    for turn in range(6):
        sent += [post(30 + turn, 100 + 10 * turn, CLAIM, pictures=(SMOKE,)), gone(30 + turn, 105 + 10 * turn)]
    outs = run(sent)
    first, second = told(outs)
    into = [update.merged_into for update in updates(outs) if update.id == second.id]
    assert (first.merged_into, second.merged_into) == ("", "")
    assert into.count(first.id) <= 3


# Saving, size


def test_a_merged_story_is_read_back_as_it_was() -> None:
    sent = [*history(1_000, -600, 12), *two_stories(), BOTH, post(4, 110, MILL)]
    after: list[Sent] = [gone(3, 130), post(6, 140, MILL), post(7, 150, CLAIM), counted(2, 160, 50)]
    whole = AlertsStage({"velgrad": watch(thresholds=LOUD)}, MemoryArchive())
    broken = AlertsStage({"velgrad": watch(thresholds=LOUD)}, MemoryArchive())
    stream = sorted(sent, key=lambda one: one.post.observed_at if isinstance(one, Enriched) else one.observed_at)
    first = [*stream, tick(125)]
    whole.handle(records(first))
    broken.handle(records(first))
    saved = {name: body for name, body in broken.changes(0).items() if body is not None}
    again = AlertsStage({"velgrad": watch(thresholds=LOUD)}, MemoryArchive())
    again.restore(0, saved)
    assert again.handle(records(ordered(after))) == whole.handle(records(ordered(after)))


def test_a_story_takes_up_so_many_others_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each post is moved at most once for each story taken up, however many there are."""
    monkeypatch.setattr(stories, "MOST_PARTS", 5)
    moved = 0
    absorb = Story.absorb

    def counting(story: Story, other: Story, why: str) -> None:
        nonlocal moved
        moved += len(other.notes)
        absorb(story, other, why)

    monkeypatch.setattr(Story, "absorb", counting)
    sent: list[Sent] = [post(1, 0)]
    for number in range(2, 40):
        thing = picture(f"thing{number}")
        said = f"river bus boxes{number} of nails{number} found{number} pier{number}"
        sent.append(post(number, number, said, pictures=(thing,)))
        sent.append(post(100 + number, 50 + number, CLAIM, pictures=(thing,)))
    outs = run(sent)
    assert sum(bool(story.merged_into) for story in told(outs)) <= 5
    assert moved == 5


def stream(pick: random.Random) -> list[Sent]:
    """Two stories, posts that tie them or tell of one of them, reposts, and takedowns of some."""
    sent: list[Sent] = two_stories()
    for number in range(30, 30 + pick.randint(1, 24)):
        seconds = 40.0 + 6 * (number - 30) + pick.choice([0.0, 0.5])
        shown = pick.choice([(), (SMOKE,), (SMOKE,), (picture("ship"),), (SMOKE, picture("ship"))])
        text, stance = pick.choice([CLAIM, CLAIM, MILL, MILL, "look", "RT @User3: look"]), pick.choice(STANCES)
        links = pick.choice([(), (), (BRIDGE,)])
        by = f"user{pick.randint(1, 12)}"
        answered = pick.choice([0, 0, 0, 0, 0, 0, 1, 2])
        sent.append(post(number, seconds, text, by=by, stance=stance, pictures=shown, links=links, reply_to=answered))
        if pick.random() < 0.4:
            sent.append(gone(number, seconds + pick.randint(1, 30)))
        if pick.random() < 0.3:
            sent.append(repost(number + 100, seconds + pick.randint(1, 20), number, by=f"user{pick.randint(1, 12)}"))
    return sent


STANCES: tuple[StanceLabel, ...] = ("asserts", "asserts", "asserts", "asserts", "denies")
_Kept = dict[tuple[str, str], tuple[int, Member]]


def rows(outs: Sequence[Out]) -> _Kept:
    """Each post of each story as a store would keep it, but for those that have left it again."""
    kept: _Kept = {}
    for update in updates(outs):
        for one in update.members:
            known = kept.get((update.id, one.uid))
            if known is None or update.version >= known[0]:
                kept[update.id, one.uid] = update.version, one
    return {name: (0, one) for name, (_, one) in kept.items() if one.tie != "left"}


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_neither_lanes_nor_crashes_are_seen_where_stories_merge_and_part(seed: int) -> None:
    pick = random.Random(seed)
    sent, lanes, tick_every = stream(pick), pick.randint(1, 3), pick.randint(1, 9)
    expected = judged([lanes_of(sent, 1, tick_every=10_000)[0]])
    queues = lanes_of(sent, lanes, tick_every=tick_every)
    taken_up: list[Out] = []
    stage, saved = _started({}), dict[str, bytes]()
    while any(queues):
        lane = pick.choice([place for place, queue in enumerate(queues) if queue])
        size = pick.randint(1, 30)
        taken_up += stage.handle(records(queues[lane][:size]))
        if pick.randint(0, 3) == 0:
            stage = _started(saved)
            continue
        del queues[lane][:size]
        for name, body in stage.changes(0).items():
            if body is None:
                del saved[name]
            else:
                saved[name] = body
    (alerts, last, _), (alerts_again, last_again, _) = merged(expected), merged(taken_up)
    assert alerts_again == alerts
    assert last_again == last
    removed = {one.uid for one in sent if isinstance(one, Takedown)}
    told_of, told_again = (
        {n: one for n, one in rows(of).items() if n[1] not in removed} for of in (expected, taken_up)
    )
    assert told_again == told_of


def _started(saved: dict[str, bytes]) -> AlertsStage:
    stage = AlertsStage({"velgrad": QUICK}, MemoryArchive([OLD]), registry=BEHIND)
    stage.restore(0, dict(saved))
    return stage


def test_the_streams_above_merge_and_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the strategies drift into streams where nothing merges, the law would hold for nothing."""
    joined, parted = 0, 0
    absorb, part_with = Story.absorb, Story.part_with

    def merging(story: Story, other: Story, why: str) -> None:
        nonlocal joined
        joined += 1
        absorb(story, other, why)

    def parting(story: Story, group: Collection[int], shown: Collection[int]) -> tuple[Story, Story | None]:
        nonlocal parted
        parted += 1
        return part_with(story, group, shown)

    monkeypatch.setattr(Story, "absorb", merging)
    monkeypatch.setattr(Story, "part_with", parting)
    for seed in range(30):
        judged([lanes_of(stream(random.Random(seed)), 1, tick_every=5)[0]])
    assert joined > 15
    assert parted > 5


def test_what_left_a_story_before_it_became_part_of_another_is_remembered() -> None:
    beside = post(4, 75, "Our bus stopped by the river in all that smoke", pictures=(SMOKE,))
    outs = run([*two_stories(), counted(2, 70, 400), beside, gone(2, 80), BOTH, counted(1, 140, 900)])
    older, younger = told(outs)
    assert younger.merged_into == older.id
    last = [event for event in events(outs) if event.story.id == older.id][-1]
    assert "deleted_while_spreading" in last.finding.rules


def test_words_of_a_post_that_is_gone_make_no_two_stories_one() -> None:
    older, younger = told(run([*two_stories(), gone(2, 80), BOTH]))
    assert (older.merged_into, younger.merged_into) == ("", "")
