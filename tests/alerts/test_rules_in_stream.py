"""What the six rules make of a stream, and how their alerts live: told one by one or in a digest, with their kin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from alerts.judging.stage import AlertsStage
from secondsource.contracts.messages import (
    BY_HAND,
    EDITED,
    AlertEvent,
    Counts,
    Earlier,
    Engagement,
    Enriched,
    Entity,
    Picture,
    Review,
    Takedown,
)
from secondsource.contracts.watch import Thresholds
from tests.alerts.invented import (
    CLAIM,
    at,
    counted,
    events,
    gone,
    history,
    ordered,
    picture,
    post,
    records,
    repost,
    watch,
)
from tests.fakes.archive import MemoryArchive

Sent = Enriched | Engagement | Takedown
DEFAULTS = Thresholds()
BRIDGE = picture("bridge")
FLOOD = Earlier(
    picture=BRIDGE.id, seen_at=datetime(2014, 3, 2, 7, 30, tzinfo=UTC), source="archive", handle="river_gauge",
    caption="The flood took our bridge",
)  # fmt: skip
WITNESSES = (
    "I stand by the fallen stone bridge, a bus is in the river",
    "From my window: cars and the bus in the river, fallen bridge",
)


def run(
    messages: Sequence[Sent], thresholds: Thresholds = DEFAULTS, archive: MemoryArchive | None = None
) -> list[AlertEvent]:
    stage = AlertsStage({"velgrad": watch(thresholds=thresholds)}, archive or MemoryArchive())
    return events(stage.handle(records(ordered([*history(1_000, -900), *messages]))))


def passed_on(first: int, seconds: float, of: int, count: int = 40) -> list[Enriched]:
    return [repost(first + n, seconds + n, of) for n in range(count)]


def told(found: Sequence[AlertEvent]) -> list[tuple[str, tuple[str, ...]]]:
    return [(event.kind, event.finding.rules) for event in found]


# Old pictures


def test_an_old_picture_outlasts_the_corroboration_of_its_story() -> None:
    sent = [post(1, 0, pictures=(BRIDGE,)), *passed_on(100, 5, 1)]
    confirmed = [post(2 + n, 60 + n, said, pictures=(picture(said),)) for n, said in enumerate(WITNESSES)]
    found = run([*sent, *confirmed], archive=MemoryArchive([FLOOD]))
    assert told(found)[0] == ("opened", ("recycled_media", "uncorroborated_spike"))
    assert told(found)[-1] == ("updated", ("recycled_media",))
    assert found[-1].finding.headline.startswith("Old picture taking off: shown by 1 post of the story; ")
    assert (
        "is shown by 1 post that asserts the story; it drew 40 interactions." in found[-1].finding.reasons[0].sentence
    )
    assert "corroborated" not in [event.kind for event in found]
    over = run([*sent, *confirmed, post(9, 9e5, "the bakery opens")], archive=MemoryArchive([FLOOD]))[-1]
    assert (over.kind, over.finding.headline.partition(":")[0]) == ("expired", "Over")


def test_an_old_picture_beside_a_story_that_goes_far_without_it_is_left_alone() -> None:
    told_of = [post(1, 0), *passed_on(100, 5, 1), post(2, 50, "what a sight, a bus", pictures=(BRIDGE,), quote_of=1)]
    found = run(told_of, archive=MemoryArchive([FLOOD]))
    assert told(found) == [("opened", ("uncorroborated_spike",)), ("updated", ("uncorroborated_spike",))]
    assert found[-1].finding.earlier == (FLOOD,), "but it is told"


def test_what_is_told_of_an_old_picture_is_counted_when_it_is_told() -> None:
    """In between it is weighed where the story has grown by a tenth."""
    for shown in range(50, 56):
        copies = [post(100 + n, 5 + n, pictures=(BRIDGE,)) for n in range(shown - 1)]
        denial = post(2, 200, "No bridge has fallen, no bus", stance="denies", reply_to=1)
        found = run([post(1, 0, pictures=(BRIDGE,)), *copies, denial], archive=MemoryArchive([FLOOD]))
        last = found[-1].finding
        assert f": shown by {shown} posts of the story; {shown - 1} interactions in " in last.headline
        assert f"posts that assert the story; they drew {shown - 1} interactions." in last.reasons[0].sentence


def test_an_old_picture_found_later_escalates() -> None:
    sent = [post(1, 0), *passed_on(100, 5, 1), post(2, 50, CLAIM, pictures=(BRIDGE,)), *passed_on(200, 60, 2, 45)]
    found = run(sent, archive=MemoryArchive([FLOOD]))
    assert ("escalated", ("recycled_media", "uncorroborated_spike")) in told(found)


def test_a_sighting_that_the_archive_learns_of_later_is_told_once_the_story_has_grown() -> None:
    """As where somebody imports an archive because of the alert."""
    archive = MemoryArchive()
    stage = AlertsStage({"velgrad": watch(thresholds=DEFAULTS)}, archive)
    sent = [post(1, 0, pictures=(BRIDGE,)), *passed_on(100, 5, 1), post(90, 50, "the bakery opens")]
    (opened,) = events(stage.handle(records(ordered([*history(1_000, -900), *sent]))))
    assert (opened.finding.rules, opened.finding.earlier) == (("uncorroborated_spike",), ())
    archive.sightings.append(FLOOD)
    further = [*passed_on(200, 60, 1, 5), post(91, 90, "the bakery shuts")]
    (learned,) = events(stage.handle(records(ordered(further))))
    assert told([learned]) == [("escalated", ("recycled_media", "uncorroborated_spike"))]
    assert learned.finding.earlier == (FLOOD,)


def test_pictures_that_nobody_could_look_at_are_not_passed_over_as_unseen() -> None:
    gone = Picture(id="ab" * 32, url="https://pictures.example/gone", state="unavailable", reason="HTTP 404")
    late = Picture(id="cd" * 32, url=BRIDGE.url, state="unavailable", reason="HTTP 503")
    others = passed_on(100, 5, 1)
    (once,) = run([post(1, 0, pictures=(gone,)), *others])
    said = [reason.sentence for reason in once.finding.reasons if reason.name == "pictures not looked at"]
    assert said == ["1 of its pictures could not be fetched or read: whether it was seen before is not known."]
    (mixed,) = run([post(1, 0, pictures=(gone, late)), post(2, 4, pictures=(BRIDGE,)), *others])
    assert [reason.value for reason in mixed.finding.reasons if reason.name == "pictures not looked at"] == ["1"], (
        "what was had from the same address later was looked at"
    )
    (seen,) = run([post(1, 0, pictures=(BRIDGE,)), *others])
    assert "pictures not looked at" not in [reason.name for reason in seen.finding.reasons]


# Denials


DENIAL = "No bridge has fallen, no bus: this is the flood of Pereval"


def test_an_early_denial_does_not_silence_who_shows_the_picture_as_new() -> None:
    denial = [post(1, 0, DENIAL, stance="denies", pictures=(BRIDGE,)), *passed_on(100, 1, 1, 20)]
    claim = [post(2, 60, CLAIM, pictures=(BRIDGE,)), *passed_on(200, 65, 2)]
    (opened,) = run([*denial, *claim], archive=MemoryArchive([FLOOD]))
    assert opened.kind == "opened"
    assert opened.finding.rules == ("recycled_media", "uncorroborated_spike")
    assert any(reason.name == "disputes" for reason in opened.finding.reasons)
    further = [*denial, *passed_on(300, 30, 1, 60), *claim]
    assert run(further) == [], "the denial has gone further"


def test_who_quotes_a_denial_spreads_nothing() -> None:
    denial = post(1, 0, DENIAL, stance="denies", pictures=(BRIDGE,))
    quoted = [post(2 + n, 10 + n, "Everybody look at this", quote_of=1) for n in range(60)]
    assert run([denial, *quoted]) == []


# Posts that are gone


def test_a_leading_post_that_goes_while_its_story_spreads_escalates() -> None:
    found = run([post(1, 0), *passed_on(100, 5, 1), counted(1, 50, 90), gone(1, 60), *passed_on(200, 61, 1, 4)])
    assert told(found)[-1] == ("escalated", ("deleted_while_spreading", "uncorroborated_spike"))
    last = found[-1]
    assert last.finding.headline.startswith("Leading post gone while it spreads: 1 of 1 post")
    assert CLAIM not in "".join(reason.sentence for reason in last.finding.reasons)
    assert last.at == at(60)


def test_a_debunk_that_is_left_when_the_leading_post_goes_hides_nothing() -> None:
    debunk = post(2, 10, "no, it stands", reply_to=1, stance="denies")
    sent: list[Sent] = [
        post(1, 0),
        debunk,
        *passed_on(100, 15, 1),
        counted(1, 60, 90),
        gone(1, 70),
        *passed_on(200, 71, 1, 4),
    ]
    assert told(run(sent))[-1] == ("escalated", ("deleted_while_spreading", "uncorroborated_spike"))


def test_what_is_gone_counts_as_it_was_though_its_counts_left_with_it() -> None:
    found = run([post(1, 0), post(2, 1, CLAIM), counted(1, 2, 400), gone(1, 60)], Thresholds(max_surprise=1e-12))
    assert told(found)[-1][1][0] == "deleted_while_spreading"


@pytest.mark.parametrize("reason", [f"{EDITED}: its author replaced it by x:2", f"{BY_HAND}: court order 14/26"])
def test_an_edit_is_no_deletion_nor_is_what_was_taken_down_here_nor_a_repost_undone(reason: str) -> None:
    edited = Takedown(uid="x:1", observed_at=at(60), collector="x", watches=("velgrad",), reason=reason)
    undone = [gone(100 + n, 55 + n) for n in range(4)]
    sent: list[Sent] = [post(1, 0), *passed_on(100, 5, 1), *undone, edited]
    assert all("deleted_while_spreading" not in rules for _, rules in told(run(sent)))


def test_what_has_it_from_somebody_else_confirms_no_more_once_it_is_gone() -> None:
    """What passes it on is left, and weighs as it did: two deletions would have recalled the alert."""
    told_of = post(2, 2, WITNESSES[0], reply_to=1)
    heard = [
        msgspec.structs.replace(one, stance=msgspec.structs.replace(one.stance, attributed_to="Hill Radio"))
        for one in (post(1, 0), told_of)
    ]
    sent: list[Sent] = [*heard, *passed_on(100, 5, 1), *passed_on(300, 6, 2, 5), gone(1, 60), gone(2, 61)]
    found = run([*sent, *passed_on(400, 70, 1, 60)])
    assert [event.kind for event in found if event.kind == "corroborated"] == []
    assert found[-1].story.independent == 0.75


def test_posts_that_go_before_a_story_spreads_are_not_told() -> None:
    sent: list[Sent] = [post(1, 0), post(2, 1, CLAIM), gone(2, 2), post(3, 3, CLAIM), gone(3, 4), *passed_on(100, 5, 1)]
    assert told(run(sent)) == [("opened", ("uncorroborated_spike",))]


# Fact-checks


def checked(number: int, seconds: float, claim: str) -> Enriched:
    review = Review(claim=claim, publisher="Gazette Checks", url="https://gazette.example/c", reviewed_at=at(-9e6))
    return post(number, seconds, "What we found out", stance="comments", links=(review.url,), reviews=(review,))


def test_a_claim_that_was_checked_before_says_so_from_the_start() -> None:
    found = run([checked(1, -60, CLAIM), post(2, 0), *passed_on(100, 5, 2)])
    assert told(found) == [("opened", ("matched_fact_check", "uncorroborated_spike"))]
    assert [check.publisher for check in found[0].finding.checks] == ["Gazette Checks"]


def test_a_check_that_comes_later_escalates_at_the_next_change_and_one_that_is_gone_is_shown_no_more() -> None:
    sent = [post(2, 0), *passed_on(100, 5, 2), checked(1, 60, CLAIM), *passed_on(200, 70, 2, 2)]
    found = run(sent)
    assert told(found)[1] == ("escalated", ("matched_fact_check", "uncorroborated_spike"))
    assert found[1].at == at(70)
    found = run([*sent, gone(1, 80), *passed_on(300, 90, 2, 60)])
    assert [event.finding.checks for event in found][-1] == ()


# Spikes of the whole watch


def test_a_story_that_leads_a_spike_of_its_watch() -> None:
    calm = [post(5_000 + n, n * 300.0, f"nothing{n} much{n} today{n} in Velgrad") for n in range(3 * 288)]
    start = 3 * 86_400.0
    sent = [*calm, post(1, start), *[repost(10_000 + n, start + 10 + n / 2, 1) for n in range(200)]]
    strict = Thresholds(max_surprise=1e-3, min_history=100_000)  # stories have too little history
    found = run(sent, strict)
    assert told(found)[0] == ("opened", ("volume_spike",))
    assert found[0].finding.headline.startswith("Leads a spike of its watch: ")
    busy = [post(20_000 + n, start + n / 4, f"busy{n} hour{n} elsewhere{n} in Velgrad") for n in range(800)]
    assert run([*sent, *busy], msgspec.structs.replace(strict, leading_share=0.9)) == []


def test_what_a_story_has_of_a_spike_is_counted_to_the_moment_that_the_spike_is() -> None:
    """The five minutes that are over tell more than those that have begun: what came since is in neither count."""
    calm = [post(5_000 + n, n * 300.0, f"nothing{n} much{n} today{n} in Velgrad") for n in range(3 * 288)]
    start = 3 * 86_400.0
    spike = [post(1, start), *[repost(10_000 + n, start + 164 + 26 * n, 1) for n in range(30)]]
    opened = run([*calm, *spike], Thresholds(max_surprise=1e-3, min_history=100_000))[0]
    assert opened.at == at(start + 164 + 26 * 29)
    assert "its watch: 30 of 33 posts from 2031-05-07 08:45 UTC to 2031-05-07 09:15 UTC; " in opened.finding.headline


# Budget and kin

_NEWS = (
    "Warehouse of Brinmoor burns since noon, smoke over all roofs",
    "Tavlo loses power, lifts stuck between floors again",
    "Karst road closed after rocks came down near the tunnel",
    "Ferry to Ostrava turned back, captain speaks of an engine",
    "Mill workers found gold coins under an old floorboard today",
    "Harbour police chase a stolen yacht past three islands",
    "Orchard owners report hail as large as walnuts everywhere",
    "Quarry lake suddenly green, swimmers warned by loudspeaker",
)


def blazes(count: int, every: float = 60.0, reposts: int = 40) -> list[Enriched]:
    sent: list[Enriched] = []
    for n, news in enumerate(_NEWS[:count]):
        begun = n * every
        sent.append(post(n + 1, begun, news))
        sent += passed_on(1_000 * (n + 2), begun + 1, n + 1, reposts)
    return sent


def test_what_is_over_the_hours_budget_goes_into_a_digest() -> None:
    found = run(blazes(8), Thresholds(alerts_per_hour=3))
    opened = [event for event in found if event.kind == "opened"]
    assert [event.digest for event in opened] == [False, False, False, True, True, True, True, True]
    assert all(not event.digest for event in run(blazes(8), Thresholds(alerts_per_hour=8)))


def test_an_hour_later_there_is_room_again() -> None:
    later = [post(50, 3_700, "Cranes lean over the container quay tonight"), *passed_on(50_000, 3_701, 50)]
    found = run([*blazes(8), *later], Thresholds(alerts_per_hour=3))
    assert [event.digest for event in found if event.kind == "opened"][-1] is False


def test_an_escalation_leaves_the_digest_when_there_is_room() -> None:
    blaze = blazes(4, every=30.0)
    crowded = run([*blaze, *[repost(90_000 + n, 200 + n, 4) for n in range(300)]], Thresholds(alerts_per_hour=3))
    last = [event for event in crowded if event.digest or event.kind == "escalated"][-1]
    assert (last.kind, last.digest) == ("escalated", True), "the hour has no room left"
    free = run([*blaze, *[repost(90_000 + n, 3_700 + n, 4) for n in range(300)]], Thresholds(alerts_per_hour=3))
    of_it = [event for event in free if event.alert_id == last.alert_id]
    assert [(event.kind, event.digest) for event in of_it] == [
        ("opened", True), ("updated", True), ("updated", True), ("updated", True), ("escalated", False),
    ]  # fmt: skip


def place(name: str) -> Entity:
    return Entity(kind="place", id=name, text=name)


def test_alerts_that_name_the_same_places_are_kin() -> None:
    def fire(number: int, seconds: float, said: str, *places: str) -> list[Enriched]:
        named = (place("velgrad"), *map(place, places))
        return [post(number, seconds, said, entities=named), *passed_on(20_000 + number * 100, seconds + 1, number)]

    sent = [
        *fire(1, 0, "Smoke pours from a roof near the northern depot", "mill-square"),
        *fire(2, 100, "Sirens howl, hydrants run dry beside the theatre", "mill-square"),
        *fire(3, 200, "Swans nest under the weir, say rowers this morning"),
        *fire(4, 300, "Ash falls on laundry; teachers close the playground", "mill-square"),
    ]
    one, two, swans, four = [event for event in run(sent) if event.kind == "opened"]
    assert one.related == ()
    assert two.related == (one.alert_id,)
    assert swans.related == ()
    assert four.related == (two.alert_id, one.alert_id), "the latest first"


# Bad input


def test_counts_that_fall_repeat_jump_back_or_come_late_tell_nothing_twice() -> None:
    counts = [(10, 40), (20, 40), (30, 12), (40, 38), (50, 41), (45, 39), (60, 41)]
    sent: list[Sent] = [post(1, 0), *[counted(1, seconds, reported) for seconds, reported in counts]]
    assert told(run(sent)) == [("opened", ("uncorroborated_spike",))]
    assert run(sent)[0].at == at(10)
    assert run([*sent, counted(1, 70, 3), counted(1, 80, 41)]) == run(sent)


def test_many_reposts_and_no_replies_are_said_in_numbers() -> None:
    bought = Engagement(
        uid="x:1", observed_at=at(60), collector="x", watches=("velgrad",), counts=Counts(reposts=5_000, replies=2)
    )
    (event,) = run([post(1, 0), bought])
    said = {reason.name: reason.sentence for reason in event.finding.reasons}
    assert said["answers"] == "By its platforms' counts it was passed on 5,000 times and answered 2 times."
    loved = msgspec.structs.replace(bought, counts=Counts(reposts=5_000, replies=900))
    (event,) = run([post(1, 0), loved])
    assert "answers" not in {reason.name for reason in event.finding.reasons}


def test_an_account_of_a_hundred_million_followers_without_a_peer() -> None:
    star = post(1, 0, by="star")
    author = msgspec.structs.replace(star.post.author, followers=100_000_000)
    star = msgspec.structs.replace(star, post=msgspec.structs.replace(star.post, author=author))
    sent = [star, *passed_on(100, 5, 1, 60)]
    assert run(sent) == [], "nobody of its like was seen before: insufficient data, never a guess"
    found = run([star, post(2, 1, CLAIM, pictures=(BRIDGE,)), *sent[1:]], archive=MemoryArchive([FLOOD]))
    assert told(found) == []
    old = msgspec.structs.replace(star, pictures=(BRIDGE,))
    found = run([old, *sent[1:]], archive=MemoryArchive([FLOOD]))
    assert told(found)[0] == ("opened", ("recycled_media",)), "for what there is to show besides, the floor is enough"
    assert found[0].story.spread.state == "insufficient data"


def test_a_week_of_silence_and_then_ten_thousand_in_a_minute() -> None:
    week = 7 * 86_400.0
    flood = [repost(100_000 + n, week + 1 + n * 0.005, 1) for n in range(9_999)]
    found = run([post(1, week), *flood])
    assert found[0].kind == "opened"
    assert len(found) <= 12, "doublings and tenfolds only"
    apart = [post(200_000 + n, week + n * 0.006, f"w{n} x{n} y{n} z{n} v{n}") for n in range(3_000)]
    assert run(apart) == []


def test_a_clock_change_is_not_seen() -> None:
    """Clocks go back an hour at 03:00: the same instants, written with another offset from then on."""
    change = at(20)

    def local(moment: datetime) -> datetime:
        return moment.astimezone(timezone(timedelta(hours=2 if moment < change else 1)))

    def written(one: Sent) -> Sent:
        if isinstance(one, Enriched):
            times = {"created_at": local(one.post.created_at), "observed_at": local(one.post.observed_at)}
            return msgspec.structs.replace(one, post=msgspec.structs.replace(one.post, **times))
        return msgspec.structs.replace(one, observed_at=local(one.observed_at))

    sent: list[Sent] = [post(1, 0), *passed_on(100, 5, 1), counted(1, 50, 400)]
    assert run(list(map(written, sent))) == run(sent) != []


def test_a_collector_whose_clock_goes_back_an_hour_raises_no_second_alert() -> None:
    sent: list[Sent] = [post(1, 3_600), *passed_on(100, 3_605, 1)]
    back = [repost(500 + n, 60.0 + n, 1) for n in range(30)]
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    first = events(stage.handle(records(ordered([*history(1_000, -900), *sent]))))
    after = events(stage.handle(records(back)))
    assert [event.kind for event in (*first, *after)] == ["opened", "updated"]
