"""Which watches a post belongs to, decided here: for replays, and where a platform does not say why it sent a post.

A watch takes a post that meets any of its hashtags, `any_of`, phrases and accounts (or has none of these), and all of
`all_of`, and none of `none_of`, in one of its languages. A post whose platform names no language passes: enrichment
will find out. A watch without a single positive word takes nothing.

Each watch has terms one of which it cannot do without: all of its alternatives, or a word of `all_of`, whichever a text
is less likely to hold. One pass over the text finds those of all watches together (Aho and Corasick 1975, "Efficient
string matching"), so the time grows with the text, not with the number of watches; a watch is looked at only when its
own was met, and only then is the text cut into words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from ahocorasick_rs import AhoCorasick

from secondsource.contracts.messages import Post
from secondsource.contracts.watch import Watch

_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_MARKS = re.compile("[\u0640\u0610-\u061a\u064b-\u065f\u0670]")
_ARABIC_FORMS = tuple(zip("أإآٱىئؤةکی", "ااااييوهكي", strict=True))
_WORD = re.compile(r"\w+")
# Thai, Lao, Burmese, Khmer, kana, Han: written without spaces, so a keyword is sought anywhere
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalised(text: str) -> str:
    """Case folded, compatibility forms unified, Arabic letter forms and vowel marks levelled."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    if "\u0307" in text:  # what folding makes of the Turkish İ, which nobody types
        text = text.replace("i\u0307", "i")
    return _levelled(text) if _ARABIC.search(text) else text


def _levelled(text: str) -> str:
    # each of these scans at the speed of memory; str.translate looks every letter up
    for form, letter in _ARABIC_FORMS:
        text = text.replace(form, letter)
    return _ARABIC_MARKS.sub("", text)


def words(text: str) -> list[str]:
    """Words of a normalised text; '#', '@' and punctuation are no part of them."""
    return _WORD.findall(text)


class _Term(NamedTuple):
    """What is sought, normalised: `words` as " old bridge ", the others as they are. An empty one is never met."""

    kind: Literal["words", "anywhere", "hashtag", "account"]
    text: str


class _Watch(NamedTuple):
    """`plain`: meeting any one of its terms is enough."""

    name: str
    any_of: tuple[_Term, ...]
    all_of: tuple[_Term, ...]
    none_of: tuple[_Term, ...]
    languages: frozenset[str]
    plain: bool


class _Find(NamedTuple):
    """Which watches to look at (by index) where letters were found: at once, or where the whole phrase stands there."""

    bounded: bool  #: the letters must be a word of their own
    watches: list[int]
    phrases: list[tuple[str, int]]


class _Reading:
    """One post, cut into words and tags when first asked for them."""

    __slots__ = ("_accounts", "_hashtags", "_line", "_tags", "text")

    def __init__(self, text: str, hashtags: Sequence[str], accounts: Sequence[str]) -> None:
        self.text = text
        self._hashtags = hashtags
        self._accounts = accounts
        self._line = ""
        self._tags: frozenset[str] | None = None

    @property
    def line(self) -> str:
        """The words with one space between, before and after."""
        if not self._line:
            self._line = f" {' '.join(words(self.text))} "
        return self._line

    @property
    def tags(self) -> frozenset[str]:
        if self._tags is None:
            self._tags = frozenset(map(normalised, self._hashtags))
        return self._tags

    @property
    def accounts(self) -> list[str]:
        return [account.lower() for account in self._accounts]

    def holds(self, term: _Term) -> bool:
        if not term.text:
            return False
        if term.kind == "words":
            return term.text in self.line
        if term.kind == "anywhere":
            return term.text in self.text
        return term.text in (self.tags if term.kind == "hashtag" else self.accounts)


