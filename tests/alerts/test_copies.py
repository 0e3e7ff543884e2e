"""Copies in a stream: what is found, what is not, and what is let go."""

from __future__ import annotations

import pytest

from alerts.text.copies import Copy, CopyIndex
from enrich.sketching.sketch import sketch_copied
from secondsource.contracts.copied import copied_text

TEXT = "The old bridge in Velgrad fell into the river this morning, three people are hurt, say those who saw it"


def take(index: CopyIndex, id_: str, text: str, at: float = 0.0) -> Copy | None:
    kept = copied_text(text)
    return index.take(id_, kept, sketch_copied([kept])[0], at)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (f"RT @ana: {TEXT} https://example.org/x", "exact"),
        (TEXT.replace("o", "о").replace("e", "е"), "exact"),  # Cyrillic
        (TEXT.replace("i", "1").replace("e", "3"), "exact"),
        ("\u200b".join(TEXT), "exact"),
        (TEXT.replace("bridge", "b r i d g e"), "exact"),
        (TEXT.replace(" ", " 😱 ").upper(), "exact"),
        (TEXT[:70] + "…", "near"),
        (TEXT.replace("three", "four"), "near"),
        (f"My aunt who lives nearby has just written to all of us: {TEXT} and I hope she is well", "contained"),
        (TEXT[30:], "contained"),
        (TEXT[::-1], "exact"),
        (TEXT.replace(" ", ""), "exact"),
        (f"RT @ana: {TEXT[::-1]} #velgrad", "near"),
        (" ".join(TEXT.split()[::-1]), "near"),
        (" ".join(word[::-1] for word in TEXT.split()), "near"),
        ("".join(letter * 3 for letter in TEXT) + " #velgrad", "near"),
    ],
)
def test_a_changed_copy_is_a_copy(changed: str, kind: str) -> None:
    index = CopyIndex()
    assert take(index, "first", TEXT) is None
    copy = take(index, "second", changed)
    assert copy is not None
    assert (copy.of, copy.kind) == ("first", kind)


def test_the_same_letters_in_other_words_are_no_copy() -> None:
    index = CopyIndex()
    take(index, "first", "one two three four five six seven eight nine ten eleven twelve")
    assert take(index, "other", "one two three four five six sixty seventy eighty ninety hundred thousand") is None


def test_arabic_in_all_its_forms() -> None:
    index = CopyIndex()
    take(index, "first", "انهار الجسر القديم في المدينة هذا الصباح وأصيب ثلاثة أشخاص")
    copy = take(index, "second", "اِنهَارَ الجِسرُ القَديم في المدينه هذا الصباح واصيب ثلاثه اشخاص")
    assert copy is not None


def test_few_words_copy_nothing() -> None:
    index = CopyIndex()
    assert [take(index, str(number), "no comment") for number in range(10_000)] == [None] * 10_000
    assert len(index) == 0


def test_strangers_stay_strangers() -> None:
    index = CopyIndex()
    take(index, "first", TEXT)
    assert (
        take(index, "second", "Heavy rain is expected over the northern hills tonight and until noon tomorrow") is None
    )


def test_what_is_old_or_too_much_is_let_go() -> None:
    index = CopyIndex(window_seconds=60, most=3)
    take(index, "first", TEXT, at=0)
    assert take(index, "later", TEXT, at=30) is not None
    take(index, "other", "Heavy rain is expected over the northern hills tonight and until noon tomorrow", at=61)
    assert take(index, "too late", TEXT, at=62) is None
    for number in range(10):
        take(index, f"n{number}", " ".join(f"word{number}x{place}" for place in range(9)), at=63)
    assert len(index) == 3


def test_a_longer_text_around_one_that_is_too_old_copies_nothing() -> None:
    index = CopyIndex(window_seconds=60)
    take(index, "first", TEXT, at=0)
    longer = f"{TEXT} and that is what everybody here says about it since this very morning at the market"
    assert take(index, "around it", longer, at=500) is None
    assert len(index) == 1


def test_copies_leave_no_trace() -> None:
    index = CopyIndex()
    for number in range(1_000):
        take(index, str(number), f"RT @user{number}: {TEXT} https://example.org/{number}")
    assert len(index) == 1
