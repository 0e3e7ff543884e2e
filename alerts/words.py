"""The words that say what a post is about, and which living story shares the rare ones.

Streaming TF-IDF (Salton & Buckley, "Term-weighting approaches in automatic text retrieval", 1988) over the stories
of the last hours: a story counts once for each of its terms, so that copies do not make a word common. Two posts
speak of the same thing when the rare terms they share weigh much against all that the shorter one says. Precision
before recall: two half stories cost an analyst a second look, two stories taken for one cost the truth.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

from secondsource.contracts.messages import Enriched
from secondsource.contracts.watch import Watch

#: Terms shared at least, and of these at least so many rare ones.
FEWEST_SHARED = 3
FEWEST_RARE = 2
#: Log-odds that two posts say the same, from the weight of the terms they share over that of all they say, and from the
#: number of rare ones: logistic regression (five-fold pair F1 .66) on pairs of posts about one checked claim and about
#: two, of the training part of CheckThat! 2022, task 2A. Posts are tied from even odds.
_OVERLAP, _RARE, _NONE = 42.1, 2.07, -7.95
FEWEST_ODDS = 0.0
SURE_ODDS = math.log(9)  #: nine to one
#: A term is rare if at most this share of the stories, or at most a handful, have it.
RARE_SHARE = 0.02
_RARE_ANYWAY = 5
_PRIOR = 50.0  # stories imagined before the first, so that a young watch does not take its first words for telling

_LOOKED_UP = 8  # terms, the rarest
_LED_TO = 48
_VERIFIED = 3
_MOST_TERMS = 32
_MOST_SAYINGS = 4  # of a story, whose terms lead to it
_MOST_NAMED = 8
_ADDRESSED = frozenset({"hashtag", "mention"})
_WINDOW_STORIES = 20_000
_WINDOW_SECONDS = 6 * 3600.0

_NOBODY: frozenset[int] = frozenset()
#: Of how many stories have a term, half a story added. The window holds one more for a moment.
_LOGS = [math.log(stories + 0.5) for stories in range(_WINDOW_STORIES + 2)]

_LINKS = re.compile(r"(?:https?://|www\.|pic\.)\S+")
_TAG = re.compile(r"(?<!\w)([#@＠])(\w+)((?:@[\w.-]+)?)")
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_WORD = re.compile(r"\w+")

_LISTED = """
the and for that this with have has had was were are been being from they them their there here what when
where which who whom whose will would could should shall may might must can cannot not but you your our his
her hers its him she about after again all also any because before between both did does doing done down
during each few get gets got how into just like more most much near need new now off once one only other out
over own please said same say says see seen seems some such than then these those through today tonight too
two under until very via want way well why yes yet breaking update live news report reports reported people
video photo picture pic watch look rt amp dont didnt isnt thats ive youre theyre cant les des une que qui dans
pour sur par pas plus est sont avec mais nous vous ils elles cette ces son ses leur aux ont été être los las
una por para con del este esta estos está como pero más sus hay muy sin sobre ser han fue что это как так для
его она они при уже или если только еще ещё был была было были все всё нет есть мне нас вас bir bu ve için ile
çok daha olan olarak var yok gibi ama değil في من على إلى الى عن مع هذا هذه الذي التي كان كانت قد ما لا أن ان
إن هو هي هم ثم كل بعد قبل عند حتى
"""

#: Words that tell nothing about what happened. Those under three letters are left out anyway.
STOPWORDS = frozenset(_LISTED.split())


class Tied(NamedTuple):
    story: int
    odds: float
    shared: tuple[str, ...]


def terms(enriched: Enriched, own: frozenset[str]) -> tuple[str, ...]:
    """Content words, hashtags and known names of a post, without those of the watch itself; no order, no repeats.

    A known name is there in its words and by its id, which is the same in every language. What can be read in its
    pictures comes after what it says itself.
    """
    post = enriched.post
    text = post.text[:1_000]
    for picture in enriched.pictures:
        if picture.text:
            text = f"{text} {picture.text}"[:2_000]
    if "@" in text or "/" in text or "#" in text or "＠" in text:
        text = _TAG.sub(_parted, _LINKS.sub(" ", text))
    found = dict.fromkeys(
        f"{entity.kind} {entity.id}"
        for entity in enriched.entities
        if entity.kind not in _ADDRESSED and not own.issuperset(_WORD.findall(entity.text.casefold()))
    )
    words = _WORD.findall(text.casefold())
    found |= dict.fromkeys([word for word in words if word not in own and (len(word) > 2 or _is_number(word))])
    return tuple(found)[:_MOST_TERMS]


def _is_number(word: str) -> bool:
    """Of two digits: less is no number worth telling of."""
    return len(word) == 2 and word.isdigit()


def _parted(tag: re.Match[str]) -> str:
    """The words that a hashtag or a mention is made of: "@MayorOfVelgrad@a.example" → " Mayor Of Velgrad "."""
    return f" {' '.join(_JOINT.split(tag[2]))} "


def named(enriched: Enriched) -> tuple[str, ...]:
    """Ids of the places and events that a post names, each once, at most eight."""
    names = dict.fromkeys(entity.id for entity in enriched.entities if entity.kind in {"place", "event"})
    return tuple(names)[:_MOST_NAMED]


def own_terms(watch: Watch) -> frozenset[str]:
    """What ties no post of a watch to another: what all of them have in common, and words that tell nothing."""
    asked = (*watch.hashtags, *watch.all_of, *watch.any_of, *watch.phrases, watch.name)
    return STOPWORDS.union(part for words in asked for part in _WORD.findall(words.casefold()))


class WordIndex:
    """Which stories of the last hours have which terms. `stories` is ordered by when they opened."""

    def __init__(self) -> None:
        self._stories: dict[int, tuple[tuple[str, ...], ...]] = {}
        self._posted: dict[str, set[int]] = {}
        self._window: deque[tuple[float, int]] = deque()
        self.slid = 0  #: the newest story that has left the window

    def open(self, story: int, at: float, sayings: Iterable[Sequence[str]]) -> None:
        """`sayings`: the terms of each of its posts whose terms are kept."""
        self._window.append((at, story))
        self._stories[story] = ()
        for terms in sayings:
            self.extend(story, terms)

    def extend(self, story: int, terms: Sequence[str]) -> None:
        """A story that is still in the window says it in other words."""
        known = self._stories.get(story)
        if known is None or not terms or len(known) >= _MOST_SAYINGS:
            return
        for term in terms:
            held = self._posted.get(term)
            if held is None:
                self._posted[term] = {story}
            else:
                held.add(story)
        self._stories[story] = (*known, tuple(terms))

    def slide(self, now: float) -> None:
        """Let go of what is older than the window, or beyond its size."""
        window = self._window
        while window and (len(self._stories) > _WINDOW_STORIES or window[0][0] < now - _WINDOW_SECONDS):
            self.slid = window.popleft()[1]
            self.drop(self.slid)

    def drop(self, story: int) -> None:
        for terms in self._stories.pop(story, ()):
            for term in terms:
                held = self._posted.get(term)
                if held is not None:
                    held.discard(story)
                    if not held:
                        del self._posted[term]

    def sayings(self, story: int) -> tuple[tuple[str, ...], ...] | None:
        """None where the story is not in the window (any more)."""
        return self._stories.get(story)

    def find(self, terms: Sequence[str]) -> Tied | None:
        """The story that shares most with these terms, the earliest of equals; None if none shares enough."""
        if len(terms) < FEWEST_SHARED:
            return None
        posted = self._posted
        held = {term: posted.get(term, _NOBODY) for term in terms}
        known = sorted([(len(stories), term) for term, stories in held.items() if stories])
        if len(known) < FEWEST_SHARED:
            return None
        led = list(accumulate([count for count, _ in known[:_LOOKED_UP]]))
        rarest = [held[term] for _, term in known[: bisect_right(led, _LED_TO)]]
        shared = Counter(chain.from_iterable(rarest))
        likely = sorted([(-count, story) for story, count in shared.items() if count > 1])[:_VERIFIED]
        if not likely:
            return None
        said = self._said({term: len(stories) for term, stories in held.items()})
        verified = [self._verify(story, said, theirs) for _, story in likely for theirs in self._stories[story]]
        return max((tied for tied in verified if tied), key=lambda tied: (tied.odds, -tied.story), default=None)

    def _said(self, counts: dict[str, int]) -> _Said:
        """`counts`: how many stories have each term."""
        stories = len(self._stories)
        all_ = math.log(stories + _PRIOR)
        weights = {term: all_ - _LOGS[count] for term, count in counts.items()}
        most = max(_RARE_ANYWAY, RARE_SHARE * stories)
        rare = {term for term, count in counts.items() if count <= most}
        return _Said(weights, rare, math.fsum(weights.values()))

    def _weights(self, terms: Iterable[str]) -> list[float]:
        """Inverse document frequency of each, smoothed by stories imagined beforehand."""
        all_, posted = math.log(len(self._stories) + _PRIOR), self._posted
        return [all_ - _LOGS[len(posted.get(term, _NOBODY))] for term in terms]

    def _verify(self, story: int, said: _Said, theirs: Sequence[str]) -> Tied | None:
        weights = said.weights
        shared = said.rare.intersection(theirs)
        rare = len(shared)
        if rare < FEWEST_RARE:
            return None
        shared = weights.keys() & theirs
        if len(shared) < FEWEST_SHARED:
            return None
        common = math.fsum([weights[term] for term in shared])
        fitted = _RARE * math.log1p(rare) + _NONE
        if said.total <= 0 or _OVERLAP * common / said.total + fitted < FEWEST_ODDS:
            return None  # they could not share enough if theirs were nothing but what is shared
        every = said.total + math.fsum(self._weights([term for term in theirs if term not in weights]))
        odds = _OVERLAP * common / every + fitted
        if odds < FEWEST_ODDS:
            return None
        return Tied(story, odds, tuple(sorted(shared, key=lambda term: (-weights[term], term))))


class _Said(NamedTuple):
    """The terms of one post, each with its weight, which of them are rare, and what all of them weigh."""

    weights: dict[str, float]
    rare: set[str]
    total: float
