"""Spellings of one word fold alike, and the folded form leads back to where its letters stood."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secondsource.contracts.folding import fold, fold_with_offsets, words

ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("ﻻﷺحَلـَبْİe\u0301 #\u200d")), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ALEPPO", "aleppo"),
        ("São Paulo", "sao paulo"),
        ("𝐀𝐥𝐞𝐩𝐩𝐨", "aleppo"),
        ("Ａｌｅｐｐｏ", "aleppo"),
        ("الأمم المتّحدة", "الامم المتحده"),
        ("حـــلب", "حلب"),
        ("ﺣﻠﺐ", "حلب"),
        ("Ale\u200bppo", "aleppo"),
        ("İstanbul", "istanbul"),
    ],
)
def test_spellings_of_one_word_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@settings(deadline=None)
@given(ANY_TEXT)
@example("ﻻَ")
@example("ﻻa\u0301")
def test_offsets_lead_back_to_where_the_letters_stood(text: str) -> None:
    folded, offsets = fold_with_offsets(text)
    assert folded == fold(text)
    places = range(len(folded)) if offsets is None else offsets
    assert len(places) == len(folded)
    assert list(places) == sorted(places)
    for place, letter in zip(places, folded, strict=True):
        assert letter in fold(text[place])


@settings(deadline=None)
@given(ANY_TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_scripts_without_spaces_count_each_character_as_a_word() -> None:
    assert words("bridge 大桥 ok") == ["bridge", "大", "桥", "ok"]
