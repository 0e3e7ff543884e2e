"""Languages in Latin letters, and those of the Arabic script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.loader import BUILT_IN
from enrich.annotators.language import LanguageAnnotator
from enrich.languages.arabic_script import by_letters
from enrich.languages.romanised import TELLING, known_as, romanised
from enrich.names.gazetteer import each_term
from secondsource.contracts.folding import fold


@pytest.fixture(scope="module")
def language() -> LanguageAnnotator:
    return LanguageAnnotator()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("yaar ye bridge kab tak band rahega, kuch samajh nahi aata", "hi"),
        ("shu sar m3ak ya 7abibi, ana mish fahem", "ar"),
        ("kalimera ti kaneis simera, den katalavaino tipota", "el"),
        ("privet kak dela, chto ty delaesh segodnya", "ru"),
        ("salam chetori khoobi, man kheili khaste hastam", "fa"),
        ("ami tomake bhalobashi kintu tumi jano na", "bn"),
        ("This is not a text in any of these, and me neither", "en"),
        ("Ich habe heute keine Zeit, aber morgen komme ich", "de"),
        ("این پل امروز صبح خراب شد و کسی چیزی نگفت", "fa"),
        ("یہ پل آج صبح گر گیا اور کسی نے کچھ نہیں کہا", "ur"),
        ("دا پل نن سهار ونړېد او چا څه ونه ویل", "ps"),
        ("ئەم پردە ئەمڕۆ بەیانی ڕووخا و کەس هیچی نەگوت", "ckb"),
        ("انهار الجسر القديم هذا الصباح ولم يقل أحد شيئا", "ar"),
        ("ﺍﻧﻬﺎﺭ ﺍﻟﺠﺴﺮ ﺍﻟﻘﺪﻳﻢ ﻫﺬﺍ ﺍﻟﺼﺒﺎﺡ", "ar"),
        ("پل بزرگ خراب شد", "fa"),
        ("کل پانی آ گیا", "ur"),
        ("المدينة تحترق الآن", "ar"),
        ("احترق الشارع الآن", "ar"),
        ("el share3 da ma7ro2", "ar"),
        ("my l33t p3rf3ct s3cur1ty blog is back", "en"),
        ("we met face2face at the airport yesterday", "en"),
        ("😀😀😀", "und"),
        ("ok", "und"),
    ],
)
def test_each_is_what_it_is(language: LanguageAnnotator, text: str, code: str) -> None:
    assert language.identify(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kya goal tha yaar 😡⚽", "hi"),
        ("“yaar ye kab tak chalega” …", "hi"),
        ("salam chetori khoobi ❤️", "fa"),
    ],
)
def test_emoji_and_quotation_marks_make_no_difference(language: LanguageAnnotator, text: str, code: str) -> None:
    assert language.identify(text).code == code


@pytest.mark.parametrize(
    "text", ["Ukraine war", "OTAN", "Mubarak resigns", "Train to Lund", "Maine fire", "Laut Medien"]
)
def test_names_and_words_of_other_languages_do_not_tell(language: LanguageAnnotator, text: str) -> None:
    assert language.identify(text).code not in {"hi", "ar", "el", "ru", "fa", "bn"}


@pytest.mark.parametrize(("text", "code"), [("hai ragione", "it"), ("Wo bist", "de"), ("apa khabar", "id")])
def test_one_word_alone_is_weighed_against_what_the_models_hold(
    language: LanguageAnnotator, text: str, code: str
) -> None:
    assert language.identify(text).code == code


def test_one_word_alone_is_never_sure(language: LanguageAnnotator) -> None:
    assert 0.6 <= language.identify("bakwas").confidence <= 0.8


def test_the_well_known_names_tell_no_language() -> None:
    files = [BUILT_IN / "gazetteer" / name for name in ("core.tsv", "names.tsv", "regions.tsv")]
    named = {fold(term.name).strip() for term in each_term(files)}
    own = {"falastin", "libnan", "lubnan", "masr", "rossiya"}  # as they are called in that language
    assert named & TELLING <= own


def test_what_nobody_asked_for_is_never_the_nearest_that_was() -> None:
    english_only = LanguageAnnotator(["en", "fr", "ar"])
    assert english_only.identify("yaar ye kab tak chalega kuch samajh nahi aata").code == "und"
    assert english_only.identify("یہ پل آج صبح گر گیا اور کسی نے کچھ نہیں کہا").code == "und"


def test_hindi_in_latin_letters_is_urdu_where_only_urdu_is_asked_for() -> None:
    assert known_as("hi", {"ur", "en"}) == "ur"
    assert known_as("hi", {"hi", "ur"}) == "hi"
    assert known_as("hi", {"en"}) == ""


def test_one_word_of_another_language_does_not_make_a_text_of_it() -> None:
    assert romanised(["we", "had", "such", "a", "wonderful", "evening", "with", "our", "friends", "yaar"]) is None


def test_a_text_mostly_in_another_script_is_not_judged_by_its_arabic_letters() -> None:
    assert by_letters("a long English sentence with one word: حلب") is None


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    for found in (romanised(text.lower().split()), by_letters(text)):
        assert found is None or found.language is not None
