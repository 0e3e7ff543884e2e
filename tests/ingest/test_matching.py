"""Which watch takes which post."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.matching import Matcher
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
        (Watch(name="w", any_of=("straße",)), "STRASSE", True),
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


WORDS = st.sampled_from(["flood", "bridge", "mill", "river", "night"])


@given(st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=8), st.lists(WORDS, max_size=8))
def test_many_watches_together_say_what_each_says_alone(terms: list[list[str]], words: list[str]) -> None:
    watches = [Watch(name=str(number), any_of=(" ".join(term),)) for number, term in enumerate(terms)]
    text = " ".join(words)
    alone = tuple(watch.name for watch in watches if f" {watch.any_of[0]} " in f" {text} ")
    assert Matcher(watches).watches(post(text)) == alone
