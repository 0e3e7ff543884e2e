"""What a compiled loop finds is what the definition of winnowing says, and the letters of a text are its letters."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.sketching.anchors import anchored

_LETTERS = st.characters(categories=("L", "M", "N")) | st.sampled_from("ab1")  # as copied texts have
_TEXTS = st.lists(st.lists(st.text(_LETTERS, min_size=1, max_size=3), max_size=60).map(" ".join), max_size=5)
_WHOLE = (1 << 64) - 1
TEXT = "the old stone bridge of velgrad sank into the river before noon and 12 cars went with it"


def _spread(value: int) -> int:
    value = value * 0x9E3779B97F4A7C15 & _WHOLE
    return value ^ (value >> 29)


def _mixed(value: int) -> int:
    return _spread(value & _WHOLE) * 0xBF58476D1CE4E5B9 & _WHOLE


def _hashed(words: list[str]) -> int:
    once = [re.sub(r"([^0-9])\1+", r"\1", word) for word in words]
    mixed = _mixed(sum(_mixed(sum(_spread(ord(letter)) for letter in word)) for word in once))
    return mixed ^ (mixed >> 32)


def _winnowed(text: str) -> tuple[int, ...]:
    words = text.split(" ")
    window = 1 if len(words) < 15 else 2 if len(words) < 25 else 4
    runs = [_hashed(words[at : at + 3]) for at in range(len(words) - 2)]
    least = [
        min(range(start, start + window), key=lambda at: (runs[at], -at)) for start in range(len(runs) - window + 1)
    ]
    places = least[:1] + [at for before, at in pairwise(least) if at != before]
    return tuple((runs[at] & ((1 << 53) - 1)) or 1 for at in places[:48])


def _letters(text: str) -> str:
    return re.sub(r"([^0-9])\1+", r"\1", re.sub(r"(?<![0-9]) | (?![0-9])", "", text))


@settings(deadline=None)
@given(_TEXTS)
def test_each_text_has_its_own_anchors(texts: list[str]) -> None:
    words = [len(text.split(" ")) if text else 0 for text in texts]
    found = anchored(texts)
    assert [one.anchors for one in found] == [
        _winnowed(text) if count >= 8 else () for count, text in zip(words, texts, strict=True)
    ]
    assert [one.words for one in found] == [
        len(_letters(text)) // 8 if len(_letters(text)) > 16 * count else count
        for count, text in zip(words, texts, strict=True)
    ]


def test_a_text_of_many_words_is_read_to_an_end() -> None:
    text = " ".join(f"word{number}" for number in range(9_000))
    (found,) = anchored([text])
    assert found.words == 9_000
    assert found.anchors == _winnowed(text)


def test_a_word_without_end_is_one_word() -> None:
    text = " ".join(["ab" * 50_000, *"bcdefghi"])
    (found,) = anchored([text])
    assert found.anchors == _winnowed(text)


@pytest.mark.parametrize(
    "changed",
    [
        TEXT[::-1],
        " ".join(TEXT.split()[::-1]),
        " ".join(word[::-1] for word in TEXT.split()),
        "".join(letter if letter in " 12" else letter * 2 for letter in TEXT),
        TEXT.replace("bridge", "bigdre").replace("velgrad", "vreagld").replace("river", "rievr"),
    ],
)
def test_a_text_written_in_another_order_has_the_same_anchors(changed: str) -> None:
    one, other = anchored([TEXT, changed])
    assert changed != TEXT
    assert set(one.anchors) & set(other.anchors) == set(one.anchors)


@pytest.mark.parametrize(
    "changed",
    [TEXT[::-1], TEXT.replace(" ", ""), " ".join(TEXT[:40]) + TEXT[40:], TEXT.replace("bridge", "brrriiidge")],
)
def test_the_letters_of_a_text_are_the_same_in_either_direction_and_whatever_blanks_it_has(changed: str) -> None:
    one, other = anchored([TEXT, changed])
    assert one.letters == other.letters


@pytest.mark.parametrize("changed", [TEXT.replace("12", "11"), TEXT.replace("12", "1 2"), TEXT.replace("12", "112")])
def test_other_numbers_are_other_letters(changed: str) -> None:
    one, other = anchored([TEXT, changed])
    assert one.letters != other.letters


def test_a_text_without_blanks_has_as_many_words_as_it_has_room_for() -> None:
    assert anchored([TEXT.replace(" ", "")])[0].words == 8
    assert [one.words for one in anchored(["velgrad", "extraordinary circumstances"])] == [1, 2]
