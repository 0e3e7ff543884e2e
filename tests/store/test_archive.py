from __future__ import annotations

import random
from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.ports import Archive
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import UNMOVED, WHOLE, Earlier, Picture, Region, View
from secondsource.contracts.reuse import LIKENESS_RIGHT
from store.pictures.archive import Imported
from store.pictures.fingerprints import Fingerprints
from store.store import Store, open_store
from tests.alerts.invented import sketch
from tests.store import velgrad as v

BRIDGE = "0f1e2d3c4b5a6978" * 4


def _matches(store: Store) -> set[tuple[str, str, int]]:
    return {(row["a"], row["b"], row["distance"]) for row in store.dump("picture_matches")}


def _pair(a: str, b: str, distance: int) -> tuple[str, str, int]:
    return (min(a, b), max(a, b), distance)


def test_planted_near_duplicates_are_matched_exactly(store: Store) -> None:
    """Among 300 random pictures: pairs at 0 and 31 bits match, at 32 they do not, too flat ones never do."""
    rng = random.Random(7)
    noise = [v.picture(f"noise {n}", f"{rng.getrandbits(256):064x}") for n in range(300)]
    bridge = v.picture("bridge", BRIDGE)
    same = v.picture("same hash, other bytes", BRIDGE)
    edge = v.picture("at 31", v.flipped(BRIDGE, 31))
    over = v.picture("at 32", v.flipped(BRIDGE, 32, start=100))
    flat = v.picture("too flat", BRIDGE, quality=49)
    usable = v.picture("just usable", v.flipped(BRIDGE, 1, start=200), quality=50)
    v.keep(store, *(v.enriched(n, pictures=(each,)) for n, each in enumerate(noise)))
    v.keep(store, v.enriched(1000, pictures=(bridge, over, flat)))
    v.keep(store, v.enriched(1001, pictures=(same, edge, usable)))
    assert _matches(store) == {
        _pair(bridge.id, same.id, 0),
        _pair(bridge.id, edge.id, 31),
        _pair(same.id, edge.id, 31),
        _pair(bridge.id, usable.id, 1),
        _pair(same.id, usable.id, 1),
    }


def test_where_little_is_to_be_seen_fewer_bits_may_differ(store: Store) -> None:
    """A headline and a logo on two nights are within 31 bits, and no more is to be seen of either."""
    night = v.picture("night", BRIDGE, quality=62)
    again = v.picture("saved again", v.flipped(BRIDGE, 12), quality=100)
    other = v.picture("another night", v.flipped(BRIDGE, 13, start=60), quality=69)
    v.keep(store, v.enriched(1, seconds=10, pictures=(night,)), v.enriched(2, seconds=20, pictures=(again, other)))
    assert _matches(store) == {_pair(night.id, again.id, 12)}
    asked = v.picture("asked", v.flipped(BRIDGE, 13), quality=69)
    assert [each.picture for each in store.archive.earlier([asked], v.at(30), 10)] == [again.id]


def test_earlier_sightings_come_oldest_first_and_strictly_before(store: Store) -> None:
    archive: Archive = store.archive
    bridge, copy = v.picture("bridge", BRIDGE), v.picture("copy", v.flipped(BRIDGE, 9))
    v.keep(
        store,
        v.enriched(3, seconds=30, pictures=(copy,)),
        v.enriched(1, seconds=10, pictures=(bridge,), author=1, text="Flood"),
        v.enriched(2, seconds=20, pictures=(bridge,), author=2),
    )
    found = archive.earlier([copy], v.at(30), 10)
    assert [(each.source, each.distance) for each in found] == [("x:1", 9), ("x:2", 9)]
    assert found[0] == Earlier(
        picture=bridge.id,
        seen_at=v.at(10),
        source="x:1",
        handle="mila1",
        caption="Flood",
        distance=9,
        confidence=LIKENESS_RIGHT,
        url=bridge.url,
        named=("velgrad",),
        shown=copy.id,
    )
    assert [each.source for each in archive.earlier([copy], v.at(31), 10)] == ["x:1", "x:2", "x:3"]
    assert [each.source for each in archive.earlier([bridge], v.at(31), 1)] == ["x:1"]
    assert archive.earlier([bridge], v.at(10), 10) == []
    assert archive.earlier([], v.at(99), 10) == []


