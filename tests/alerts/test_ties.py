"""What ties posts into stories: texts, pictures, links, words."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.earlier.pictures import PictureBook, Sighting
from alerts.text.band_index import BandIndex
from alerts.text.copies import ALIKE, Likeness, best, likeness
from alerts.text.links import canonical
from alerts.text.word_index import WordIndex
from alerts.text.words import besides, own_terms, terms
from secondsource.contracts.copied import copied_text
from secondsource.contracts.messages import Entity, Picture
from tests.alerts.invented import CLAIM, WATCH, picture, post


@pytest.mark.parametrize(
    "changed",
    [
        f"RT @brana_k: {CLAIM}",
        f"{CLAIM} https://t.example/abc",
        f"{CLAIM} @mayor @police",
        CLAIM.upper(),
        CLAIM[:70] + "…",
        CLAIM.replace("fallen", "collapsed"),
    ],
)
def test_copies_are_alike(changed: str) -> None:
    assert likeness(copied_text(CLAIM), copied_text(changed)) >= ALIKE


def test_other_texts_are_not() -> None:
    other = "The old town hall of Velgrad has burnt, chairs and a clock lie in the square"
    assert likeness(copied_text(CLAIM), copied_text(other)) < ALIKE
    assert best(CLAIM, [(7, other), (8, CLAIM + "!")]) == (8, Likeness("exact", 100.0))
    assert best(CLAIM, [(7, other)]) is None


def test_a_copy_of_the_whole_is_before_one_of_a_part() -> None:
    standing = "follow the desk of Velgrad for updates from the town all day long"
    whole = f"{CLAIM} {standing}"
    found = best(f"{CLAIM.replace('fallen', 'collapsed')} {standing}", [(7, standing), (8, whole)])
    assert found is not None
    assert (found[0], found[1].kind) == (8, "near")


@pytest.mark.parametrize("shift", [0, 12])  # bands that all want the same slot are found like any others
def test_making_room_loses_no_living_text_and_drops_the_dead(shift: int) -> None:
    pick = random.Random(1)
    index = BandIndex(8, slots=1 << 8)
    held: dict[int, tuple[int, ...]] = {}
    for story in range(1, 400):
        text = story << 8 | 1
        bands = [pick.getrandbits(40) << shift for _ in range(15)]
        held[text] = (*bands, (story // 3 + 1) << 45)  # which three stories share
        index.add(text, held[text])
        if story % 7 == 0:
            index.drop(story)
    for text, theirs in held.items():
        living = (text >> 8) % 7 != 0
        assert (text in index.candidates(theirs)) == living


def test_of_those_that_share_bands_the_closest_comes_first() -> None:
    index = BandIndex(8)
    index.add(1 << 8, (1, 2, 3, 4))
    index.add(2 << 8, (1, 2, 9, 10))
    index.add(3 << 8, (5, 6, 7, 8))
    assert index.candidates((1, 2, 3, 10)) == [1 << 8, 2 << 8]


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("https://www.gazette.example/2031/05/bridge/?utm_source=x&id=7#top", "gazette.example/2031/05/bridge?id=7"),
        ("http://m.gazette.example/2031/05/bridge?id=7", "gazette.example/2031/05/bridge?id=7"),
        ("https://gazette.example/a?b=2&a=1", "gazette.example/a?a=1&b=2"),
        ("https://gazette.example/", ""),
        ("https://t.co/abc", ""),
        ("https://x.com/brana_k/status/1", ""),
        ("mailto:a@b.example", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_links_lead_to_pages(link: str, page: str) -> None:
    assert canonical(link) == page


@pytest.mark.parametrize(
    ("page", "links"),
    [
        (
            "gazette.example/bridge",
            (
                "https://gazette.example/amp/bridge", "https://gazette.example/bridge/amp/",
                "https://gazette.example/bridge.amp", "https://gazette.example/bridge?outputType=amp",
                "https://amp.gazette.example//bridge/index.html", "https://mobile.gazette.example/%62ridge",
                "https://www.google.com/amp/s/gazette.example/bridge",
                "https://gazette-example.cdn.ampproject.org/c/s/gazette.example/bridge",
                "https://web.archive.org/web/20310504090000/https://gazette.example/bridge",
                "https://l.facebook.com/l.php?u=https%3A%2F%2Fgazette.example%2Fbridge&h=x",
                "https://www.google.com/url?q=https://gazette.example/bridge&sa=t",
            ),
        ),
        (
            "youtube.com/watch?v=abc123XYZ_-",
            (
                "https://youtu.be/abc123XYZ_-?si=x", "https://m.youtube.com/watch?feature=share&v=abc123XYZ_-&t=3s",
                "https://www.youtube.com/shorts/abc123XYZ_-", "https://www.youtube-nocookie.com/embed/abc123XYZ_-",
            ),
        ),
        ("t.me/gazette/12", ("https://t.me/s/gazette/12", "https://telegram.me/gazette/12?single")),
        ("gazette.example?p=7", ("https://gazette.example/?p=7", "https://gazette.example/index.php?p=7&utm_medium=x")),
        ("en.wiki.example/Bridge", ("https://en.m.wiki.example/Bridge",)),
        ("бюро.example/мост", ("https://xn--90a0af9c.example/%D0%BC%D0%BE%D1%81%D1%82",)),
        ("amp.example/bridge", ("https://amp.example/bridge",)),
        ("", ("https://gazette.example/?lang=en", "https://mobile.twitter.com/ana/status/1", "https://fxtwitter.com/a/1")),
    ],
)  # fmt: skip
def test_a_page_is_one_however_it_is_reached(page: str, links: tuple[str, ...]) -> None:
    assert {canonical(link) for link in links} == {page}


def flipped(pdq: str, bits: int) -> str:
    return f"{int(pdq, 16) ^ ((1 << bits) - 1):064x}"


def test_a_picture_is_the_same_within_31_bits() -> None:
    book = PictureBook("w/pictures")
    bridge = picture("bridge")
    row = book.enter(bridge).row
    near = book.enter(picture("smaller", pdq=flipped(bridge.pdq, 31)))
    assert (near.row, near.distance) == (row, 31)
    assert book.enter(picture("smaller", pdq=flipped(bridge.pdq, 31))).distance == 31, "known by its bytes now"
    assert book.enter(picture("another", pdq=flipped(bridge.pdq, 32))).row is not row


@pytest.mark.parametrize(("one", "other"), [(69, 100), (100, 69), (50, 69)])
def test_where_little_is_to_be_seen_fewer_bits_may_differ(one: int, other: int) -> None:
    book = PictureBook("w/pictures")
    night = picture("night", quality=one)
    row = book.enter(night).row
    assert book.enter(picture("saved again", pdq=flipped(night.pdq, 12), quality=other)).row is row
    assert book.enter(picture("another night", pdq=flipped(night.pdq, 13), quality=other)).row is not row


def test_a_rich_picture_farther_away_is_taken_before_a_poor_one_that_is_too_far() -> None:
    book = PictureBook("w/pictures")
    poor = picture("night", quality=60)
    rich = picture("bridge", pdq=flipped(poor.pdq, 32))
    book.enter(poor)
    row = book.enter(rich).row
    between = picture("between", pdq=flipped(poor.pdq, 14))
    assert (book.enter(between).row, book.enter(between).distance) == (row, 18)


def test_flat_pictures_match_by_their_bytes_only() -> None:
    book = PictureBook("w/pictures")
    flat = picture("sky", quality=49)
    row = book.enter(flat).row
    assert book.enter(flat).row is row
    assert book.enter(picture("other sky", pdq=flat.pdq, quality=100)).row is not row


def test_the_oldest_pictures_leave_first_and_the_index_stays_right() -> None:
    book = PictureBook("w/pictures", most=100)
    pictures = [picture(f"picture {number}") for number in range(350)]
    for one in pictures:
        book.enter(one)
    assert len(book) == 100
    for number, one in enumerate(pictures[260:]):
        variant = Picture(id=f"v{number}", url="", state="fingerprinted", pdq=flipped(one.pdq, 5), quality=90)
        assert book.enter(variant).distance == 5
    assert len(book) == 100


def test_the_earliest_five_sightings_are_kept_and_leave_with_their_post() -> None:
    book = PictureBook("w/pictures")
    row = book.enter(picture("bridge")).row
    for number in (9, 3, 7, 1, 8, 2, 6):
        book.see(row, Sighting(float(number), f"x:{number}", "file", f"user{number}", f"words {number}"))
    book.see(row, Sighting(2.0, "x:2", "file", "user2", "words 2"))
    assert [seen.at for seen in row.sightings] == [1, 2, 3, 6, 7]
    book.forget_post("x:2")
    assert [seen.at for seen in row.sightings] == [1, 3, 6, 7]


def test_terms_leave_out_what_every_post_of_the_watch_says() -> None:
    named = Entity(kind="place", id="place:old-bridge", text="old stone bridge", start=4, end=20)
    town = Entity(kind="place", id="place:velgrad", text="Velgrad", start=0, end=0)
    said = terms(post(1, 0, CLAIM + " #Velgrad @mayor https://a.example/b", entities=(named, town)), own_terms(WATCH))
    assert said == (
        "place place:old-bridge", "old", "stone", "bridge", "fallen", "cars", "bus", "lie", "river", "mayor",
    )  # fmt: skip


@pytest.mark.parametrize(
    "tag", ["SaveOldVelgrad", "saveoldvelgrad", "Save_Old_Velgrad", "أنقذوا_الجسر", "انقذوا_الجسر"]
)
def test_a_hashtag_of_the_watch_tells_nothing_however_it_is_parted_into_words(tag: str) -> None:
    watch = msgspec.structs.replace(WATCH, hashtags=("SaveOldVelgrad", "أنقذوا_الجسر"))
    assert terms(post(1, 0, f"Trams stopped #{tag} #MillSquare"), own_terms(watch)) == (
        "trams", "stopped", "mill", "square",
    )  # fmt: skip


def test_rare_words_in_common_tie_and_common_ones_do_not() -> None:
    index = WordIndex()
    index.open(1, 0.0, [("bridge", "fallen", "river", "bus")])
    for story in range(2, 400):
        index.open(story, float(story), [("bridge", "market", "river", f"w{story}", f"v{story}")])
    found = index.find(("fallen", "bus", "bridge", "ambulance"))
    assert found is not None
    assert found.story == 1
    assert found.shared == ("bus", "fallen", "bridge")
    assert index.find(("bridge", "market", "river", "ambulance")) is None
    assert index.find(("fallen", "bus")) is None, "two words are too few"


def test_what_a_post_said_ties_no_more_once_it_is_gone_and_what_others_said_does() -> None:
    index = WordIndex()
    index.open(1, 0.0, [("bridge", "fallen", "river", "bus"), ("tram", "stopped", "mill")], (11, 12))
    index.extend(1, ("ferry", "held", "quay", "14"), 13)
    index.unsay(1, 11)
    index.unsay(1, 99)
    assert index.sayings(1) == (("tram", "stopped", "mill"), ("ferry", "held", "quay", "14"))
    assert index.sayers(1) == (12, 13)
    assert index.find(("bridge", "fallen", "river", "bus")) is None
    assert index.find(("tram", "stopped", "mill")) is not None
    assert index.find(("ferry", "held", "quay", "14")) is not None


def test_words_of_hours_ago_tie_no_more() -> None:
    index = WordIndex()
    index.open(1, 0.0, [("bridge", "fallen", "river", "bus")])
    index.slide(6 * 3600 + 1)
    assert index.find(("bridge", "fallen", "river", "bus")) is None
    assert index.slid == 1


def test_a_name_of_one_word_counts_once_and_a_number_is_one_in_any_digits() -> None:
    osmar = Entity(kind="place", id="osmar", text="Osmar", start=0, end=5)
    own = own_terms(WATCH)
    assert terms(post(1, 0, "Osmar: 14 dead, 40 hurt", entities=(osmar,)), own)[:3] == ("place osmar", "14", "dead")
    assert {"14", "40"} <= set(terms(post(1, 0, "١٤ قتيلا و40 جريحا"), own))


def test_a_name_alone_ties_nothing_though_it_is_known_by_its_words_too() -> None:
    index = WordIndex()
    index.open(1, 0.0, [("person mira castell", "mira", "castell", "died", "54")])
    other = ("person mira castell", "mira", "castell", "song", "2019")
    assert index.find(other) is None
    assert index.find(other, name_alone=True) is not None, "so much is asked of who asserts, not of who denies"
    found = index.find(("person mira castell", "mira", "castell", "died", "54", "heartbroken"))
    assert found is not None
    assert found.shared == ("54", "castell", "died", "mira", "person mira castell")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("बाज़ार में भीषण आग, १२ की मौत", {"बाज़ार", "भीषण", "मौत", "12"}),
        ("#बाज़ार_हादसा: मज़दूर दबे", {"बाज़ार", "हादसा", "मज़दूर", "दबे"}),
        ("বাজারে আগুন, ১২ জনের মৃত্যু", {"বাজারে", "আগুন", "মৃত্যু", "12"}),
        ("சந்தையில் தீ விபத்து", {"சந்தையில்", "விபத்து"}),
        ("שוק הוותיק עולה באש", {"הוותיק", "באש"}),
        ("市场大火12人死亡", {"市场", "大火", "死亡", "12"}),
        ("市場で火災が発生", {"市場", "火災", "発生"}),
        ("시장에서 화재 발생", {"시장", "화재", "발생"}),
    ],
)
def test_words_are_words_in_every_script(text: str, words: set[str]) -> None:
    assert words <= set(terms(post(1, 0, text), own_terms(WATCH)))


@pytest.mark.parametrize(
    ("one", "other", "neither"),
    [
        ("化工厂爆炸已造成6人死亡，消防正在灭火", "刚刚化工厂爆炸了，窗户都震碎了", "消防员真辛苦，大家都在睡觉"),
        ("서쪽역 침수, 지하철 운행 중단", "폭우로 서쪽역 침수… 지하철 중단", "서쪽역에서 친구를 만났다"),
        ("น้ำท่วมหนักที่ตลาดเก่า โรงเรียนปิด", "ตลาดเก่าน้ำท่วมหนัก โรงเรียนประกาศปิด", "ตลาดเก่าเปิดกี่โมงวันนี้"),
    ],
)
def test_without_blanks_between_words_the_same_is_found_in_others(one: str, other: str, neither: str) -> None:
    own = own_terms(WATCH)
    index = WordIndex()
    index.open(1, 0.0, [terms(post(1, 0, one), own)])
    assert index.find(terms(post(2, 1, other), own)) is not None
    assert index.find(terms(post(3, 2, neither), own)) is None


@pytest.mark.parametrize(
    ("one", "other", "neither"),
    [
        (
            "Рухнул старый каменный мост через реку, автобус упал в воду",
            "Очевидцы у старого моста: обрушение каменного пролёта, автобусы в воде",
            "На каменном мосту столкнулись автобусы",
        ),
        (
            "Завалився старий кам'яний міст, автобус упав у річку, пасажири поранені",
            "Пасажирів автобуса витягли з річки біля старого мосту",
            "Пасажирам автобусів обіцяють нові зупинки",
        ),
        (
            "Горит склад мебельной фабрики на северной окраине",
            "Пожар на мебельной фабрике: на северных окраинах дымятся склады",
            "Мебельную фабрику продали, рабочие склада ждут зарплату",
        ),
    ],
)
def test_words_in_cyrillic_letters_are_the_same_with_other_endings(one: str, other: str, neither: str) -> None:
    own = own_terms(WATCH)
    index = WordIndex()
    index.open(1, 0.0, [terms(post(1, 0, one), own)])
    assert index.find(terms(post(2, 1, other), own)) is not None
    assert index.find(terms(post(3, 2, neither), own)) is None, "three of them are too few"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("каменный", "каменного", True),
        ("фабрика", "фабриками", True),
        ("лікарня", "лікарнею", True),
        ("самолёт", "самолётом", True),
        ("порт", "портной", False),
        ("город", "городок", False),
        ("завод", "заводчик", False),
        ("мэр", "мэра", False),  # too short to tell what is an ending
        ("bank", "banka", False),
    ],
)
def test_an_ending_is_no_other_word(one: str, other: str, same: bool) -> None:
    own = own_terms(WATCH)
    assert (terms(post(1, 0, one), own) == terms(post(2, 0, other), own)) is same


@given(st.text("абвгеийкмоуыхьяіїє", min_size=3, max_size=14))
def test_without_its_ending_a_word_begins_as_it_did_and_keeps_four_letters(word: str) -> None:
    for term in terms(post(1, 0, word), frozenset()):
        assert word.startswith(term)
        assert len(term) >= min(4, len(word))


@given(
    st.text("abcdefghijklmnopqrstuvwxyzäéñış", min_size=3, max_size=14) | st.text("ابتجحلم", min_size=3, max_size=14)
)
def test_words_in_other_letters_keep_their_ends(word: str) -> None:
    assert terms(post(1, 0, word), frozenset()) == (word,)


def test_a_word_of_the_watch_ties_none_with_another_ending() -> None:
    own = own_terms(msgspec.structs.replace(WATCH, any_of=("каменные мосты",)))
    assert terms(post(1, 0, "Каменного моста нет, только паром"), own) == ("паром",)


def test_words_of_a_known_name_keep_their_endings() -> None:
    harbour = Entity(kind="place", id="osmar harbour", text="Старая Гавань", start=0, end=13)
    said = terms(post(1, 0, "Старая Гавань закрыта", entities=(harbour,)), own_terms(WATCH))
    assert said == ("place osmar harbour", "старая", "гавань", "закрыт")


def test_what_stands_in_another_text_is_left_out_with_its_endings() -> None:
    said = terms(post(1, 0, "Старого каменного моста нет, паром ходит ночью бесплатно"), own_terms(WATCH))
    assert besides(said, "Старого каменного моста больше") == ("паром", "ходит", "ночь", "бесплатн")


def test_a_name_without_blanks_around_it_counts_once() -> None:
    kinkaku = Entity(kind="place", id="kinkaku", text="金閣寺", start=0, end=3)
    assert terms(post(1, 0, "金閣寺で火災", entities=(kinkaku,)), own_terms(WATCH)) == ("place kinkaku", "火災")


def test_what_fills_in_another_form_is_still_known_by_its_own_names_and_figures() -> None:
    said = ("place brenn", "magnitude", "5.2", "strikes", "near")
    form = "A quake of magnitude 6.1 strikes near Osmar"
    assert besides(said, form, ("osmar",)) == ("place brenn", "5.2")
    assert besides(said, form, ("brenn",)) == ("5.2",)
