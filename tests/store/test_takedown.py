"""A removed post leaves every place it was put, and does not come back."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.wording import handle
from secondsource.contracts.excerpts import excerpt
from secondsource.contracts.messages import DeadLetter, Earlier, Message, Reason, encode
from store.leaving.letter_names import MOST, named_in
from store.leaving.scrubbing import REMOVED, without, without_name
from store.store import Store
from tests.store import velgrad as v

BRIDGE = "0f1e2d3c4b5a6978" * 4
ONLY, SHARED = v.picture("only here", BRIDGE), v.picture("here and there", v.flipped(BRIDGE, 3))
SAID = "Spring flood in Dolnograd two years ago"
BEFORE: tuple[Message, ...] = (
    v.enriched(1, pictures=(ONLY, SHARED)),
    v.enriched(2, seconds=1, repost_of="x:1", author=2),
    v.enriched(3, seconds=2, pictures=(SHARED,), text="Also here", author=3),
    v.engagement(1, 9, 4),
    v.story(1, members=[1, 3]),
    v.alert(1),
    v.alert(2),
)


def test_a_removed_post_leaves_every_place(store: Store) -> None:
    v.keep(store, *BEFORE)
    v.keep(store, v.takedown(1))
    assert [row["uid"] for row in store.dump("posts")] == ["x:3"]
    assert [row["source"] for row in store.dump("sightings")] == ["x:3"]
    assert [row["id"] for row in store.dump("pictures")] == [SHARED.id]
    assert store.dump("picture_matches") == []
    assert store.dump("engagement") == []
    assert [row["uid"] for row in store.dump("story_posts")] == ["x:3"]
    assert [row["claim"] for row in store.dump("stories")] == [REMOVED]
    words = repr({name: rows for name, rows in v.everything(store).items() if name != "posts"})
    assert "bridge of Velgrad" not in words
    assert "mila1'" not in repr(store.dump("stories")) + repr(store.dump("alert_events"))
    (latest,) = store.evidence.latest_alerts(9)
    assert latest.finding.headline == f"Spreading, one origin: “{REMOVED}”"
    assert latest.finding.reasons[0].sentence == f"40 interactions for “{REMOVED}…”"
    assert latest.finding.earlier[0].caption == SAID
    waiting = store.outbox.next("console", v.at(99))
    assert waiting is not None
    assert waiting.event.story.claim == REMOVED


def test_it_does_not_come_back_and_any_order_ends_the_same(store: Store) -> None:
    v.keep(store, *BEFORE)
    v.keep(store, v.takedown(1))
    first = v.everything(store)
    v.keep(store, *BEFORE)
    assert v.everything(store) == first
    v.emptied(store)
    v.keep(store, v.takedown(1))
    for message in reversed(BEFORE):
        v.keep(store, message)
    assert v.everything(store) == first


def test_an_earlier_sighting_that_was_removed_loses_its_caption(store: Store) -> None:
    v.keep(store, *BEFORE, v.takedown(7))
    for event in store.evidence.alert_events("velgrad/1/spike"):
        (earlier,) = event.finding.earlier
        assert earlier == Earlier(
            picture=earlier.picture, seen_at=earlier.seen_at, source="x:7", handle=REMOVED, caption=REMOVED
        )
        assert event.story.claim == v.CLAIM


def test_the_archive_forgets_a_removed_post(store: Store) -> None:
    v.keep(store, *BEFORE)
    assert [each.source for each in store.archive.earlier([SHARED], v.at(50), 9)] == ["x:1", "x:1", "x:3"]
    v.keep(store, v.takedown(1))
    assert [each.source for each in store.archive.earlier([SHARED], v.at(50), 9)] == ["x:3"]


def test_quotations_are_found_whole_cut_short_and_cleaned() -> None:
    said = "Spring flood in\n Dolnograd,  two\u200b years ago"
    assert without(f"“{said}” and “Spring flood in Dolnograd, tw…”", said) == f"“{REMOVED}” and “{REMOVED}…”"
    assert without("Spring flood", said) == "Spring flood"
    assert without("yes", "yes") == REMOVED
    assert without("it said “ye\u0301s” and yes", "yes") == f"it said “{REMOVED}” and yes"
    assert without("yes, there is", "yes") == "yes, there is"
    assert without("as it was", " ") == "as it was"


def test_a_sentence_that_names_a_removed_post_or_its_author_lets_go_of_both(store: Store) -> None:
    event = v.alert(1)
    sentences = ("Seen by @ivo (x:7), with the words “Short”.", "@ivo from noon: 2 posts; @ivona: 1", "Also x:70")
    reasons = tuple(Reason(name="origins", value="1", sentence=sentence) for sentence in sentences)
    v.keep(store, replace(event, finding=replace(event.finding, reasons=reasons)), v.takedown(7))
    (kept,) = store.evidence.latest_alerts(1)
    assert [reason.sentence for reason in kept.finding.reasons] == [
        REMOVED,
        f"{REMOVED} from noon: 2 posts; @ivona: 1",
        "Also x:70",
    ]


def test_a_repost_of_a_removed_post_is_quoted_no_more(store: Store) -> None:
    """A story may quote the repost, whose words are the original's, and may be told of before the repost comes."""
    repost = v.enriched(2, seconds=1, repost_of="x:1", author=2)
    quoting = v.story(1, members=[2, 3], claim_uid="x:2")
    told = (v.enriched(1), quoting, v.alert(1, of=quoting), v.engagement(2, 9, 4))
    kept = []
    for messages in ((*told, repost, v.takedown(1)), (v.takedown(1), *told, repost), (repost, v.takedown(1), *told)):
        v.emptied(store)
        for message in messages:
            v.keep(store, message)
        kept.append(v.everything(store))
    assert kept[0] == kept[1] == kept[2]
    assert "bridge of Velgrad" not in repr(kept[0])
    assert [row["uid"] for row in store.dump("takedowns")] == ["x:1", "x:2"]
    assert [row["uid"] for row in store.dump("story_posts")] == ["x:3"]
    assert store.dump("engagement") == []


