"""Earlier fact-checks: found by what they checked, only those published before, as if a removed one had never been."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.earlier.checks import CheckBook, checked
from alerts.earlier.factchecks import FEATURES, WEIGHTS, Check, FactCheckIndex, pieces_of, stems_of, words_of
from alerts.judging.stage import AlertsStage
from alerts.text.understanding import Understanding
from secondsource.contracts.messages import Enriched, Review
from tests.alerts.invented import CLAIM, at, counted, events, gone, history, ordered, post, records, watch
from tests.fakes.archive import MemoryArchive
from tests.fakes.embedder import Concepts

BRIDGE = Check("The stone bridge of Velgrad has collapsed with cars on it", "Did Velgrad's old bridge fall?")
OTHERS = (
    Check("A lion escaped from the Velgrad zoo", "Lion on the loose?"),
    Check("The mayor of Ostrava Brod sold the town's library", "Library for sale?"),
    Check("Drinking river water protects from the flu", ""),
    Check("13,000 people were evacuated from Brod in 1994", "Evacuation of Brod"),
)
_words = st.sampled_from(
    [
        "bridge",
        "bridges",
        "fallen",
        "mayor",
        "lion",
        "1994",
        "Velgrad",
        "جسر",
        "мост",
        "橋が落ちた",
        "#OldBridge",
        "@j_doe",
    ]
)
_texts = st.lists(_words, max_size=12).map(" ".join)


def index(*checks: Check) -> FactCheckIndex:
    made = FactCheckIndex()
    for check in checks:
        made.add(check)
    return made


def test_the_claim_that_a_post_repeats_in_other_words_comes_first() -> None:
    found = index(*OTHERS, BRIDGE).nearest("unbelievable!! velgrads stone bridge collapsing, cars fell in", 5)
    assert found[0].check == len(OTHERS)
    assert found[0].similar
    assert not any(near.similar for near in found[1:])


@pytest.mark.parametrize("text", ["", "🌊", "...", "the and of", "x" * 100_000, "\u202e\u200d\ud800"])
def test_texts_that_say_nothing_find_nothing_that_is_similar(text: str) -> None:
    assert not any(near.similar for near in index(BRIDGE, *OTHERS).nearest(text, 5))
    assert FactCheckIndex().nearest(text, 5) == []


def test_words_are_found_in_tags_and_whatever_their_accents() -> None:
    assert words_of("RT @OldBridgeWatch: #Velgrad2031 Ča­fé d'été https://a.example/b") == [
        "rt", "old", "bridge", "watch", "velgrad", "2031", "cafe", "dete",
    ]  # fmt: skip
    assert words_of("橋が落ちた") == ["橋か", "か落", "落ち", "ちた"]
    assert stems_of(["collapsing", "the", "12345678"]) == ["collap", "12345678"]
    assert pieces_of(["ab", "abcd"]) == [" ab ", " abc", "abcd", "bcd "]


def test_each_thing_that_is_looked_at_has_its_weight() -> None:
    assert len(FEATURES) == len(WEIGHTS)


@given(st.lists(st.builds(Check, _texts, _texts, _texts), max_size=8), st.data(), _texts)
def test_a_removed_check_was_never_there(checks: list[Check], data: st.DataObject, text: str) -> None:
    removed = data.draw(st.sets(st.sampled_from(range(len(checks))))) if checks else set()
    with_them = index(*checks)
    data.draw(st.booleans()) and with_them.nearest(text, 5)
    for number in removed:
        with_them.remove(number)
    without = index(*(check for number, check in enumerate(checks) if number not in removed))
    left = [number for number in range(len(checks)) if number not in removed]
    assert [near._replace(check=left[near.check]) for near in without.nearest(text, 9)] == with_them.nearest(text, 9)


def test_only_what_is_allowed_is_found() -> None:
    found = index(BRIDGE, *OTHERS).nearest("bridge Velgrad lion zoo", 5, allowed=np.arange(5) == 1)
    assert [near.check for near in found] == [1]


# What a watch has seen


def fact_check(number: int, seconds: float, published: float, claim: str = BRIDGE.claim) -> Enriched:
    review = Review(
        claim=claim, publisher="Gazette Checks", url=f"https://gazette.example/{number}", reviewed_at=at(published),
        rating="unproven",
    )  # fmt: skip
    return post(number, seconds, "We looked into the bridge", by="gazette", stance="denies", reviews=(review,))


def seconds(offset: float) -> float:
    return at(offset).timestamp()


def test_a_check_counts_from_when_it_was_published_and_seen() -> None:
    book = CheckBook("velgrad/checks")
    book.see(fact_check(1, 100, published=-5_000), seconds(100))
    book.see(fact_check(2, 100, published=150), seconds(100))
    assert book.like(CLAIM, seconds(100), 3) == ()
    assert [check.source for check in book.like(CLAIM, seconds(120), 3)] == ["x:1"]
    assert {check.source for check in book.like(CLAIM, seconds(200), 3)} == {"x:1", "x:2"}


def test_checks_are_bounded_and_the_oldest_go() -> None:
    book = CheckBook("velgrad/checks", most=3)
    for number in range(1, 6):
        book.see(fact_check(number, number, published=0), seconds(number))
        book.like(CLAIM, seconds(1_000), 3)
    assert {check.source for check in book.like(CLAIM, seconds(1_000), 9)} == {"x:3", "x:4", "x:5"}


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), _texts), max_size=20), _texts, st.integers(0, 20))
def test_a_book_read_back_finds_the_same(steps: list[tuple[int, bool, str]], text: str, saved_at: int) -> None:
    book, parts = CheckBook("velgrad/checks", most=4), dict[str, bytes]()
    for place, (number, leaves, claim) in enumerate(steps):
        if leaves:
            book.forget_post(f"x:{number}")
        else:
            book.see(fact_check(number, place, published=0, claim=claim), seconds(place))
        if place == saved_at or place == len(steps) - 1:
            for name, body in book.changes().items():
                if body is None:
                    del parts[name]
                else:
                    parts[name] = body
    again = CheckBook("velgrad/checks", most=4)
    again.restore((int(name.rpartition("/")[2]), body) for name, body in sorted(parts.items()))
    assert again.like(text, seconds(1_000), 9) == book.like(text, seconds(1_000), 9)
    assert len(again) == len(book)


# With a model of meanings

RIVER = "le pont est tombé et un autobus est dans la rivière"


def test_a_check_in_another_language_is_found_where_a_model_knows_both() -> None:
    story = "the bridge has fallen and a bus is in the river"
    for understanding, found in ((None, []), (Understanding(Concepts()), ["x:1"])):
        book = CheckBook("velgrad/checks", understanding)
        book.see(fact_check(1, 1, published=0, claim=RIVER), seconds(1))
        book.see(fact_check(2, 2, published=0, claim="la boulangerie ouvre demain à six heures"), seconds(2))
        assert [check.source for check in book.like(story, seconds(9), 3)] == found


def test_of_two_that_share_as_many_words_the_one_that_means_it_comes_first() -> None:
    understanding = Understanding(Concepts())
    claims = ("an unheard of thing: most reka", "an unheard of thing: most pao pao pao")
    checks = FactCheckIndex()
    for claim in claims:
        checks.add(Check(claim), understanding.vector(claim))
    text = "an unheard of thing: the bridge has fallen"
    assert [near.check for near in checks.nearest(text, 2)] == [0, 1]
    meant = checks.nearest(text, 2, meaning=understanding.vector(text))
    assert [(near.check, near.meant) for near in meant] == [(1, True), (0, False)]
    checks.remove(1)
    assert not any(near.meant for near in checks.nearest(text, 2, meaning=understanding.vector(text)))


def test_claims_are_read_once_and_what_is_read_is_kept() -> None:
    model = Concepts()
    understanding = Understanding(model)
    book = CheckBook("velgrad/checks", understanding)
    model.asked = 0
    for number in range(1, 6):
        book.see(fact_check(number, number, published=0, claim=f"{RIVER} {number}"), seconds(number))
    assert model.asked == 5
    before = book.like("the bridge has fallen in the river", seconds(9), 3)
    again, other = CheckBook("velgrad/checks", understanding), CheckBook("velgrad/checks")
    saved = [(int(name.rpartition("/")[2]), body) for name, body in book.changes().items() if body is not None]
    again.restore(saved)
    other.restore(saved)
    assert other.like("the bridge has fallen in the river", seconds(9), 3) == ()
    model.asked = 0
    assert again.like("the bridge has fallen in the river", seconds(9), 3) == before
    assert model.asked == 0, "the text was asked for last, the claims are kept"
    assert before


def test_what_another_model_read_is_read_again_and_kept() -> None:
    without = CheckBook("velgrad/checks")
    without.see(fact_check(1, 1, published=0, claim=RIVER), seconds(1))
    book = CheckBook("velgrad/checks", Understanding(Concepts()))
    saved = without.changes().items()
    book.restore((int(name.rpartition("/")[2]), body) for name, body in saved if body is not None)
    assert [check.source for check in book.like("the bridge has fallen in the river", seconds(9), 3)] == ["x:1"]
    assert any(body is not None for body in book.changes().values())


def test_an_alert_names_the_checks_that_were_published_before_and_takes_no_verdict_over() -> None:
    told = [
        *history(1_000, -5_000), fact_check(900, -4_000, published=-90_000), fact_check(901, -3_900, published=-90_000),
        gone(901, -3_000), post(1, 0, CLAIM), counted(1, 60, 400), fact_check(902, 90, published=80),
    ]  # fmt: skip
    stage = AlertsStage({"velgrad": watch()}, MemoryArchive())
    opened = events(stage.handle(records(ordered(told))))[0]
    assert [check.source for check in opened.finding.checks] == ["x:900"]
    line = next(reason for reason in opened.finding.reasons if reason.name == "earlier fact-check")
    assert line == checked(opened.finding.checks[0])
    assert line.sentence.startswith("A similar claim was checked by Gazette Checks on 2031-05-03: ")
    assert "unproven" not in repr(opened)