def _viewed(name: str, *regions: tuple[str, Region]) -> Picture:
    """A picture with a hash of its own, which encloses what has these hashes; mirrored it has the hash that is its
    own turned about.
    """
    own = sha256(name.encode()).hexdigest()
    seen = [(own, WHOLE), *regions]
    views = tuple(
        View(codes=b"".join(bytes.fromhex(_turned(code, turn)) for turn in range(8)), quality=90, region=region)
        for code, region in seen
    )
    return replace(v.picture(name, own), views=views)


def _turned(code: str, turn: int) -> str:
    return code[turn:] + code[:turn]


CENTRE: Region = (0.25, 0.25, 0.75, 0.75)
LEFT: Region = (0.0, 0.1, 0.6, 0.9)
RIGHT: Region = (0.65, 0.1, 0.95, 0.7)


def test_what_a_picture_encloses_is_found_from_either_side(store: Store) -> None:
    """A screenshot leads to the picture in it, and the picture to its screenshot; two screenshots to each other."""
    bridge = v.picture("bridge", BRIDGE, quality=90)
    shot = _viewed("shot", (v.flipped(BRIDGE, 4), CENTRE))
    v.keep(store, v.enriched(1, seconds=10, pictures=(bridge,)), v.enriched(2, seconds=20, pictures=(shot,)))
    asked = _viewed("asked", (v.flipped(BRIDGE, 6), CENTRE))
    found = {each.source: each for each in store.archive.earlier([asked], v.at(30), 10)}
    assert [(each.distance, each.kind, each.region, each.shown) for each in found.values()] == [
        (6, "hash", WHOLE, asked.id),
        (2, "hash", CENTRE, asked.id),
    ]
    assert found["x:1"].transform == (0.5, 0.0, 0.25, 0.0, 0.5, 0.25)
    clean = v.picture("clean", v.flipped(BRIDGE, 5), quality=90)
    found = {each.source: each for each in store.archive.earlier([clean], v.at(30), 10)}
    assert {name: (each.distance, each.region) for name, each in found.items()} == {
        "x:1": (5, WHOLE),
        "x:2": (1, CENTRE),
    }
    assert found["x:2"].transform == (2.0, 0.0, -0.5, 0.0, 2.0, -0.5)


def test_a_page_round_other_pictures_is_not_the_same_page(store: Store) -> None:
    def page(name: str, inside: str) -> Picture:
        views = _viewed("one page", (inside, CENTRE)).views
        return replace(v.picture(name, v.flipped(views[0].codes[:32].hex(), len(name)), quality=90), views=views)

    one, again, other = page("one", BRIDGE), page("again", v.flipped(BRIDGE, 9)), page("other", v.flipped(BRIDGE, 128))
    v.keep(store, v.enriched(1, seconds=10, pictures=(one, other)), v.enriched(2, seconds=20, pictures=(again,)))
    assert _matches(store) == {_pair(one.id, again.id, 2)}
    assert {each.picture for each in store.archive.earlier([again], v.at(15), 10)} == {one.id}
    assert {each.picture for each in store.archive.earlier([other], v.at(30), 10)} == {other.id}


def test_an_advertisement_on_two_pages_makes_them_no_one_picture(store: Store) -> None:
    def article(name: str) -> Picture:
        return _viewed(name, (sha256(f"photo {name}".encode()).hexdigest(), LEFT), (BRIDGE, RIGHT))

    one, two, alone = article("one"), article("two"), v.picture("the advertisement", BRIDGE, quality=90)
    v.keep(store, v.enriched(1, seconds=10, pictures=(one,)))
    assert store.archive.earlier([two], v.at(30), 10) == []
    assert [each.picture for each in store.archive.earlier([alone], v.at(30), 10)] == [one.id]