@pytest.mark.parametrize(
    "name",
    [
        "ivona", "@ivona", "ivona@host.example", "Hill  News\n24", "Hill “News” 24", "hill\u200bnews\u202e24",
        "إيفونا_ف", "iv\u0301\u0300\u0302\u0303\u0304\u0305na",
        "The Very Long Name of a Page about " + "Everything " * 4,
    ],
)  # fmt: skip
def test_a_name_leaves_a_sentence_however_it_was_shown(name: str) -> None:
    """Cleaned, cut short, set apart: it is not the name that came any more."""
    sentence = f"strongest: {handle(name)} from noon: 2 posts; @ivonas: 1, name@ivonab."
    said = without_name(sentence, name)
    left = REMOVED + ("…" if len(name) > 60 else "")
    left = f"“{left}”" if " " in name else left
    assert said.replace("\u2068", "").replace("\u2069", "") == (
        f"strongest: {left} from noon: 2 posts; @ivonas: 1, name@ivonab."
    )
    assert without_name(said, name) == said


def test_the_words_a_post_was_tied_by_leave_with_the_other_post(store: Store) -> None:
    v.keep(store, v.enriched(3), v.story(1, members=[3]), v.takedown(1))
    first = v.everything(store)
    assert [(row["uid"], row["evidence"]) for row in store.dump("story_posts")] == [("x:3", "")]
    v.emptied(store)
    v.keep(store, v.takedown(1), v.story(1, members=[3]), v.enriched(3))
    assert v.everything(store) == first


def _letter(body: bytes, key: str = "", target: str = "collector:x") -> DeadLetter:
    return replace(v.letter("a"), body=body, key=key, target=target)


@pytest.mark.parametrize(
    ("uid", "letter"),
    [
        ("x:1900000000000000001", _letter(b'{"data":{"id":"1900000000000000001","text":"The old bri')),
        ("x:1900000000000000001", _letter(b'{"id_str": "1900000000000000001"', target="collector:replay:a.json")),
        (
            "x:1900000000000000001",
            _letter(b"1900000000000000001\tThe old bridge\tnoon", target="collector:replay:a.tsv"),
        ),
        ("x:1", _letter(encode(v.enriched(1)), target="enriched")),
        ("x:1", _letter(encode(v.enriched(2, repost_of="x:1")), target="enriched")),
        ("x:1", _letter(encode(v.story(1)), target="alerts")),
        ("x:1", _letter(b"\xff", key="x:1", target="posts")),
        (
            "mastodon:https://velgrad.example/users/mila/statuses/1",
            _letter(b'{"uri":"https:\\/\\/velgrad.example\\/users\\/mila\\/statuses\\/1"'),
        ),
        ("bluesky:did:plc:mila/3kbridge", _letter(b'{"did":"did:plc:mila","commit":{"rkey":"3kbridge","record":{')),
        (
            "feed:https://gazette.example/flood",
            _letter(b"<item><guid isPermaLink='true'> https://gazette.example/flood </guid><ti"),
        ),
    ],
)
def test_a_dead_letter_that_holds_a_removed_post_goes(store: Store, uid: str, letter: DeadLetter) -> None:
    takedown = replace(v.takedown(1), uid=uid)
    v.keep(store, letter, replace(letter, id="b", body=b"other", key=""))
    v.keep(store, takedown)
    assert [row["id"] for row in store.dump("dead_letters")] == ["b"]
    first = v.everything(store)
    v.keep(store, letter)
    assert v.everything(store) == first