class Matcher:
    """Many watches at once, whatever their number."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = [_read(watch) for watch in watches]
        self._by_tag: dict[str, list[int]] = defaultdict(list)
        self._by_account: dict[str, list[int]] = defaultdict(list)
        named = Counter(term for watch in self._watches for term in {*watch.any_of, *watch.all_of, *watch.none_of})
        finds: dict[str, _Find] = {}
        for index, watch in enumerate(self._watches):
            for term in _needed(watch, named):
                if term.kind == "hashtag":
                    self._by_tag[term.text].append(index)
                elif term.kind == "account":
                    self._by_account[term.text].append(index)
                else:
                    _enter(finds, term, index)
        self._finds = list(finds.values())
        self._letters = AhoCorasick(finds)
        self._reads_hashtags = any(
            term.kind == "hashtag" for watch in self._watches for term in watch.any_of + watch.all_of + watch.none_of
        )

    @property
    def reads_hashtags(self) -> bool:
        """Whether any watch names one: where finding a post's hashtags costs, it may be left undone otherwise."""
        return self._reads_hashtags

    def watches(self, post: Post, context: str = "") -> tuple[str, ...]:
        """Names of the watches that take the post, in the order given. `context` is the text of what it quotes."""
        return self.taking(
            f"{post.text}\n{context}" if context else post.text,
            hashtags=post.hashtags,
            accounts=(post.author.handle, post.author.uid.partition(":")[2]),
            languages=(post.lang_hint,) if post.lang_hint else (),
        )

    def taking(
        self,
        text: str,
        *,
        hashtags: Sequence[str] = (),
        accounts: Sequence[str] = (),
        languages: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """As `watches`, of a post that has not been mapped yet.

        `accounts` are the names its author goes by; `languages` those its platform names, one of which is enough.
        """
        text = normalised(text)
        hits = self._letters.find_matches_as_indexes(text, overlapping=True)
        if not (hits or (hashtags and self._by_tag) or self._by_account):
            return ()
        reading = _Reading(text, hashtags, accounts)
        found = self._found(hits, reading)
        if not found:
            return ()
        spoken = [language.partition("-")[0].lower() for language in languages]
        every = self._watches
        return tuple(
            every[index].name for index in sorted(found) if every[index].plain or _takes(every[index], reading, spoken)
        )

    def _found(self, hits: Sequence[tuple[int, int, int]], reading: _Reading) -> set[int]:
        """Indexes of the watches worth looking at."""
        text = reading.text
        end_of_text = len(text)
        found: set[int] = set()
        met: set[int] = set()  # a long text may have one word everywhere
        for pattern, start, end in hits:
            if pattern in met:
                continue
            bounded, watches, phrases = self._finds[pattern]
            if bounded and (
                (start and (text[start - 1].isalnum() or text[start - 1] == "_"))
                or (end < end_of_text and (text[end].isalnum() or text[end] == "_"))
            ):
                continue
            met.add(pattern)
            found.update(watches)
            for phrase, index in phrases:
                if phrase in reading.line:
                    found.add(index)
        if self._by_tag:
            for tag in reading.tags:
                found.update(self._by_tag.get(tag, ()))
        if self._by_account:
            for account in reading.accounts:
                found.update(self._by_account.get(account, ()))
        return found


def _read(watch: Watch) -> _Watch:
    any_of = [_term(term) for term in (*watch.any_of, *watch.phrases)]
    any_of += [_Term("hashtag", normalised(tag.lstrip("#＃"))) for tag in watch.hashtags]
    any_of += [_Term("account", handle.lstrip("@").lower()) for handle in watch.accounts]
    all_of = tuple(map(_term, watch.all_of))
    none_of = tuple(map(_term, watch.none_of))
    languages = frozenset(code.lower().partition("-")[0] for code in watch.languages)
    return _Watch(watch.name, tuple(any_of), all_of, none_of, languages, not (all_of or none_of or languages))


def _term(term: str) -> _Term:
    if term.startswith(("#", "＃")):
        return _Term("hashtag", normalised(term[1:]))
    text = normalised(term).strip()
    if _UNSPACED.search(text) or not _WORD.search(text):
        return _Term("anywhere", text)  # emoji too are no words
    return _Term("words", f" {' '.join(words(text))} ")


def _needed(watch: _Watch, named: Mapping[_Term, int]) -> list[_Term]:
    """The terms one of which the watch cannot do without, the choice among these by how seldom they will be met.

    Short words are common, and so are those that many watches name; only the order of the estimates matters.
    """
    choices = [[term for term in set(watch.any_of) if term.text]] if watch.any_of else []
    choices += [[term] for term in watch.all_of]
    return min(choices, key=lambda terms: sum(named[term] ** 2 * 0.5 ** _letters(term) for term in terms), default=[])


def _letters(term: _Term) -> int:
    """How many letters of an alphabet the term is worth; a character of an unspaced script says as much as three."""
    if term.kind == "words":
        return max(map(len, term.text.split()))
    return 3 * len(term.text) if term.kind == "anywhere" else 30


def _enter(finds: dict[str, _Find], term: _Term, index: int) -> None:
    if not term.text:
        return
    if term.kind == "anywhere":
        finds.setdefault(term.text, _Find(False, [], [])).watches.append(index)
        return
    longest = max(term.text.split(), key=len)
    find = finds.setdefault(longest, _Find(True, [], []))
    if term.text == f" {longest} ":
        find.watches.append(index)
    else:
        find.phrases.append((term.text, index))


def _takes(watch: _Watch, reading: _Reading, languages: Sequence[str]) -> bool:
    return (
        (not watch.languages or not languages or not watch.languages.isdisjoint(languages))
        and all(map(reading.holds, watch.all_of))
        and not any(map(reading.holds, watch.none_of))
        and (not watch.any_of or any(map(reading.holds, watch.any_of)))
    )
