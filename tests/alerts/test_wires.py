"""Posts that say whose text they carry, whose owner the registry knows, or that link to one page: one origin."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from alerts.judging.stage import AlertsStage
from alerts.origins.registry import Listed, Registry
from alerts.stories.kept import Note
from alerts.stories.story import Story
from secondsource.contracts.messages import Enriched, StoryUpdate
from tests.alerts.invented import CLAIM, final_stories, ordered, post, records, watch
from tests.fakes.archive import MemoryArchive

OWN_WORDS = (
    "Velgrad: stone crossing gives way before noon, nine vehicles fall",
    "Nine cars under water, says the river police of the town",
    "Emergency services close both banks, people are told to keep away",
)


def told(said: list[str], links: tuple[str, ...] = (), registry: Registry | None = None) -> StoryUpdate:
    """The story of some posts that answer its first one, each by another account, each in its own words."""
    first = post(1, 0, said[0], links=links[:1])
    others: list[Enriched] = [
        post(n, 10.0 * n, text, quote_of=0, reply_to=0 if links else 1, links=links[n - 1 : n])
        for n, text in enumerate(said[1:], 2)
    ]
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive(), registry=registry or Registry())
    outs = stage.handle(records(ordered([first, *others])))
    return max(final_stories(outs).values(), key=lambda story: story.posts)


@pytest.mark.parametrize(
    "credit", ["{} (AFP)", "{}, via AFP", "AFP - {}", "{} نقلا عن فرانس برس", "(أ ف ب) {}", "{} (АФП)", "【法新社】{}"]
)
def test_who_credits_one_agency_has_one_origin(credit: str) -> None:
    story = told([f"{OWN_WORDS[0]} (AFP)", credit.format(OWN_WORDS[1]), OWN_WORDS[2]])
    assert len(story.origins) == 2
    wired = next(origin for origin in story.origins if origin.posts == 2)
    assert [merge.kind for merge in wired.merges] == ["wire credit"]


@pytest.mark.parametrize("credit", ["{} (Reuters)", "{} via رويترز", "{} as Reuters reports", "{}"])
def test_who_credits_another_or_only_quotes_one_has_not(credit: str) -> None:
    story = told([f"{OWN_WORDS[0]} (AFP)", credit.format(OWN_WORDS[1])])
    assert len(story.origins) == 2


@pytest.mark.parametrize(("whose", "weight"), [("AFP", 1.0), ("the mayor", 0.5)])
def test_an_agencys_text_is_no_hearsay_for_saying_whose_it_is(whose: str, weight: float) -> None:
    said = post(1, 0, f"{OWN_WORDS[0]} (AFP)", credits=("AFP",))
    said = replace(said, stance=replace(said.stance, attributed_to=whose))
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    (story,) = final_stories(stage.handle(records(ordered([said, post(2, 10.0, reply_to=1)])))).values()
    assert [origin.weight for origin in story.origins if origin.first_uid == "x:1"] == [weight]


def test_who_has_it_from_one_agency_has_one_origin() -> None:
    heard = ("Reuters", "رويترز انهار الجسر", "Рейтер")
    said = [post(1, 10.0, OWN_WORDS[0]), *(post(n, 10.0 * n, OWN_WORDS[n - 1], quote_of=0, reply_to=1) for n in (2, 3))]
    said = [replace(one, stance=replace(one.stance, attributed_to=whom)) for one, whom in zip(said, heard, strict=True)]
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    (story,) = final_stories(stage.handle(records(ordered(said)))).values()
    assert (story.posts, len(story.origins), story.independent) == (3, 1, 0.5)
    assert [merge.kind for merge in story.origins[0].merges] == ["wire credit"]


@pytest.mark.parametrize(
    ("said", "origins"),
    [
        (("RT @ana: {}", "RT @Ana: {}"), 1),
        (("RT @brana: RT @ana: {}", "MT @ana: {}"), 1),
        (("RT @ana: {}", "RT @brana: {}"), 2),
        (("RT @ana: RT @brana: {}", "RT @ana: {}"), 2),
        (("RT: {}", "RT: {}"), 2),
        (("RT @ana, {}", "RT @ana, {}"), 2),
    ],
)
def test_who_passes_on_one_account_by_hand_has_one_origin(said: tuple[str, str], origins: int) -> None:
    story = told([said[0].format(OWN_WORDS[0]), said[1].format(OWN_WORDS[1])])
    assert len(story.origins) == origins
    if origins == 1:
        assert [merge.kind for merge in story.origins[0].merges] == ["repost or quote"]


@pytest.mark.parametrize("turned", [False, True])
def test_what_an_account_says_is_one_origin_with_what_others_pass_on_of_it_by_hand(*, turned: bool) -> None:
    by_hand, own = post(1, 0, f"RT @Ana: {OWN_WORDS[0]}", by="reader"), post(2, 10.0, OWN_WORDS[1], by="ana")
    first, second = (own, by_hand) if turned else (by_hand, own)
    second = replace(second, post=replace(second.post, reply_to=first.post.uid, observed_at=first.post.observed_at))
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    (story,) = final_stories(stage.handle(records(ordered([first, second])))).values()
    assert (story.posts, len(story.origins)) == (2, 1)


def test_a_namesake_on_another_platform_is_somebody_else() -> None:
    by_hand, own = post(1, 0, f"RT @Ana: {OWN_WORDS[0]}", by="reader"), post(2, 10.0, OWN_WORDS[1], by="ana")
    there = replace(own.post, platform="bluesky", reply_to=by_hand.post.uid, observed_at=by_hand.post.observed_at)
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    (story,) = final_stories(stage.handle(records(ordered([by_hand, replace(own, post=there)])))).values()
    assert (story.posts, len(story.origins)) == (2, 2)


def test_handles_are_gone_through_once_however_many_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    list_handle = Story._list_handle

    def counted(story: Story, note: Note) -> None:
        listed.append(note.uid)
        list_handle(story, note)

    monkeypatch.setattr(Story, "_list_handle", counted)
    said = [post(n, n, f"RT @user{n}: {OWN_WORDS[n % 3]}", by=f"reader{n}", reply_to=n > 1) for n in range(1, 101)]
    AlertsStage({"velgrad": watch()}, MemoryArchive()).handle(records(ordered(said)))
    assert len(listed) <= 2 * len(said)


def test_who_passes_on_an_agency_by_hand_has_its_origin() -> None:
    agency = Listed("hill-wire", "Hill Wire", "agency", "hill-wire", "Hill Wire", credit="AFP", reference="r")
    said = [f"{OWN_WORDS[0]} (AFP)", f"RT @HillWire: {OWN_WORDS[1]}", OWN_WORDS[2]]
    story = told(said, registry=Registry([("x", "hillwire", agency)]))
    assert sorted(origin.posts for origin in story.origins) == [1, 2]
    assert {merge.kind for origin in story.origins for merge in origin.merges} == {"wire credit"}


def test_who_has_one_owner_in_the_registry_has_one_origin() -> None:
    owned = [
        ("x", f"user{n}", Listed(f"gazette{n}", f"Gazette {n}", "outlet", "press", "Velgrad Press", reference="r"))
        for n in (1, 2)
    ]
    story = told(list(OWN_WORDS), registry=Registry(owned))
    assert sorted(origin.posts for origin in story.origins) == [1, 2]
    assert {merge.kind for origin in story.origins for merge in origin.merges} == {"same owner"}


def test_an_account_that_two_entries_claim_belongs_to_the_later_one_and_to_no_two() -> None:
    """The registry's check refuses it; what comes through nevertheless has one owner, whatever the case of its name."""
    mine = Listed("gazette", "The Gazette", "outlet", "press", "Velgrad Press")
    yours = Listed("herald", "The Herald", "outlet", "house", "Harbour House")
    found = Registry([("x", "Gazette", mine), ("x", "gazette", yours)]).source_of(post(1, 0, by="GAZETTE").post)
    assert found == yours


@pytest.mark.parametrize(
    "page",
    ["https://www.gazette.example/a?utm_source=x", "http://m.gazette.example/a/", "https://gazette.example/a/amp#top"],
)
def test_who_links_to_one_page_has_one_origin_however_it_is_written(page: str) -> None:
    story = told([CLAIM, OWN_WORDS[1]], ("https://gazette.example/a", page))
    assert (len(story.origins), story.posts) == (1, 2)
    assert [merge.kind for merge in story.origins[0].merges] == ["same link"]