def test_looking_through_a_dead_letter_takes_little_time_whatever_is_in_it() -> None:
    for piece in (b'"id"', b'"did":"did:plc:a",', b"<guid", b"<guid ", b"9" * 21, b'"id":"' + b"a" * 600):
        assert len(named_in(_letter(piece * (400_000 // len(piece))))) <= MOST


def test_an_edit_takes_the_old_words_out_of_alerts_in_any_order(store: Store) -> None:
    edited = v.enriched(1, seconds=30, text="We were wrong, the old bridge stands as ever")
    v.keep(store, v.enriched(1), v.alert(1), notifiers=("console",))
    store.outbox.sent("velgrad/1/spike#1>console", "C1:1", v.at(3))
    v.keep(store, edited)
    (event,) = store.evidence.latest_alerts(1)
    assert event.story.claim == "We were wrong, the old bridge stands as ever"
    assert event.story.claim_edited
    assert event.finding.headline == f"Spreading, one origin: “{REMOVED}”"
    assert v.CLAIM[:24] not in repr(store.dump("alert_events")) + repr(store.dump("alerts"))
    correction = store.outbox.next("console", v.at(9))
    assert correction is not None
    assert correction.stale == 1
    rows = store.dump("alert_events")
    for order in ((edited, v.alert(1), v.enriched(1)), (v.alert(1), edited, v.enriched(1))):
        v.emptied(store)
        for message in order:
            v.keep(store, message)
        assert store.dump("alert_events") == rows


def test_a_claim_too_long_to_be_quoted_whole_is_not_edited_by_its_own_post(store: Store) -> None:
    long = " ".join([v.CLAIM] * 9)
    quoted = replace(v.story(1, members=(1, 2)), claim=excerpt(long))
    v.keep(store, v.enriched(1, text=long), v.alert(1, of=quoted))
    (event,) = store.evidence.latest_alerts(1)
    assert (event.story.claim, event.story.claim_edited) == (excerpt(long), False)
    v.keep(store, v.enriched(1, seconds=30, text=f"Update: {long}"))
    (event,) = store.evidence.latest_alerts(1)
    assert (event.story.claim, event.story.claim_edited) == (excerpt(f"Update: {long}"), True)


def test_a_reposts_own_takedown_is_kept_in_any_order(store: Store) -> None:
    """Not the tombstone that it gets with what it passes on, which says nothing of when."""
    sent: tuple[Message, ...] = (v.enriched(2, repost_of="x:1"), v.takedown(1, seconds=30), v.takedown(2, seconds=20))
    for order in permutations(sent):
        v.emptied(store)
        for message in order:
            v.keep(store, message)
        kept = {row["uid"]: (row["observed_at"], row["collector"]) for row in store.dump("takedowns")}
        assert kept == {"x:1": (v.at(30), "x"), "x:2": (v.at(20), "x")}


def test_of_a_removed_claim_it_is_not_said_that_it_was_edited(store: Store) -> None:
    edited = v.enriched(1, seconds=30, text="The old bridge stands as ever")
    kept = []
    for order in ((v.alert(1), edited, v.takedown(1)), (v.takedown(1), edited, v.alert(1))):
        v.emptied(store)
        for message in order:
            v.keep(store, message)
        kept.append(store.dump("alert_events"))
    assert kept[0] == kept[1]


@given(before=st.text(), said=st.text(min_size=1), after=st.text())
def test_no_quotation_of_its_own_stays(before: str, said: str, after: str) -> None:
    cleaned = without(f"{before}“{said}”{after}", said)
    if without(said, said) == REMOVED and not set(before + said + after) & set("“”["):
        assert f"“{said}”" not in cleaned
        assert REMOVED in cleaned
        assert without(cleaned, REMOVED) == cleaned


def test_what_is_taken_down_is_overwritten_in_the_file(sqlite_store: Store) -> None:
    with sqlite_store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
