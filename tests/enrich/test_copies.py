"""Texts that copy one another have one digest or share a band, however they are written; others do not."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.annotators.copies import CopyAnnotator
from enrich.sketching.sketch import sketch_texts
from secondsource.contracts.copied import copied_text
from secondsource.contracts.messages import Sketch
from tests.enrich.makers import post

GOLDEN_EXACT = "0be4b3508c903218f9144e35"
GOLDEN_BANDS = (1870251956639643, 8552140743079385, 5910246723952978)
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


UPRIGHT, TURNED = "abcdefghijklmnopqrstuvwxyz", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz"


def _dressed(first: int) -> str:
    return "".join(chr(first + ord(letter) - ord("a")) if letter.isalpha() else letter for letter in TEXT.lower())


@pytest.mark.parametrize(
    "copy",
    [
        TEXT[::-1],
        TEXT.lower().translate(str.maketrans(UPRIGHT, TURNED))[::-1],
        TEXT.lower().translate(str.maketrans(UPRIGHT, TURNED)),
        "".join(letter * 2 if letter.isalpha() else letter for letter in TEXT),
        TEXT.replace("bridge", "briiiidge").replace("fell", "fellllll"),
        TEXT.replace(" ", ""),
        TEXT.title().replace(" ", "").replace(",", ""),
        TEXT.replace(" ", "\u3164"),
        TEXT.replace(" ", "\u200b"),
        " ".join("-".join(word) if place % 2 else word for place, word in enumerate(TEXT.split())),
        "\u00ad".join(TEXT),
        "Th3 6ridge in V3lgr@d f3ll 7h1s m0rn!ng w17h m@ny c@r$ 0n it, $ay peop1e th3r3",
        TEXT.replace("i", "&#105;").replace(",", "&comma;"),
        _dressed(0x1F150),
        _dressed(0x1F170),
        _dressed(0x249C),
        _dressed(0x1D4EA),
        _dressed(0x1F1E6),
        " ".join(_dressed(0x1F1E6)),
        TEXT.lower().translate(str.maketrans("adenrtuwy", "ą∂ǝɲʀƭυѡү")),
    ],
)
def test_letters_in_another_dress_or_order_have_the_same_digest(copy: str) -> None:
    assert sketch(copy).exact == sketch(TEXT).exact


@pytest.mark.parametrize("post", [f"RT @ana_k: {TEXT}", f"@ana @ben.k {TEXT}", f"{TEXT} https://t.co/Ab9 #velgrad"])
def test_links_and_mentions_are_known_backwards_too(post: str) -> None:
    assert sketch(post[::-1]).exact == sketch(post).exact


def test_a_sign_before_a_time_or_a_name_is_not_backwards() -> None:
    assert copied_text(f"{TEXT}, me @ 5") == f"{copied_text(TEXT)} me 5"
    assert copied_text(f"{TEXT} by us@ @ana") == f"{copied_text(TEXT)} by us"


def test_flags_are_no_letters() -> None:
    assert copied_text(f"{TEXT} 🇺🇦🇺🇦 🇵🇱") == copied_text(TEXT)


def test_other_numbers_and_other_words_have_another_digest() -> None:
    toll = "The number of people killed in Velgrad has risen to 12"
    assert len({sketch(toll.replace("12", other)).exact for other in ("12", "21", "1 2", "112", "13", "٢١")}) == 5


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
    code = f"from enrich.sketching.sketch import sketch_texts as s; print(s([{TEXT!r}])[0])"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "99"}
    )
    assert other.stdout.strip() == repr(sketch(TEXT))


@settings(deadline=None)
@given(st.lists(st.text(max_size=60) | st.just(TEXT), max_size=6))
def test_a_text_is_sketched_the_same_in_any_company(texts: list[str]) -> None:
    assert sketch_texts(texts) == [sketch(text) for text in texts]
    assert CopyAnnotator(remembered=1).annotate([post(text) for text in texts], {}) == sketch_texts(texts)