def test_the_whole_is_told_before_what_it_encloses(store: Store) -> None:
    """A screenshot saved again differs in more bits as a whole than in the picture on it."""
    shot = _viewed("shot", (BRIDGE, CENTRE))
    again = replace(shot, id="0" * 64, pdq=v.flipped(shot.pdq, 6))
    v.keep(store, v.enriched(1, seconds=10, pictures=(shot,)))
    (found,) = store.archive.earlier([again], v.at(30), 10)
    assert (found.distance, found.region, found.transform) == (6, WHOLE, UNMOVED)


def test_pictures_that_are_asked_for_together_are_found_as_each_alone(store: Store) -> None:
    v.keep(store, v.enriched(1, seconds=10, pictures=(v.picture("bridge", v.flipped(BRIDGE, 20), quality=90),)))
    poor, clean = v.picture("a dark copy", BRIDGE, quality=60), v.picture("clean", BRIDGE, quality=90)
    for asked in ([clean], [poor, clean], [clean, poor]):
        assert [each.shown for each in store.archive.earlier(asked, v.at(30), 10)] == [clean.id]


def test_a_picture_kept_by_an_earlier_version_is_known_by_its_views_once_it_is_seen_again(store: Store) -> None:
    shot, clean = _viewed("shot", (BRIDGE, CENTRE)), v.picture("clean", v.flipped(BRIDGE, 5), quality=90)
    v.keep(store, v.enriched(1, seconds=10, pictures=(replace(shot, views=()),)))
    assert store.archive.earlier([clean], v.at(30), 10) == []
    v.keep(store, v.enriched(2, seconds=20, pictures=(shot,)))
    assert [each.source for each in store.archive.earlier([clean], v.at(30), 10)] == ["x:1", "x:2"]


def test_many_views_at_once_are_kept(store: Store) -> None:
    shots = [_viewed(f"shot {n}", (v.flipped(BRIDGE, n % 9), CENTRE)) for n in range(40)]
    v.keep(store, *(v.enriched(n, seconds=n, pictures=(shot,)) for n, shot in enumerate(shots)))
    assert len(store.dump("picture_views")) == 40
    assert len(store.archive.earlier([v.picture("clean", BRIDGE, quality=90)], v.at(90), 99)) == 40


SAID = "The council says the old bridge stays closed until Friday and nobody was hurt in the flood"


def _card(name: str, text: str = SAID, **more: object) -> Picture:
    return v.picture(name, v.flipped(BRIDGE, len(name)), quality=40, text=text, words=sketch(text), **more)


def test_a_card_is_found_by_its_text_alone(store: Store) -> None:
    card, again = _card("as it was"), _card("set otherwise", SAID.replace("hurt", "hvrt"))
    v.keep(store, v.enriched(1, seconds=10, pictures=(card,)), v.enriched(2, seconds=20, pictures=(again,)))
    found = store.archive.earlier([_card("saved again")], v.at(30), 10)
    assert [(each.source, each.kind, each.confidence == 1.0) for each in found] == [
        ("x:1", "text", True), ("x:2", "text", False)
    ]  # fmt: skip
    other = _card("another", "Water is back in the eastern districts of the old town")
    assert store.archive.earlier([other], v.at(30), 10) == []
    photograph = v.picture("photograph", card.pdq, quality=90, text=SAID, words=sketch(SAID))
    assert store.archive.earlier([photograph], v.at(30), 10) == []


def test_a_card_of_few_words_is_found_where_it_reads_the_same_to_the_letter(store: Store) -> None:
    v.keep(store, v.enriched(1, seconds=10, pictures=(_card("one", "Five dead on the bridge"),)))
    assert len(store.archive.earlier([_card("two", "FIVE DEAD on the bridge!")], v.at(30), 10)) == 1
    assert store.archive.earlier([_card("three", "Nine dead on the bridge")], v.at(30), 10) == []


def test_the_text_of_a_card_leaves_with_it(store: Store) -> None:
    v.keep(store, v.enriched(1, seconds=10, pictures=(_card("one"),)))
    assert store.dump("picture_words")
    v.keep(store, v.takedown(1, seconds=20))
    assert store.dump("picture_words") == []


def test_a_mirrored_picture_is_found(store: Store) -> None:
    mirror = _viewed("mirror")
    v.keep(store, v.enriched(1, seconds=10, pictures=(v.picture("bridge", _turned(mirror.pdq, 5), quality=90),)))
    (found,) = store.archive.earlier([mirror], v.at(30), 10)
    assert (found.distance, found.transform) == (0, (-1.0, 0.0, 1.0, 0.0, 1.0, 0.0))


