"""Whom and what a post names: people, places, organisations, events, hashtags, mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

from enrich.annotator import Tags
from enrich.memo import Memo
from enrich.names.gazetteer import Gazetteer, Match
from secondsource.contracts.folding import WORD_CHARACTER, fold
from secondsource.contracts.messages import Entity, Post

# Begins with its sign, not with what must not stand before it: so it is found five times as fast.
_TAG_OR_MENTION = re.compile(
    rf"[#＃@＠](?:(?<=[#＃])(?<!\w.)(?P<hashtag>\w*[^\W\d_]{WORD_CHARACTER}*)"
    r"|(?<=[@＠])(?<![\w.].)(?P<mention>\w+(?:[.-]\w+)*(?:@\w+(?:[.-]\w+)+)?))"
)
_LONGEST = 10_000  # characters a trained pipeline is given; longer texts get the gazetteer alone
_REMEMBERED_LENGTH = 1_000

_Key = tuple[str, str, tuple[str, ...], tuple[str, ...]]  # text, language, and what only the platform names


class Recogniser(Protocol):
    """A language's trained pipeline, with the gazetteer in it."""

    def entities(self, texts: Sequence[str]) -> Iterable[list[Match]]: ...


class EntityAnnotator:
    """Names by gazetteer, or by the trained pipeline of the post's language where there is one.

    For a language without one, the gazetteer is asked directly: what a blank pipeline with the gazetteer in it would
    answer, without the cost of cutting the text into tokens (tests hold the two equal).
    """

    fills = "entities"

    def __init__(
        self, gazetteer: Gazetteer, trained: Mapping[str, Recogniser] | None = None, *, remembered: int = 4_096
    ) -> None:
        self._gazetteer = gazetteer
        self._trained = dict(trained or {})
        self._memo: Memo[_Key, tuple[Entity, ...]] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[tuple[Entity, ...]]:
        languages: list[str] = [language.code for language in tags["language"]]
        named = self._by_trained(posts, languages) if self._trained else {}
        return [
            (named[place] + _tags_and_mentions(post)) if place in named else self._by_gazetteer(post, languages[place])
            for place, post in enumerate(posts)
        ]

    def named(self, text: str, language: str) -> tuple[Entity, ...]:
        """All that a text names, hashtags and mentions included, by the gazetteer."""
        return self._entities(text, self._gazetteer.find(text, language)) + _in_text(text)

    def _by_gazetteer(self, post: Post, language: str) -> tuple[Entity, ...]:
        text = post.text
        key = (text, language, post.hashtags, post.mentions)
        known = self._memo.get(key)
        if known is None:
            known = self._entities(text, self._gazetteer.find(text, language)) + _tags_and_mentions(post)
            if len(text) <= _REMEMBERED_LENGTH:
                self._memo.put(key, known)
        return known

    def _entities(self, text: str, matches: Sequence[Match]) -> tuple[Entity, ...]:
        found: list[Entity] = []
        for match in matches:
            lat, lon = self._gazetteer.where(match.id) or (None, None)
            words = text[match.start : match.end]
            found.append(
                Entity(kind=match.kind, id=match.id, text=words, start=match.start, end=match.end, lat=lat, lon=lon)
            )
        return tuple(found)

    def _by_trained(self, posts: Sequence[Post], languages: Sequence[str]) -> dict[int, tuple[Entity, ...]]:
        named: dict[int, tuple[Entity, ...]] = {}
        for language, pipeline in self._trained.items():
            places = [
                place for place, post in enumerate(posts) if languages[place] == language and len(post.text) <= _LONGEST
            ]
            texts = [_without_surrogates(posts[place].text) for place in places]
            for place, matches in zip(places, pipeline.entities(texts), strict=True):
                named[place] = self._entities(posts[place].text, matches)
        return named


def _without_surrogates(text: str) -> str:
    """Same length; spaCy keeps strings as UTF-8, which half a character has no form in."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _in_text(text: str) -> tuple[Entity, ...]:
    """Hashtags and mentions, where they stand."""
    if not ("#" in text or "@" in text or "＃" in text or "＠" in text):
        return ()
    found: list[Entity] = []
    for match in _TAG_OR_MENTION.finditer(text):
        kind: Literal["hashtag", "mention"] = "hashtag" if match["hashtag"] else "mention"
        written = match.group()
        found.append(
            Entity(kind=kind, id=_canonical(kind, match[kind]), text=written, start=match.start(), end=match.end())
        )
    return tuple(found)


def _tags_and_mentions(post: Post) -> tuple[Entity, ...]:
    """Those in the text, where they stand; then those only the platform names, without a place."""
    found = list(_in_text(post.text))
    if post.hashtags or post.mentions:
        ids = {(entity.kind, entity.id) for entity in found}
        given: list[tuple[Literal["hashtag", "mention"], str]] = [("hashtag", tag) for tag in post.hashtags]
        given += [("mention", handle) for handle in post.mentions]
        for kind, written in given:
            canonical = _canonical(kind, written.lstrip("#＃@＠"))
            if canonical and (kind, canonical) not in ids:
                ids.add((kind, canonical))
                found.append(Entity(kind=kind, id=canonical, text=written))
    return tuple(found)


def _canonical(kind: Literal["hashtag", "mention"], written: str) -> str:
    """Hashtags count together in all their spellings; handles are ASCII and differ only in case."""
    if kind == "mention":
        return written.lower()
    if written.isascii():
        return written.lower()
    return "_".join(fold(part).replace(" ", "") for part in written.split("_")) or written.lower()
