"""Watches as filtered-stream rules of X, and the difference between the rules there are and those there should be.

A rule is at most 1024 characters: a watch with many words becomes several. Tags are ours to recognise
(`secondsource:WATCH:N:DIGEST`), stable as long as the rule's text is; rules with other tags are somebody else's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.watch import Watch

TAG = "secondsource"
STREAM_RULE_LENGTH = 1024
SEARCH_QUERY_LENGTH = 512

_PLAIN = re.compile(r"[^\W_](?:\w*[^\W_])?\Z")
_HASHTAG = re.compile(r"\w+\Z")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}\Z")
_ELSEWHERE = re.compile(r"@?[\w-]+(?:\.[\w-]+)+\Z|@?[^@\s]+@[^@\s]+\Z")  # handles of Bluesky and Mastodon
_RESERVED = frozenset({"or", "and", "not"})
_UNSAID = re.compile(r'[\s"“”\x00-\x1f\\]+')
# fmt: off
_LANGUAGES = frozenset({
    "am", "ar", "hy", "eu", "bn", "bs", "bg", "my", "hr", "ca", "cs", "da", "nl", "en", "et", "fi", "fr",
    "ka", "de", "el", "gu", "ht", "iw", "hi", "hu", "is", "in", "it", "ja", "kn", "km", "ko", "lo", "lv",
    "lt", "ml", "dv", "mr", "ne", "no", "or", "pa", "ps", "fa", "pl", "pt", "ro", "ru", "sr", "zh-CN", "zh-TW",
    "sd", "si", "sk", "sl", "ckb", "es", "sv", "tl", "ta", "te", "th", "bo", "tr", "uk", "ur", "ug", "vi",
    "cy",
})
# fmt: on
_CODES = {
    "he": ("iw",),
    "id": ("in",),
    "nb": ("no",),
    "nn": ("no",),
    "fil": ("tl",),
    "zh": ("zh-CN", "zh-TW"),
    "zh-hans": ("zh-CN",),
    "zh-hant": ("zh-TW",),
}


class Rule(NamedTuple):
    """`watches` are those whose posts this rule brings; X knows `value` and `tag` only."""

    value: str
    tag: str
    watches: tuple[str, ...]


class Standing(NamedTuple):
    """A rule as X keeps it. `tag` "" where it has none."""

    id: str
    value: str
    tag: str

    @property
    def ours(self) -> bool:
        return self.tag.startswith(f"{TAG}:")


class Plan(NamedTuple):
    """`clear` is deleted before `add` is added, `stale` after."""

    clear: tuple[str, ...]
    add: tuple[Rule, ...]
    stale: tuple[str, ...]


def compile_rules(watches: Sequence[Watch], *, length: int = STREAM_RULE_LENGTH, cap: int = 1000) -> list[Rule]:
    """Rules for all watches; watches that ask for the same share one.

    Raises:
        BadConfiguration: a watch with nothing positive to look for, or that cannot be said in `length` characters,
            or more than `cap` rules altogether.
    """
    found: dict[str, Rule] = {}
    for watch in watches:
        for number, value in enumerate(queries(watch, length)):
            known = found.get(value)
            if known is not None:
                found[value] = known._replace(watches=(*known.watches, watch.name))
                continue
            digest = hashlib.blake2b(value.encode(), digest_size=4).hexdigest()
            found[value] = Rule(value, f"{TAG}:{watch.name}:{number}:{digest}", (watch.name,))
    if len(found) > cap:
        raise BadConfiguration(f"x: the watches need {len(found)} rules, X allows {cap}; use fewer words or watches")
    return list(found.values())


def watch_of_tag(tag: str) -> str:
    """The watch a tag of ours names; "" for any other."""
    parts = tag.removeprefix(f"{TAG}:").rsplit(":", 2)
    return parts[0] if tag.startswith(f"{TAG}:") and len(parts) == 3 else ""


def queries(watch: Watch, length: int) -> list[str]:
    """The watch in X's words, over as many queries as it takes: together they find what it asks for.

    Accounts of other platforms are left out; none at all for a watch that asks for nothing else.

    Raises:
        BadConfiguration: nothing positive to look for, or one term alone is too long.
    """
    any_of = [_hashtag(tag, watch) for tag in watch.hashtags]
    any_of += [_term(word, watch) for word in watch.any_of]
    any_of += [_quoted(phrase, watch) for phrase in watch.phrases]
    handles = [handle for handle in watch.accounts if not _ELSEWHERE.match(handle)]
    any_of += [_account(handle, watch) for handle in handles]
    all_of = [_term(word, watch) for word in watch.all_of]
    if len(handles) < len(watch.accounts) and not any_of:
        return []
    if not any_of and not all_of:
        raise BadConfiguration(
            f"x: the watch {watch.name!r} has nothing to look for; give it hashtags, any_of, phrases, accounts or"
            " all_of (X takes no rule made of exclusions and languages only)"
        )
    rest = " ".join([*all_of, *(f"-{_term(word, watch)}" for word in watch.none_of), *_languages(watch.languages)])
    room = length - (len(rest) + 1 if rest else 0)
    groups = _packed(list(dict.fromkeys(any_of)), room, watch, length) if any_of else [""]
    found = [" ".join(part for part in (group, rest) if part) for group in groups]
    if any(len(query) > length for query in found):
        raise BadConfiguration(f"x: the all_of and none_of of {watch.name!r} exceed {length} characters; shorten them")
    return found


def _packed(terms: Sequence[str], room: int, watch: Watch, length: int) -> list[str]:
    groups: list[list[str]] = [[]]
    for term in terms:
        if len(term) > room:
            raise BadConfiguration(
                f"x: {term[:60]!r} and what every rule of {watch.name!r} repeats exceed {length} characters;"
                " shorten them"
            )
        if groups[-1] and len(_either([*groups[-1], term])) > room:
            groups.append([])
        groups[-1].append(term)
    return [_either(group) for group in groups]


def _either(terms: Sequence[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _languages(codes: Sequence[str]) -> list[str]:
    """Nothing where X does not know one of them: enrichment then decides alone."""
    known: list[str] = []
    for code in codes:
        said = (
            _CODES.get(code.lower()) or _CODES.get(code.lower().partition("-")[0]) or (code.lower().partition("-")[0],)
        )
        if not _LANGUAGES.issuperset(said):
            return []
        known.extend(said)
    return [_either([f"lang:{code}" for code in dict.fromkeys(known)])] if known else []


def _term(word: str, watch: Watch) -> str:
    if word.startswith(("#", "＃")):
        return _hashtag(word, watch)
    # a word X could read as an operator, or would split, is said as a phrase
    return word if _PLAIN.match(word) and word.lower() not in _RESERVED else _quoted(word, watch)


def _quoted(phrase: str, watch: Watch) -> str:
    said = _UNSAID.sub(" ", phrase).strip()
    if not any(letter.isalnum() or ord(letter) > 0x2190 for letter in said):
        raise BadConfiguration(f"x: {phrase!r} of {watch.name!r} holds no word X could look for")
    return f'"{said}"'


def _hashtag(tag: str, watch: Watch) -> str:
    bare = tag.lstrip("#＃")
    if not _HASHTAG.match(bare):
        raise BadConfiguration(f"x: expected a hashtag of letters, digits and _ in {watch.name!r}, came {tag!r}")
    return f"#{bare}"


def _account(handle: str, watch: Watch) -> str:
    bare = handle.lstrip("@")
    if not _HANDLE.match(bare):
        raise BadConfiguration(
            f"x: expected an account name of 1 to 15 letters, digits, _ in {watch.name!r}, came {handle!r}"
        )
    return f"from:{bare}"


def planned(wanted: Sequence[Rule], standing: Sequence[Standing], cap: int) -> Plan:
    """From the rules there are to the rules wanted, by (value, tag): tags cannot be edited.

    New rules come before stale ones go, so that nothing is missed; where there is no room for both, or where a stale
    rule has the very text of a new one (X refuses duplicates), the stale ones go first.

    Raises:
        BadConfiguration: not even then is there room, because others' rules take it.
    """
    there = {(rule.value, rule.tag) for rule in standing}
    taken = {rule.value for rule in standing if not rule.ours}
    asked = {(rule.value, rule.tag) for rule in wanted}
    # others' rule of the same text brings the posts already; `watches_by_rule` finds them by its id
    add = tuple(rule for rule in wanted if (rule.value, rule.tag) not in there and rule.value not in taken)
    stale = [rule for rule in standing if rule.ours and (rule.value, rule.tag) not in asked]
    foreign = sum(not rule.ours for rule in standing)
    if foreign + len(wanted) > cap:
        raise BadConfiguration(
            f"x: {len(wanted)} rules are wanted, {foreign} of another program stand, X allows {cap}; use fewer words"
        )
    values = {rule.value for rule in add}
    full = len(standing) + len(add) > cap
    clear = tuple(rule.id for rule in stale if full or rule.value in values)
    return Plan(clear, add, tuple(rule.id for rule in stale if rule.id not in clear))


def watches_by_rule(wanted: Sequence[Rule], standing: Sequence[Standing]) -> dict[str, tuple[str, ...]]:
    """Watches by rule id and by tag, for posts to say whose they are."""
    by_value = {rule.value: rule.watches for rule in wanted}
    found = {rule.tag: rule.watches for rule in wanted}
    found.update({rule.id: by_value[rule.value] for rule in standing if rule.value in by_value})
    return found


def standing_rules(answer: Mapping[str, Any]) -> list[Standing]:
    """The rules in X's answer to a GET or an add."""
    return [
        Standing(str(rule["id"]), str(rule.get("value", "")), str(rule.get("tag") or ""))
        for rule in answer.get("data") or ()
        if isinstance(rule, dict) and rule.get("id")
    ]