def test_views_are_found_by_those_who_looked_before_and_leave_with_their_picture(store: Store, store_url: str) -> None:
    clean = v.picture("clean", BRIDGE, quality=90)
    shot = _viewed("shot", (v.flipped(BRIDGE, 4), CENTRE))
    with closing(open_store(store_url)) as other:
        assert other.archive.earlier([clean], v.at(30), 10) == []
        v.keep(store, v.enriched(1, seconds=10, pictures=(shot,)))
        assert [each.source for each in other.archive.earlier([clean], v.at(30), 10)] == ["x:1"]
        v.keep(store, v.takedown(1, seconds=20))
        assert store.dump("picture_views") == []
        assert other.archive.earlier([clean], v.at(30), 10) == []


def test_the_nearest_of_several_pictures_gives_the_distance(store: Store) -> None:
    v.keep(store, v.enriched(1, pictures=(v.picture("bridge", BRIDGE),)))
    asked = [v.picture("far", v.flipped(BRIDGE, 30)), v.picture("near", v.flipped(BRIDGE, 2))]
    assert [each.distance for each in store.archive.earlier(asked, v.at(1), 10)] == [2]


def test_a_picture_without_fingerprint_still_matches_itself(store: Store) -> None:
    gone = v.picture("gone")
    v.keep(store, v.enriched(1, pictures=(gone,)), v.enriched(2, seconds=9, pictures=(gone,)))
    assert [each.source for each in store.archive.earlier([gone], v.at(9), 10)] == ["x:1"]
    assert store.archive.earlier([v.picture("other")], v.at(9), 10) == []


def test_a_flat_picture_asks_by_its_bytes_only(store: Store) -> None:
    v.keep(store, v.enriched(1, pictures=(v.picture("bridge", BRIDGE),)))
    assert store.archive.earlier([v.picture("flat", BRIDGE, quality=49)], v.at(9), 10) == []


def test_imported_sightings_are_found_with_their_caption(store: Store) -> None:
    entry = Imported(v.picture("bridge", BRIDGE), "gazette:12", v.at(-9e7), "gazette", "Dolnograd\x00, 2014")
    for _ in range(2):
        store.archive.bring([entry])
    (found,) = store.archive.earlier([v.picture("copy", v.flipped(BRIDGE, 5))], v.at(0), 10)
    assert (found.source, found.handle, found.caption) == ("gazette:12", "gazette", "Dolnograd\ufffd, 2014")


def test_sightings_say_what_kind_of_source_they_are_of(store: Store) -> None:
    """A post, an agency's feed, a fact-check, an import."""
    bridge = v.picture("bridge", BRIDGE)
    shown = [v.enriched(number, seconds=number, pictures=(bridge,)) for number in range(3)]
    platforms = (("x", ()), ("feed", ()), ("feed", shown[2].post.reviews))
    v.keep(
        store,
        *(
            replace(each, post=replace(each.post, platform=platform, reviews=reviews))
            for each, (platform, reviews) in zip(shown, platforms, strict=True)
        ),
    )
    store.archive.bring([Imported(bridge, "import:gazette/12.jpg", v.at(-9e7))])
    told = {each.source: each.seen_in for each in store.archive.earlier([bridge], v.at(9), 10)}
    assert told == {"import:gazette/12.jpg": "archive", "x:0": "post", "x:1": "feed", "x:2": "fact-check"}


