"""Which watch takes which post."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.matching import Matcher, normalised, words
from secondsource.contracts.messages import Account, Post
from secondsource.contracts.watch import Watch
from tests.ingest.payloads import NOW


def post(text: str, *, hashtags: tuple[str, ...] = (), handle: str = "mira", lang: str = "") -> Post:
    return Post(
        uid="x:1",
        platform="x",
        author=Account(uid="x:2", handle=handle),
        text=text,
        created_at=NOW,
        observed_at=NOW,
        collector="t",
        watches=(),
        hashtags=hashtags,
        lang_hint=lang,
    )


@pytest.mark.parametrize(
    ("watch", "text", "taken"),
    [
        (Watch(name="w", any_of=("flood",)), "A FLOOD, now!", True),
        (Watch(name="w", any_of=("flood",)), "floodlights", False),
        (Watch(name="w", any_of=("flood",)), "see #flood", True),
        (Watch(name="w", phrases=("old bridge",)), "the Old  Bridge.", True),
        (Watch(name="w", phrases=("old bridge",)), "old stone bridge", False),
        (Watch(name="w", phrases=("old bridge",)), "bold bridges", False),
        (Watch(name="w", all_of=("bridge", "flood")), "flood at the bridge", True),
        (Watch(name="w", all_of=("bridge", "flood")), "at the bridge", False),
        (Watch(name="w", any_of=("flood", "fire"), all_of=("velgrad",)), "fire in Velgrad", True),
        (Watch(name="w", any_of=("flood", "fire"), all_of=("velgrad",)), "market in Velgrad", False),
        (Watch(name="w", any_of=("flood",), none_of=("lights",)), "flood of lights", False),
        (Watch(name="w", any_of=("الأسد",)), "مدينة الاسد", True),
        (Watch(name="w", any_of=("حلب",)), "حَلَب الآن", True),
        (Watch(name="w", any_of=("مدينة",)), "مدينه", True),
        (Watch(name="w", any_of=("洪水",)), "昨日の洪水で", True),
        (Watch(name="w", any_of=("洪水",)), "昨日の地震で", False),
        (Watch(name="w", any_of=("น้ำท่วม",)), "เมื่อวานน้ำท่วมหนัก", True),
        (Watch(name="w", any_of=("straße",)), "STRASSE", True),
        (Watch(name="w", any_of=("istanbul",)), "İSTANBUL'da su", True),
        (Watch(name="w", any_of=("İstanbul",)), "istanbul", True),
        (Watch(name="w", any_of=("flood",)), "ｆｌｏｏｄ", True),
        (Watch(name="w", any_of=("потоп",)), "Потопы", False),
        (Watch(name="w", any_of=("🔥",)), "der Turm 🔥🔥", True),
        (Watch(name="w", any_of=("!",)), "flood", False),
        (Watch(name="w", phrases=("old bridge",)), "old, old bridge", True),
        (Watch(name="w", any_of=("flood", "floods", "flooded")), "flooded", True),
        (Watch(name="w", none_of=("flood",)), "anything", False),
        (Watch(name="w"), "anything", False),
    ],
)
def test_words(watch: Watch, text: str, taken: bool) -> None:
    assert Matcher([watch]).watches(post(text)) == (("w",) if taken else ())


def test_hashtags_accounts_and_languages() -> None:
    matcher = Matcher(
        [
            Watch(name="tag", hashtags=("#Velgrad", "حلب")),
            Watch(name="account", accounts=("@Mira",)),
            Watch(name="english", hashtags=("velgrad",), languages=("en",)),
        ]
    )
    assert matcher.watches(post("", hashtags=("VELGRAD",), lang="en")) == ("tag", "account", "english")
    assert matcher.watches(post("", hashtags=("VELGRAD",), lang="fr", handle="o")) == ("tag",)
    assert matcher.watches(post("velgrad", handle="o")) == (), "a word is not a hashtag"
    assert matcher.watches(post("", hashtags=("velgrad",), handle="o")) == ("tag", "english"), "no language: passes"
    assert matcher.watches(post("", hashtags=("velgradnews",), handle="o")) == ()


def test_the_words_of_what_it_quotes_count() -> None:
    matcher = Matcher([Watch(name="w", all_of=("flood", "velgrad"))])
    assert matcher.watches(post("so it is, Velgrad"), "the flood") == ("w",)


def test_a_word_of_many_phrases_that_is_all_a_text_says() -> None:
    watches = [Watch(name=f"w{number}", phrases=(f"velgrad bridge{number}",)) for number in range(50)]
    said = "velgrad " * 300_000  # were each phrase looked for at each of them, hours
    assert Matcher(watches).taking(f"{said} old bridge7 velgrad bridge8") == ("w8",)


def test_a_post_may_be_in_several_languages_and_its_author_go_by_several_names() -> None:
    matcher = Matcher(
        [Watch(name="fr", any_of=("flood",), languages=("fr",)), Watch(name="who", accounts=("did:plc:a",))]
    )
    assert matcher.taking("flood", languages=("en", "fr-CA")) == ("fr",)
    assert matcher.taking("flood", languages=("en",)) == ()
    assert matcher.taking("", accounts=("mira.example", "did:plc:A")) == ("who",)
    account = Account(uid="bluesky:did:plc:a", handle="mira.example")
    assert matcher.watches(msgspec.structs.replace(post(""), author=account)) == ("who",)


def plainly(watch: Watch, text: str, hashtags: Sequence[str], language: str) -> bool:
    """What a watch means, said without any haste."""
    text = normalised(text)
    spoken = words(text)

    def holds(term: str) -> bool:
        if term.startswith("#"):
            return normalised(term[1:]) in {normalised(tag) for tag in hashtags}
        term = normalised(term)
        if re.search("[\u3040-\u9fff]", term) or not words(term):
            return term in text
        sought = words(term)
        return any(spoken[at : at + len(sought)] == sought for at in range(len(spoken) - len(sought) + 1))

    any_of = [*watch.any_of, *watch.phrases, *(f"#{tag}" for tag in watch.hashtags)]
    return (
        bool(any_of or watch.all_of)
        and (not any_of or any(map(holds, any_of)))
        and all(map(holds, watch.all_of))
        and not any(map(holds, watch.none_of))
        and (not watch.languages or not language or language in watch.languages)
    )


PIECES = [
    "flood",
    "FLOODS",
    "the old",
    "bridge",
    "Мост",
    "мосту",
    "الجسر",
    "إلى",
    "الى",
    "洪水",
    "橋の上",
    "İzmir",
    "izmir",
    "ß",
    "ss",
    "🔥",
]
TERMS = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=2).map(" ".join), max_size=3).map(tuple)
TAGS = st.lists(st.sampled_from(["velgrad", "Velgrad", "الجسر", "洪水"]), max_size=2).map(tuple)
TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", ", ", "", "  ", "\n", "#", "\u200f"])), max_size=9
)
LANGUAGES = st.sampled_from(["", "en", "ar"])
WATCHES = st.lists(
    st.builds(
        Watch, name=st.just("w"), hashtags=TAGS, all_of=TERMS, any_of=TERMS, none_of=TERMS, phrases=TERMS,
        languages=st.sampled_from([(), ("en",), ("ar", "en")]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(WATCHES, TEXTS, TAGS, LANGUAGES)
def test_many_watches_together_say_what_each_means(
    watches: list[Watch], pieces: list[tuple[str, str]], tags: tuple[str, ...], language: str
) -> None:
    watches = [msgspec.structs.replace(watch, name=str(number)) for number, watch in enumerate(watches)]
    text = "".join(piece + gap for piece, gap in pieces)
    expected = tuple(watch.name for watch in watches if plainly(watch, text, tags, language))
    assert Matcher(watches).watches(post(text, hashtags=tags, lang=language)) == expected


@given(st.text(), st.text(min_size=1))
def test_any_text_at_all(text: str, term: str) -> None:
    watch = Watch(name="w", any_of=(term,))
    assert Matcher([watch]).taking(text) in {(), ("w",)}
    if words(normalised(term)):
        assert Matcher([watch]).taking(f"{text} {term} {text}") == ("w",), "it holds itself"
