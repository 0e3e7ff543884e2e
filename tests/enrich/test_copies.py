from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.annotators.copies import CopyAnnotator, sketch_texts
from secondsource.contracts.folding import copied_text
from secondsource.contracts.messages import Sketch
from tests.enrich.makers import post

GOLDEN_EXACT = "c663eeed6f004ccb48224541"
GOLDEN_BANDS = (5505096692441608, 2784888037379931, 6567696157512222)
TEXT = "The bridge in Velgrad fell this morning with many cars on it, say people there"


def sketch(text: str) -> Sketch:
    return sketch_texts([text])[0]


@pytest.mark.parametrize(
    "copy",
    [
        f"RT @ana: {TEXT}",
        f"RT @ana: RT @ben_2: {TEXT}",
        f"{TEXT} http://velgrad.example/1",
        f"@ana @ben {TEXT.upper()} 😭😭 https://velgrad.example/2?x=1",
        "\u200b".join(TEXT),
        f"{TEXT}…",
        "𝐓𝐡𝐞 " + TEXT.removeprefix("The "),
    ],
)
def test_copies_have_the_same_digest(copy: str) -> None:
    if copy.endswith("…"):
        assert set(sketch(copy).bands) & set(sketch(TEXT).bands)  # its last word may be cut
    else:
        assert sketch(copy).exact == sketch(TEXT).exact


def test_arabic_spellings_have_the_same_digest() -> None:
    one, other = "سَقَطَ الجسر في الأحياء الشرقيّة هذا الصباح", "سقط الجسر في الاحيـــاء الشرقية هذا الصباح"
    assert sketch(one).exact == sketch(other).exact != ""


@pytest.mark.parametrize("text", ["", "😭😭", "http://velgrad.example/1", "RT @ana:", "@ana @ben"])
def test_a_text_without_words_has_no_digest(text: str) -> None:
    assert sketch(text) == Sketch(exact="")


def test_a_prefix_with_blanks_without_end_is_walked_over_once() -> None:
    assert copied_text("RT" + " " * 39_000) == ""
    assert copied_text("RT" + " :" * 15_000 + " @ana: the bridge") == "the bridge"


def test_a_word_cut_off_by_the_platform_does_not_count() -> None:
    assert copied_text("one two three four five six seven eight nine te…").endswith(" nine")
    assert copied_text("wow…") == "wow"


@pytest.mark.parametrize(
    "spelt",
    [
        " ".join(TEXT),
        "   ".join(" ".join(word) for word in TEXT.split()),
        " ".join("-".join(word) for word in TEXT.split()),
        "  ".join(".".join(word) for word in TEXT.split()),
    ],
)
def test_letters_one_by_one_are_words(spelt: str) -> None:
    assert copied_text(spelt) == copied_text(TEXT)


def test_hangul_in_parts_is_hangul() -> None:
    text = "오래된 다리가 오늘 아침 강으로 무너져 내렸다고 합니다"
    assert sketch(unicodedata.normalize("NFD", text)) == sketch(text)


def test_near_copies_share_a_band_and_others_do_not() -> None:
    near = TEXT.replace("many cars", "several cars")
    other = "Heavy rain is expected over the northern hills tonight and until noon tomorrow"
    assert set(sketch(TEXT).bands) & set(sketch(near).bands)
    assert not set(sketch(TEXT).bands) & set(sketch(other).bands)


def test_short_texts_have_no_bands() -> None:
    assert sketch("The bridge fell this morning").bands == ()
    assert sketch("The bridge fell this morning").words == 5
    assert len(sketch(TEXT).bands) >= 6


def test_scripts_without_spaces_have_bands_too() -> None:
    one, near = "今天早上维尔格勒的大桥倒塌了很多人受伤", "今天早上维尔格勒的大桥倒塌了多人受伤"
    assert set(sketch(one).bands) & set(sketch(near).bands)


def test_bands_fit_every_reader_of_json() -> None:
    assert all(0 <= band < 1 << 53 for band in sketch(TEXT).bands)


def test_the_sketch_is_the_same_everywhere_and_always() -> None:
    """Kept in stores and on topics: a change of library or hash must be seen here, and answered with a migration."""
    assert sketch(TEXT).exact == GOLDEN_EXACT
    assert sketch(TEXT).bands[:3] == GOLDEN_BANDS
    code = f"from enrich.annotators.copies import sketch_texts as s; print(s([{TEXT!r}])[0])"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "99"}
    )
    assert other.stdout.strip() == repr(sketch(TEXT))


@settings(deadline=None)
@given(st.lists(st.text(max_size=60) | st.just(TEXT), max_size=6))
def test_a_text_is_sketched_the_same_in_any_company(texts: list[str]) -> None:
    assert sketch_texts(texts) == [sketch(text) for text in texts]
    assert CopyAnnotator(remembered=1).annotate([post(text) for text in texts], {}) == sketch_texts(texts)