def test_an_import_says_what_tells_its_date_and_may_be_corrected(store: Store) -> None:
    def entry(number: int, **more: Any) -> Imported:
        told = {"caption": f"Frame {number}", "dated_by": "importer, day", "credit": "Ida", "place": "Velgrad", **more}
        picture = v.picture(f"p{number}", f"{number:064x}")
        return Imported(**{"picture": picture, "entry": f"import:g/{number}.jpg", "seen_at": v.at(-9e7), **told})

    brought = [entry(number) for number in range(60)]
    for _ in range(2):
        store.archive.bring(brought)
    names = [each.entry for each in brought]
    assert store.archive.brought([*names, "import:g/none.jpg"]) == {each.entry: each.said for each in brought}
    assert len(store.dump("sightings")) == len(store.dump("imports")) == 60
    other = v.picture("another", BRIDGE)
    corrected = entry(7, seen_at=v.at(-8e7), dated_by="exif", caption="half a \ud800 pair")._replace(picture=other)
    store.archive.bring([corrected])
    assert store.archive.brought(names)["import:g/7.jpg"] == corrected.said
    assert len(store.dump("sightings")) == len(store.dump("imports")) == 60, "it stands in the place of what it said"
    (found,) = store.archive.earlier([other], v.at(0), 10)
    assert (found.source, found.dated_by, found.seen_at) == ("import:g/7.jpg", "exif", v.at(-8e7))


def test_pictures_written_by_another_process_are_found(store: Store, store_url: str) -> None:
    other = open_store(store_url)
    asked = [v.picture("asked", v.flipped(BRIDGE, 3))]
    assert store.archive.earlier(asked, v.at(9), 10) == []
    v.keep(other, v.enriched(1, pictures=(v.picture("bridge", BRIDGE),)))
    assert [each.source for each in store.archive.earlier(asked, v.at(9), 10)] == ["x:1"]
    other.close()
    fresh = open_store(store_url)
    assert [each.source for each in fresh.archive.earlier(asked, v.at(9), 10)] == ["x:1"]
    fresh.close()


def test_pictures_of_a_rolled_back_transaction_are_not_found_and_later_ones_are_not_missed(
    store: Store, store_url: str
) -> None:
    """SQLite gives the numbers of rolled back rows out again; another process may get them."""
    v.keep(store, v.enriched(1, pictures=(v.picture("market", "77" * 32),)))
    rolled_back = pytest.raises(ZeroDivisionError)
    with rolled_back, store.transaction():
        v.keep(store, v.enriched(2, pictures=(v.picture("lost", BRIDGE),)))
        assert store.archive.earlier([v.picture("lost", BRIDGE)], v.at(9), 10) != []
        raise ZeroDivisionError
    assert store.archive.earlier([v.picture("lost", BRIDGE)], v.at(9), 10) == []
    other = open_store(store_url)
    v.keep(other, v.enriched(3, pictures=(v.picture("wall", v.flipped("5a" * 32, 4)),)))
    other.close()
    assert [e.source for e in store.archive.earlier([v.picture("asked", "5a" * 32)], v.at(9), 10)] == ["x:3"]


def test_a_picture_that_can_be_read_at_last_is_matched_and_found_by_others(store: Store, store_url: str) -> None:
    other = open_store(store_url)
    refused = v.picture("bridge", state="refused", reason="too many pixels")
    v.keep(store, v.enriched(1, pictures=(refused,)), v.enriched(2, pictures=(v.picture("copy", BRIDGE),)))
    asked = [v.picture("asked", BRIDGE)]
    assert [each.source for each in other.archive.earlier(asked, v.at(9), 10)] == ["x:2"]
    v.keep(store, v.enriched(3, pictures=(v.picture("bridge", BRIDGE),)))
    assert len(_matches(store)) == 1
    assert [each.source for each in other.archive.earlier(asked, v.at(9), 10)] == ["x:1", "x:2", "x:3"]
    other.close()


def test_a_fingerprint_that_is_none_is_a_bad_record(store: Store) -> None:
    for wrong in ("abc", "zz" * 32, "00" * 31):
        with pytest.raises(BadRecord, match="64 hex digits"):
            v.keep(store, v.enriched(1, pictures=(v.picture("wrong", wrong),)))
    assert store.dump("pictures") == []


def test_the_index_holds_each_fingerprint_once() -> None:
    index = Fingerprints()
    index.add([BRIDGE, BRIDGE])
    index.add([BRIDGE, v.flipped(BRIDGE, 1)])
    assert len(index) == 2
    assert index.near([BRIDGE]) == [{BRIDGE: 0, v.flipped(BRIDGE, 1): 1}]
    assert Fingerprints().near([BRIDGE]) == [{}]
