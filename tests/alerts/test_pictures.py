"""Pictures of a watch: which are the same, in whole, in part or by their text, and which tell nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.earlier.everywhere import FEWEST_UNRELATED, Showing, showing, taken_up
from alerts.earlier.pictures import Match, PictureBook, Sighting, once_a_clip, sighted
from alerts.memory.digests import digest
from alerts.rules.past import elsewhere, first_seen, reasons
from alerts.rules.uncorroborated_spike import EXAMPLES
from alerts.wording import apart, how_it_matches, named
from secondsource.contracts.messages import Earlier, Enriched, Entity, Picture, Reuse
from secondsource.contracts.reuse import inverted, marks
from tests.alerts.invented import START, at, events, history, picture, post, sketch
from tests.alerts.test_stage import pleas, run
from tests.fakes.archive import MemoryArchive

DAY = 86_400.0
BRIDGE, RIVER = picture("bridge"), picture("river")
FLAT = picture("frame", quality=0)


def part_of(other: Picture, name: str = "crop", inliers: int = 60) -> Picture:
    seen = Reuse(
        picture=other.id, kind="features", inliers=inliers, confidence=0.98, region=(0.25, 0.25, 0.75, 0.75),
        transform=(2.0, 0.0, -0.5, 0.0, 2.0, -0.5),
    )  # fmt: skip
    return replace(picture(name), found=(seen,))


def card(text: str, name: str, quality: int = 10) -> Picture:
    """A picture in which a text can be read, and nothing else is to be seen."""
    return replace(picture(name, quality=quality), text=text, words=sketch(text))


def place(name: str) -> tuple[Entity, ...]:
    return (Entity(kind="place", id=name.lower().replace(" ", "-"), text=name),)


class TestSame:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_a_part_and_the_whole_are_one_picture_in_either_order(self, order: Sequence[int]) -> None:
        book = PictureBook("velgrad/pictures")
        both = (BRIDGE, part_of(BRIDGE))
        first, second = (book.enter(both[number]) for number in order)
        assert first.row is second.row
        assert book.enter(RIVER).row is not first.row
        assert second.evidence() == "part of the same picture (60 places fit)"

    def test_what_is_seen_of_the_other_is_told_from_either_side(self) -> None:
        book = PictureBook("velgrad/pictures")
        row = book.enter(BRIDGE).row
        crop = part_of(BRIDGE)
        assert book.enter(crop).file == crop.id
        seen = row.how(BRIDGE.id, crop.id)
        assert seen is not None
        assert seen.region == (0.25, 0.25, 0.75, 0.75)
        back = row.how(crop.id)
        assert back is not None
        assert (back.region, back.transform) == ((0.0, 0.0, 1.0, 1.0), (0.5, 0.0, 0.25, 0.0, 0.5, 0.25))
        assert row.how(RIVER.id) is None

    def test_a_collage_makes_no_one_of_what_is_in_it(self) -> None:
        book = PictureBook("velgrad/pictures")
        (one,), (two,) = part_of(BRIDGE).found, part_of(RIVER).found
        collage = replace(picture("collage"), found=(one, two))
        row = book.enter(collage).row
        assert {book.enter(each).row.number for each in (BRIDGE, RIVER)}.isdisjoint({row.number})

    def test_an_unsure_find_is_none(self) -> None:
        book = PictureBook("velgrad/pictures")
        doubted = replace(part_of(BRIDGE).found[0], confidence=0.2)
        assert book.enter(BRIDGE).row is not book.enter(replace(picture("crop"), found=(doubted,))).row

    def test_cards_are_one_where_they_read_the_same(self) -> None:
        book = PictureBook("velgrad/pictures")
        said = "The council says the old bridge stays closed until Friday and nobody was hurt"
        first = book.enter(card(said, "one"))
        nearly = book.enter(card(said.replace("nobody", "nob0dy"), "two"))
        library = "The library opens an hour later on Sundays until the end of the year"
        other = book.enter(card(library, "three"))
        assert first.row is nearly.row
        assert nearly.evidence().startswith("a picture that reads the same (")
        assert other.row is not first.row
        asked, words = first.row.picture().words, sketch(said)
        assert asked is not None
        assert marks(asked) == marks(words)  # by which the archive is asked

    def test_one_caption_makes_no_one_of_two_pictures(self) -> None:
        book = PictureBook("velgrad/pictures")
        said = "Breaking news: the old bridge of Velgrad is closed until Friday"
        rows = [book.enter(card(said, name, 90)).row for name in ("day", "night")]
        assert rows[0] is not rows[1]

    def test_clips_that_share_more_than_an_opening_are_one_film(self) -> None:
        book = PictureBook("velgrad/pictures")
        shared = Reuse(picture=BRIDGE.id, kind="clip", inliers=40, confidence=0.99, seconds=((0.0, 28.0, 12.0, 40.0),))
        opening = replace(shared, seconds=((0.0, 4.0, 0.0, 4.0),))
        first = book.enter(BRIDGE).row
        clip = book.enter(replace(picture("clip"), found=(shared,)))
        assert clip.row is first
        assert clip.evidence() == "part of the same clip: seconds 12–40 of it are seconds 0–28 of this one"
        told = sighted(first, "", Sighting(0.0, "x:1", clip.file, "ana", "now", distance=clip.distance), at)
        assert (told.kind, told.seconds) == ("clip", ((12.0, 40.0, 0.0, 28.0),))
        assert book.enter(replace(picture("other"), found=(opening,))).row is not first

    def test_key_frames_are_not_told_beside_their_clip(self) -> None:
        clip = Earlier(picture="a", seen_at=START, source="x:1", handle="h", caption="c", kind="clip")
        frame, elsewhere_ = replace(clip, kind="hash"), replace(clip, source="x:2", kind="hash")
        assert once_a_clip([frame, clip, elsewhere_]) == [clip, elsewhere_]

    def test_what_is_saved_is_what_comes_back(self) -> None:
        book, again = PictureBook("velgrad/pictures"), PictureBook("velgrad/pictures")
        said = "The council says the old bridge stays closed until Friday and nobody was hurt"
        book.enter(BRIDGE)
        book.enter(card(said, "one"))
        book.enter(part_of(BRIDGE))
        book.shown_by(book.enter(BRIDGE).row, showing(1, 2, 3.0, ("a", "b", "c"), ()))
        parts = [(int(name.rpartition("/")[2]), body) for name, body in book.changes().items() if body]
        again.restore(sorted(parts))
        for each in (BRIDGE, part_of(BRIDGE), card(said, "later")):
            assert again.enter(each).row.number == book.enter(each).row.number


class TestTies:
    def test_a_flat_picture_that_cannot_be_read_ties_nothing(self) -> None:
        outs = run([post(1, 0, pictures=(FLAT,)), post(2, 9, "opening of a bakery tomorrow", pictures=(FLAT,)),
                    post(3, 12, "opening of a bakery tomorrow morning", reply_to=2)])  # fmt: skip
        assert all(member.tie != "media" for out in outs for member in getattr(out.message, "members", ()))

    def test_a_card_joins_the_story_whose_text_it_shows(self) -> None:
        words = "The old stone bridge of Velgrad has fallen, cars and a bus lie in the river"
        outs = run([post(1, 0, words), post(2, 9, "look", pictures=(card(words, "shot"),))])
        ties = [member.tie for out in outs for member in getattr(out.message, "members", ())]
        assert ties == ["first", "text"]


def _showings(posts: int, *, named: bool = True, apart_by: float = 60.0) -> list[Showing]:
    return [
        showing(
            n,
            n,
            n * apart_by,
            [f"w{n}{k}" for k in range(4)],
            [f"place-{n}"] if named else [],
        )
        for n in range(posts)
    ]


class TestEverywhere:
    @staticmethod
    def kept(showings: Sequence[Showing]) -> list[Showing]:
        kept: list[Showing] = []
        for each in showings:
            if taken_up(each, kept):
                kept.append(each)
        return kept

    def test_unrelated_posts_of_different_places_count(self) -> None:
        assert len(self.kept(_showings(FEWEST_UNRELATED))) == FEWEST_UNRELATED

    def test_many_voices_of_one_event_do_not(self) -> None:
        assert len(self.kept(_showings(500, named=False))) == 1, "nothing named, all within hours"
        many = _showings(500)
        one_place = [Showing(each.key, each.account, each.at, each.words, many[0].named) for each in many]
        assert len(self.kept(one_place)) == 1

    def test_one_account_counts_once_and_weeks_apart_need_no_names(self) -> None:
        alone = [Showing(s.key, 7, s.at, s.words, s.named) for s in _showings(20)]
        assert len(self.kept(alone)) == 1
        assert len(self.kept(_showings(10, named=False, apart_by=8 * DAY))) == 10

    @given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.sampled_from("abcdef")), max_size=40))
    def test_copies_never_make_a_picture_seen_everywhere(self, posts: list[tuple[int, int, str]]) -> None:
        """Posts that share a word are never counted twice, whoever sends them and whatever they name."""
        shown = [
            showing(n, who, when * DAY, ("bridge", "river", name), (name,)) for n, (who, when, name) in enumerate(posts)
        ]
        assert len(self.kept(shown)) <= 1

    def test_a_logo_ties_no_posts_and_is_no_earlier_life(self) -> None:
        logo = picture("logo")
        earlier = [
            post(5_000 + n, -600_000 + n * 4_000, f"alpha{n} beta{n} gamma{n} delta{n}", pictures=(logo,),
                 entities=place(f"Town{n}"))
            for n in range(FEWEST_UNRELATED + 1)
        ]  # fmt: skip
        story = [*history(100, -600), post(1, 0, pictures=(logo,)), *pleas(200, 10, 30)]
        (event,) = [each for each in events(run([*earlier, *story])) if each.kind == "opened"]
        assert event.finding.earlier == ()
        assert "seen everywhere" in [reason.name for reason in event.finding.reasons]
        assert "first seen" not in event.finding.headline

    def test_what_can_be_read_in_a_logo_makes_its_posts_no_kin(self) -> None:
        logo = replace(picture("logo"), text="Daily Eye Velgrad", words=sketch("Daily Eye Velgrad"))
        earlier = [
            post(5_000 + n, -600_000 + n * 4_000, f"alpha{n} beta{n} gamma{n} delta{n}", pictures=(logo,),
                 entities=place(f"Town{n}"))
            for n in range(FEWEST_UNRELATED + 1)
        ]  # fmt: skip
        assert self.tells_of_everywhere(logo, earlier)

    def test_nor_does_the_place_that_the_watch_is_of(self) -> None:
        logo = picture("logo")
        earlier = [
            post(5_000 + n, (n - 12) * 8 * DAY, f"alpha{n} beta{n} gamma{n} delta{n} in Velgrad", pictures=(logo,),
                 entities=place("Velgrad"))
            for n in range(FEWEST_UNRELATED + 1)
        ]  # fmt: skip
        assert self.tells_of_everywhere(logo, earlier)
        at_once = [
            post(5_000 + n, -600_000 + n * 4_000, f"alpha{n} beta{n} gamma{n} delta{n} in Velgrad", pictures=(logo,),
                 entities=place("Velgrad"))
            for n in range(FEWEST_UNRELATED + 1)
        ]  # fmt: skip
        assert not self.tells_of_everywhere(logo, at_once), "many voices of one event"

    @staticmethod
    def tells_of_everywhere(logo: Picture, earlier: Sequence[Enriched]) -> bool:
        story = [*history(100, -600), post(1, 0, pictures=(logo,)), *pleas(200, 10, 30)]
        (event,) = [each for each in events(run([*earlier, *story])) if each.kind == "opened"]
        return "seen everywhere" in [reason.name for reason in event.finding.reasons]

    def test_a_removed_post_no_longer_counts(self) -> None:
        book = PictureBook("velgrad/pictures")
        row = book.enter(BRIDGE).row
        for n in range(FEWEST_UNRELATED):
            book.shown_by(row, showing(digest(f"x:{n}"), n, n * 60.0, (f"a{n}", f"b{n}", f"c{n}"), (f"p{n}",)))
        assert row.everywhere
        book.forget_post("x:0")
        assert not row.everywhere


class TestThenAndNow:
    def test_the_finding_says_since_when_how_long_and_what_was_named(self) -> None:
        flood = Earlier(
            picture=BRIDGE.id, seen_at=datetime(2014, 3, 2, 7, 30, tzinfo=UTC), source="import:agency/1.jpg", handle="",
            caption="Flood at Ostrava Brod", dated_by="importer, day", seen_in="archive", named=("ostrava-brod",),
        )  # fmt: skip
        story = [*history(100, -600), post(1, 0, pictures=(BRIDGE,), entities=place("Velgrad")), *pleas(200, 10, 30)]
        (event,) = [each for each in events(run(story, MemoryArchive([flood]))) if each.kind == "opened"]
        assert "picture first seen 2014-03-02, at least 17 y 2 mo before" in event.finding.headline
        lines = {reason.name: reason for reason in event.finding.reasons}
        assert lines["then and now"].value == "Ostrava Brod / Velgrad"
        assert lines["then and now"].sentence == (
            "Then named Ostrava Brod (2014-03-02, import:agency/1.jpg), now named Velgrad: "
            "the words of then and of now name no place or event in common."
        )

    def test_no_sentence_dates_a_picture_finer_than_its_importer(self) -> None:
        of_a_month = Earlier(
            picture=BRIDGE.id, seen_at=datetime(2014, 3, 31, 23, 59, 59, tzinfo=UTC), source="import:agency/1.jpg",
            handle="", caption="Flood", dated_by="importer, month", seen_in="archive",
        )  # fmt: skip
        story = [*history(100, -600), post(1, 0, pictures=(BRIDGE,)), *pleas(200, 10, 30)]
        (event,) = [each for each in events(run(story, MemoryArchive([of_a_month]))) if each.kind == "opened"]
        said = [event.finding.headline, *(reason.sentence for reason in event.finding.reasons)]
        assert "A picture first seen 2014-03 is shown" in " ".join(said)
        assert not [sentence for sentence in said if "2014-03-31" in sentence]

    @pytest.mark.parametrize(
        ("then", "now"), [((), ("velgrad",)), (("brod",), ()), (("brod", "velgrad"), ("velgrad", "x"))]
    )
    def test_nothing_is_said_where_nothing_differs(self, then: tuple[str, ...], now: tuple[str, ...]) -> None:
        seen = Earlier(picture="a", seen_at=START, source="s", handle="h", caption="c", named=then)
        assert elsewhere([seen], now) is None

    def test_examples_are_described(self) -> None:
        by_name = {example.name: example.evidence for example in EXAMPLES}
        assert (
            first_seen(by_name["its picture was seen years before"])
            == "picture first seen 2014-03-02, 17 y 2 mo before"
        )
        names = [reason.name for reason in reasons(by_name["its picture was shown of another place years before"])]
        assert names == ["earlier sighting", "then and now"]

    @pytest.mark.parametrize(
        ("then", "now", "said"),
        [
            (datetime(2014, 3, 2, tzinfo=UTC), datetime(2016, 12, 13, tzinfo=UTC), "2 y 9 mo"),
            (datetime(2014, 3, 2, tzinfo=UTC), datetime(2016, 3, 2, tzinfo=UTC), "2 y"),
            (datetime(2016, 1, 31, tzinfo=UTC), datetime(2016, 3, 1, tzinfo=UTC), "1 mo"),
            (datetime(2016, 3, 1, tzinfo=UTC), datetime(2016, 3, 4, 5, tzinfo=UTC), "3 d 5 h"),
        ],
    )
    def test_spans(self, then: datetime, now: datetime, said: str) -> None:
        assert apart(Earlier(picture="a", seen_at=then, source="", handle="", caption=""), now) == said

    def test_words(self) -> None:
        assert "Ostrava Brod, Velgrad" in named(("place:ostrava-brod", "velgrad"))
        seen = Earlier(
            picture="a", seen_at=at(0), source="", handle="", caption="", kind="features", inliers=40, confidence=0.97,
            region=(0.0, 0.0, 0.5, 0.5),
        )  # fmt: skip
        assert how_it_matches(seen) == "25 % of it is in this one (40 places fit, confidence 97%)"
        clip = replace(seen, kind="clip", inliers=56, seconds=((0.0, 28.0, 12.0, 40.0),))
        said = "seconds 12–40 of it are seconds 0–28 of this one (56 moments agree, confidence 97%)"
        assert how_it_matches(clip) == said


@given(
    st.floats(0.3, 3), st.floats(0.3, 3), st.floats(-1, 1), st.floats(-1, 1),
)  # fmt: skip
def test_turned_round_twice_a_transform_is_itself(a: float, e: float, c: float, f: float) -> None:
    match = Reuse(picture="old", kind="features", inliers=9, transform=(a, 0.0, c, 0.0, e, f))
    twice = inverted(inverted(match, "new"), "old")
    assert twice.picture == "old"
    assert twice.transform == pytest.approx(match.transform, abs=2e-3)


def test_evidence_of_a_tie() -> None:
    row = PictureBook("w/pictures").enter(BRIDGE).row
    assert Match(row, 0).evidence() == "the same picture"
    assert Match(row, 6).evidence() == "the same picture but for 6 of 256 bits"


def test_a_file_some_bits_off_is_not_said_to_be_the_same() -> None:
    book = PictureBook("w/pictures")
    row = book.enter(BRIDGE).row
    book.see(row, Sighting(1.0, "x:1", BRIDGE.id, "ana", "the bridge"))
    near = replace(BRIDGE, id="another file", pdq=f"{int(BRIDGE.pdq, 16) ^ 0b1111:064x}")
    match = book.enter(near)
    seen = sighted(match.row, near.id, match.row.sightings[0], lambda at: datetime.fromtimestamp(at, UTC))
    assert (seen.kind, how_it_matches(seen)) == ("hash", "4 of 256 bits differ")
