"""What a compiled loop finds is what the definition of winnowing says."""

from __future__ import annotations

from itertools import pairwise
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.annotators.anchors import anchored

_LETTERS = st.characters(exclude_characters=" \n") | st.sampled_from("ab")
_TEXTS = st.lists(st.lists(st.text(_LETTERS, min_size=1, max_size=3), max_size=60).map(" ".join), max_size=5)


def _mixed(words: list[str]) -> int:
    mixed, whole = 0, (1 << 64) - 1
    for word in words:
        mixed = ((mixed ^ crc32(word.encode("utf-8", "replace"))) * 0x9E3779B97F4A7C15) & whole
        mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) & whole
    return mixed ^ (mixed >> 32)


def _winnowed(text: str) -> tuple[int, ...]:
    words = text.split(" ")
    window = 1 if len(words) < 15 else 2 if len(words) < 25 else 4
    runs = [_mixed(words[at : at + 3]) for at in range(len(words) - 2)]
    least = [
        min(range(start, start + window), key=lambda at: (runs[at], -at)) for start in range(len(runs) - window + 1)
    ]
    places = least[:1] + [at for before, at in pairwise(least) if at != before]
    return tuple((runs[at] & ((1 << 53) - 1)) or 1 for at in places[:48])


@settings(deadline=None)
@given(_TEXTS)
def test_each_text_has_its_own_anchors(texts: list[str]) -> None:
    words = [len(text.split(" ")) if text else 0 for text in texts]
    expected = [(count, _winnowed(text) if count >= 8 else ()) for count, text in zip(words, texts, strict=True)]
    assert anchored(texts) == expected


def test_a_text_of_many_words_is_read_to_an_end() -> None:
    text = " ".join(f"word{number}" for number in range(9_000))
    ((words, anchors),) = anchored([text])
    assert words == 9_000
    assert anchors == _winnowed(text)


def test_a_word_without_end_is_one_word() -> None:
    text = " ".join(["a" * 100_000, *"bcdefghi"])
    assert anchored([text]) == [(9, _winnowed(text))]
