"""Watches to rules, and rules brought in step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.collectors.x.rules import (
    Rule,
    Standing,
    compile_rules,
    planned,
    queries,
    watch_of_tag,
    watches_by_rule,
)
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.watch import Watch


@pytest.mark.parametrize(
    ("watch", "query"),
    [
        (Watch(name="w", hashtags=("Velgrad",)), "#Velgrad"),
        (Watch(name="w", hashtags=("#حلب", "Aleppo")), "(#حلب OR #Aleppo)"),
        (Watch(name="w", any_of=("flood", "old bridge")), '(flood OR "old bridge")'),
        (Watch(name="w", phrases=("flood",)), '"flood"'),
        (Watch(name="w", accounts=("@mira_k",)), "from:mira_k"),
        (Watch(name="w", all_of=("flood", "mill"), none_of=("ad", "free beer")), 'flood mill -ad -"free beer"'),
        (
            Watch(name="w", any_of=("or", "AND", "from:me", "-x", "a b")),
            '("or" OR "AND" OR "from:me" OR "-x" OR "a b")',
        ),
        (Watch(name="w", any_of=('say "hi"\nnow',)), '"say hi now"'),
        (Watch(name="w", hashtags=("a",), languages=("he", "id")), "#a (lang:iw OR lang:in)"),
        (Watch(name="w", hashtags=("a",), languages=("zh",)), "#a (lang:zh-CN OR lang:zh-TW)"),
        (Watch(name="w", hashtags=("a",), languages=("ar",)), "#a lang:ar"),
        (Watch(name="w", hashtags=("a",), languages=("en", "eo")), "#a"),
        (Watch(name="w", any_of=("#tag",), none_of=("#spam",)), "#tag -#spam"),
        (Watch(name="w", any_of=("🌊",)), '"🌊"'),
    ],
)
def test_queries(watch: Watch, query: str) -> None:
    assert queries(watch, 1024) == [query]


@pytest.mark.parametrize(
    "watch",
    [
        Watch(name="w"),
        Watch(name="w", none_of=("ad",), languages=("en",)),
        Watch(name="w", any_of=("...",)),
        Watch(name="w", hashtags=("two words",)),
        Watch(name="w", accounts=("a name with blanks",)),
        Watch(name="w", any_of=("x" * 1100,)),
        Watch(name="w", any_of=("x",), all_of=("y" * 1100,)),
        Watch(name="w", all_of=("y" * 1100,)),
    ],
)
def test_what_cannot_be_said_names_the_watch(watch: Watch) -> None:
    with pytest.raises(BadConfiguration, match="'w'"):
        queries(watch, 1024)


def test_accounts_of_other_platforms_are_left_out() -> None:
    mixed = Watch(name="w", accounts=("@mira_k", "mira.bsky.example", "@mira@social.example", "mira@social.example"))
    assert queries(mixed, 1024) == ["from:mira_k"]
    assert compile_rules([Watch(name="w", accounts=("mira.bsky.example",), all_of=("flood",))]) == []


@given(st.lists(st.text("abcdefg ", min_size=1, max_size=40).filter(str.strip), min_size=1, max_size=120, unique=True))
def test_split_rules_lose_no_word_and_keep_the_limit(words: list[str]) -> None:
    found = queries(Watch(name="w", any_of=tuple(words), none_of=("ad",), languages=("en", "ar")), 256)
    rest = " -ad (lang:en OR lang:ar)"
    assert all(len(query) <= 256 and query.endswith(rest) for query in found)
    terms = [term for query in found for term in query.removesuffix(rest).strip("()").split(" OR ")]
    assert {term.strip('"') for term in terms} == {" ".join(word.split()) for word in words}


def test_tags_are_stable_and_readable() -> None:
    first, again = (compile_rules([Watch(name="a:b", hashtags=("x",))])[0] for _ in range(2))
    assert first == again
    assert watch_of_tag(first.tag) == "a:b"
    assert watch_of_tag("somebody:else") == ""
    changed = compile_rules([Watch(name="a:b", hashtags=("y",))])[0]
    assert changed.tag != first.tag


def test_watches_that_ask_the_same_share_a_rule() -> None:
    (rule,) = compile_rules([Watch(name="a", hashtags=("x",)), Watch(name="b", hashtags=("x",))])
    assert rule.watches == ("a", "b")


def test_more_rules_than_allowed() -> None:
    with pytest.raises(BadConfiguration, match="need 3 rules"):
        compile_rules([Watch(name=str(n), hashtags=(f"x{n}",)) for n in range(3)], cap=2)


NEW = Rule("#new", "secondsource:w:0:aaaaaaaa", ("w",))
OLD = Standing("1", "#old", "secondsource:w:0:bbbbbbbb")
FOREIGN = Standing("2", "#theirs", "theirs")


def test_new_rules_come_before_stale_ones_go() -> None:
    assert planned([NEW], [OLD, FOREIGN], cap=10) == ((), (NEW,), ("1",))


def test_without_room_stale_ones_go_first() -> None:
    assert planned([NEW], [OLD, FOREIGN], cap=2) == (("1",), (NEW,), ())


def test_a_rule_of_the_same_text_must_go_first_because_tags_cannot_be_edited() -> None:
    assert planned([NEW], [OLD._replace(value="#new")], cap=10) == (("1",), (NEW,), ())


def test_what_stands_is_left_alone() -> None:
    assert planned([NEW], [Standing("5", NEW.value, NEW.tag), FOREIGN], cap=10) == ((), (), ())


def test_others_rule_of_our_text_is_used_not_deleted() -> None:
    theirs = Standing("9", NEW.value, "theirs")
    assert planned([NEW], [theirs], cap=10) == ((), (), ())
    assert watches_by_rule([NEW], [theirs])["9"] == ("w",)


def test_others_take_all_the_room() -> None:
    with pytest.raises(BadConfiguration, match="of another program"):
        planned([NEW], [FOREIGN], cap=1)


WANTED = st.sets(st.sampled_from("abcdef")).map(
    lambda names: [Rule(f"#{n}", f"secondsource:w:{n}:0", ("w",)) for n in names]
)
STANDING = st.dictionaries(st.sampled_from("abcdefgh"), st.booleans()).map(
    lambda rules: [
        Standing(f"id-{n}", f"#{n}", f"secondsource:w:{n}:0" if ours else "theirs") for n, ours in rules.items()
    ]
)


@given(WANTED, STANDING)
def test_after_a_plan_there_is_nothing_to_do_and_others_rules_stand(
    wanted: list[Rule], standing: list[Standing]
) -> None:
    plan = planned(wanted, standing, cap=100)
    gone = {*plan.clear, *plan.stale}
    after = [rule for rule in standing if rule.id not in gone]
    after += [Standing(f"new-{rule.tag}", rule.value, rule.tag) for rule in plan.add]
    assert planned(wanted, after, cap=100) == ((), (), ())
    assert [rule for rule in after if not rule.ours] == [rule for rule in standing if not rule.ours]
    assert len({rule.value for rule in after}) == len(after), "X refuses duplicates"
