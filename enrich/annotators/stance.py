"""How a post takes what it speaks of: asserts it, denies it, asks about it, or merely comments.

A post with published reviews of a claim takes the stance of their ratings, on the checkers' own scales. Any other is
judged by cues, listed per language in config/cues. A denial must never be counted as an assertion, so that the cues
lean towards denial; what the lists miss is the work of a better annotator behind the same interface.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from enrich.annotator import Tags
from enrich.fold import fold, words
from enrich.memo import Memo
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Post, Review, Stance

#: Language → list (denies, asks, attribution, negations) → cues.
Cues = Mapping[str, Mapping[str, Sequence[str]]]

_LISTS = ("denies", "asks", "attribution", "negations")
_YEAR = "{year}"
_LONGEST = 5_000  # characters read
_REMEMBERED_LENGTH = 1_000
_REACH = 3  # words before a cue in which a negation turns it
_UPHELD, _DISPUTED = (
    0.8,
    0.4,
)  # shares of a rating scale from which a review upholds its claim, under which it disputes it
_FEW_WORDS = 6  # a reply, or a bare question, of no more than this says nothing of its own

_NOT_OWN = re.compile(r"^(?:\s*RT\b[\s:]*(?:@[\w.@-]+)?[\s:]*)+|(?:https?://|www\.)\S+|(?<!\w)[@＠]\w[\w.@-]*")
_QUESTION = re.compile(r"[?؟？;\u037e]\s*$")
_QUESTION_MARK = re.compile("[?؟？]")
# Only from where a run of them begins: tried from each of its characters, a long run would take its length squared.
_SENTENCE_END = re.compile(r"(?<![.!?؟？。！…\n])[.!?؟？。！…\n]+(?:\s|$)")
_TAG_OR_SAID = re.compile(r"[#＃]\w+|(\w+|[?؟？])")  # a hashtag; or, as group 1, a word or question mark
_YEAR_FIGURES = re.compile(r"(?:19|20)\d\d\b")


class _Cue(NamedTuple):
    label: str
    written: str
    tail: str  # what follows the year, where the cue has one
    dated: bool
    asked: bool  # counts only in a text with a question mark


class _Reading(NamedTuple):
    """What a text says, whatever kind of post it is in: all of it that the text alone tells."""

    denial: str
    question: str
    attributed: str
    words: int
    years: tuple[tuple[int, str], ...]  # dated denials: they hold for posts of a later year


class StanceAnnotator:
    """The stance of each post. A repost carries the original's words, and so its stance.

    Raises:
        BadConfiguration: a list nobody reads, or a cue without a word in it.
    """

    fills = "stance"

    def __init__(self, cues: Cues, *, remembered: int = 4_096) -> None:
        patterns: dict[str, list[_Cue]] = {}
        self._negations: set[str] = set()
        for language, lists in cues.items():
            for label, written in ((label, cue) for label, listed in lists.items() for cue in listed):
                self._read_cue(patterns, f"{language}.{label}", label, written)
        self._cues = list(patterns.values())
        self._patterns = AhoCorasick(patterns)
        self._memo: Memo[str, _Reading] = Memo(remembered)

    def _read_cue(self, patterns: dict[str, list[_Cue]], place: str, label: str, written: str) -> None:
        if label not in _LISTS:
            msg = f"cues.{place}: expected one of {', '.join(_LISTS)}"
            raise BadConfiguration(msg)
        head, dated, tail = written.partition(_YEAR)
        pattern = " ".join(fold(head).split())
        if not pattern:
            msg = f"cues.{place}: expected a cue that begins with a word, got {written!r}"
            raise BadConfiguration(msg)
        if label == "negations":
            self._negations.add(pattern)
            return
        cue = _Cue(
            label, written, " ".join(fold(tail).split()), bool(dated), _QUESTION_MARK.search(written) is not None
        )
        patterns.setdefault(f" {pattern} ", []).append(cue)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Stance]:  # noqa: ARG002 -- cues of all languages are searched
        return [self._judge(post) for post in posts]

    def _judge(self, post: Post) -> Stance:
        if post.reviews:
            return _of_reviews(post.reviews)
        reading = self._memo.get(post.text)
        if reading is None:
            reading = self._read(post.text[:_LONGEST])
            if len(post.text) <= _REMEMBERED_LENGTH:
                self._memo.put(post.text, reading)
        denial = reading.denial or next((cue for year, cue in reading.years if year < post.created_at.year), "")
        if denial and not reading.question:
            return Stance(label="denies", cue=denial)
        if reading.question:
            return Stance(label="asks", cue=reading.question)
        shows = bool(post.media or post.links)
        if reading.words == 0 and not shows:
            return Stance(label="comments")
        if (
            post.reply_to
            and not post.repost_of
            and not shows
            and not reading.attributed
            and reading.words <= _FEW_WORDS
        ):
            return Stance(label="comments")
        return Stance(label="asserts", cue=reading.attributed)

    def _read(self, text: str) -> _Reading:
        own = _NOT_OWN.sub(" ", text).strip()
        kept = words(fold(own))
        folded = f" {' '.join(kept)} "
        marked = _QUESTION_MARK.search(own) is not None
        asked = own if marked and _is_question(own, len(kept)) else ""
        found = {"denies": "", "asks": "", "attribution": ""}
        years: list[tuple[int, str]] = []
        for index, start, end in self._patterns.find_matches_as_indexes(folded, overlapping=True):
            for cue in self._cues[index]:
                if (cue.asked and not marked) or found[cue.label]:
                    continue
                if cue.label == "denies" and self._negated(folded, start):
                    continue
                if cue.dated:
                    year = _YEAR_FIGURES.match(folded, end)
                    if year and folded.startswith(f" {cue.tail}" if cue.tail else " ", year.end()):
                        years.append((int(year.group()), cue.written.replace(_YEAR, year.group())))
                else:
                    found[cue.label] = cue.written
        question = found["asks"] or (asked and "?")
        return _Reading(found["denies"], question, found["attribution"], len(kept), tuple(years))

    def _negated(self, folded: str, start: int) -> bool:
        """Whether one of the last few words before the cue says no ("this is not an old photo")."""
        before = folded[max(0, start - 60) : start].split()[-_REACH:]
        return any(" ".join(before[place:stop]) in self._negations for place, stop in _RANGES if stop <= len(before))


_RANGES = tuple((place, stop) for place in range(_REACH) for stop in range(place + 1, _REACH + 1))


def _of_reviews(reviews: Sequence[Review]) -> Stance:
    """One that disputes is enough, all must uphold. A rating in words alone is not read: that a claim had to be checked
    is a dispute for somebody to look at.
    """
    for review in reviews:
        if review.score is None or review.score < _DISPUTED:
            return Stance(label="denies", cue=review.rating)
    least = min(reviews, key=lambda review: review.score or 0.0)
    upheld = least.score is not None and least.score >= _UPHELD
    return Stance(label="asserts" if upheld else "comments", cue=least.rating)


def _is_question(own: str, count: int) -> bool:
    """A text that is one question and nothing else: "Is this Velgrad?", "really??", "???"."""
    bare = own[: max((found.end() for found in _TAG_OR_SAID.finditer(own) if found[1]), default=0)] or own
    if _QUESTION.search(bare) is None:
        return False
    return count <= _FEW_WORDS or _SENTENCE_END.search(bare.rstrip("?؟？ !")) is None
