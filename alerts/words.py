"""The words that say what a post is about, and which living story shares the rare ones.

Streaming TF-IDF (Salton & Buckley, "Term-weighting approaches in automatic text retrieval", 1988) over the stories
of the last hours: a story counts once for each of its terms, so that copies do not make a word common. Two posts
speak of the same thing when the rare terms they share weigh much against all that the shorter one says. Precision
before recall: two half stories cost an analyst a second look, two stories taken for one cost the truth.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from secondsource.contracts.messages import Enriched
from secondsource.contracts.watch import Watch

#: Terms shared at least, and of these at least so many rare ones.
FEWEST_SHARED = 3
FEWEST_RARE = 2
#: The shared terms' weight over the weight of the post's, and of the story's, whichever is less.
OVERLAP = 0.5
#: A term is rare if at most this share of the stories, or at most a handful, have it.
RARE_SHARE = 0.02
_RARE_ANYWAY = 5
_PRIOR = 50.0  # stories imagined before the first, so that a young watch does not take its first words for telling

_LOOKED_UP = 5
_POSTED = 64
_VERIFIED = 5
_MOST_TERMS = 24
_MOST_STORY_TERMS = 40
_MOST_NAMED = 8
_WINDOW_STORIES = 20_000
_WINDOW_SECONDS = 6 * 3600.0

_NOT_WORDS = re.compile(r"(?:https?://|www\.|pic\.)\S+|(?<!\w)[@＠]\w[\w.@-]*")
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
    overlap: float
    shared: tuple[str, ...]


def terms(enriched: Enriched, own: frozenset[str]) -> tuple[str, ...]:
    """Content words, hashtags and known names of a post, without those of the watch itself; no order, no repeats.

    What can be read in its pictures comes after what it says itself.
    """
    post = enriched.post
    text = post.text[:1_000]
    for picture in enriched.pictures:
        if picture.text:
            text = f"{text} {picture.text}"[:2_000]
    if "@" in text or "/" in text:
        text = _NOT_WORDS.sub(" ", text)
    found = dict.fromkeys(_WORD.findall(text.casefold()))
    named: list[str] = []
    for entity in enriched.entities:
        if entity.kind in {"hashtag", "mention"}:
            continue
        parts = _WORD.findall(entity.text.casefold())
        if any(part not in own for part in parts):
            for part in parts:
                found.pop(part, None)
            named.append(f"{entity.kind} {entity.id}")
    kept = [word for word in found if len(word) > 2 and word not in STOPWORDS and word not in own]
    kept += [word for word in found if len(word) == 2 and word.isdigit()]
    return tuple(dict.fromkeys(named + kept))[:_MOST_TERMS]


def named(enriched: Enriched) -> tuple[str, ...]:
    """Ids of the places and events that a post names, each once, at most eight."""
    names = dict.fromkeys(entity.id for entity in enriched.entities if entity.kind in {"place", "event"})
    return tuple(names)[:_MOST_NAMED]


def own_terms(watch: Watch) -> frozenset[str]:
    """What every post of a watch has in common, and so ties none to another."""
    asked = (*watch.hashtags, *watch.all_of, *watch.any_of, *watch.phrases, watch.name)
    return frozenset(part for words in asked for part in _WORD.findall(words.casefold()))


class WordIndex:
    """Which stories of the last hours have which terms. `stories` is ordered by when they opened."""

    def __init__(self) -> None:
        self._stories: dict[int, tuple[str, ...]] = {}
        self._posted: dict[str, set[int]] = {}
        self._window: deque[tuple[float, int]] = deque()
        self.slid = 0  #: the newest story that has left the window

    def open(self, story: int, at: float, terms: Sequence[str]) -> None:
        self._window.append((at, story))
        self._stories[story] = ()
        self.extend(story, terms)

    def extend(self, story: int, terms: Iterable[str]) -> None:
        """A story that is still in the window says something more."""
        known = self._stories.get(story)
        if known is None:
            return
        added: list[str] = []
        for term in terms:
            if len(known) + len(added) >= _MOST_STORY_TERMS:
                break
            held = self._posted.get(term)
            if held is None:
                self._posted[term] = {story}
            elif story in held:
                continue
            else:
                held.add(story)
            added.append(term)
        if added:
            self._stories[story] = (*known, *added)

    def slide(self, now: float) -> None:
        """Let go of what is older than the window, or beyond its size."""
        window = self._window
        while window and (len(self._stories) > _WINDOW_STORIES or window[0][0] < now - _WINDOW_SECONDS):
            self.slid = window.popleft()[1]
            self.drop(self.slid)

    def drop(self, story: int) -> None:
        for term in self._stories.pop(story, ()):
            held = self._posted[term]
            held.discard(story)
            if not held:
                del self._posted[term]

    def terms_of(self, story: int) -> tuple[str, ...] | None:
        """None where the story is not in the window (any more)."""
        return self._stories.get(story)

    def rare(self, term: str) -> bool:
        return len(self._posted.get(term, ())) <= max(_RARE_ANYWAY, RARE_SHARE * len(self._stories))

    def weight(self, term: str) -> float:
        """Inverse document frequency, smoothed by stories imagined beforehand."""
        return math.log((len(self._stories) + _PRIOR) / (len(self._posted.get(term, ())) + 0.5))

    def find(self, terms: Sequence[str]) -> Tied | None:
        """The story that shares most with these terms, the earliest of equals; None if none shares enough."""
        if len(terms) < FEWEST_SHARED:
            return None
        posted = self._posted
        known = [(len(held), term) for term in terms if (held := posted.get(term))]
        if len(known) < FEWEST_SHARED:
            return None
        known.sort()
        rarest = [posted[term] for stories, term in known[:_LOOKED_UP] if stories <= _POSTED]
        shared: dict[int, int] = {}
        for one, other in combinations(rarest, 2):
            for story in one & other:
                shared[story] = shared.get(story, 0) + 1
        likely = sorted((-count, story) for story, count in shared.items())[:_VERIFIED]
        verified = (self._verify(story, terms) for _, story in likely)
        return max((tied for tied in verified if tied), key=lambda tied: (tied.overlap, -tied.story), default=None)

    def _verify(self, story: int, terms: Sequence[str]) -> Tied | None:
        theirs = self._stories[story]
        ours = set(theirs)
        shared = [term for term in terms if term in ours]
        if len(shared) < FEWEST_SHARED or sum(map(self.rare, shared)) < FEWEST_RARE:
            return None
        common = math.fsum(map(self.weight, shared))
        smaller = min(math.fsum(map(self.weight, terms)), math.fsum(map(self.weight, theirs)))
        overlap = common / smaller if smaller > 0 else 0.0
        if overlap < OVERLAP:
            return None
        shared.sort(key=lambda term: (-self.weight(term), term))
        return Tied(story, overlap, tuple(shared))
