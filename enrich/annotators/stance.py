"""How a post takes what it speaks of: asserts it, denies it, asks about it, or merely comments.

A post with published reviews of a claim takes the stance of their ratings, on the checkers' own scales. Any other is
judged by cues, listed per language in config/cues, and, where one was trained, by a model that has them among its
features. A denial must never be counted as an assertion: the cues lean towards denial, and no model may overrule them
in that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from enrich.annotator import Tags
from enrich.memo import Memo
from enrich.stance.cues import CueReader, Cues, Reading
from enrich.stance.features import Thread, features
from enrich.stance.model import LABELS, StanceModel
from secondsource.contracts.credits import OURS, Credits
from secondsource.contracts.messages import Account, Post, Review, Stance, StanceLabel

__all__ = ["Cues", "Judged", "StanceAnnotator"]

_LONGEST = 5_000  # characters read
_REMEMBERED_LENGTH = 1_000
_UPHELD, _DISPUTED = (
    0.8,
    0.4,
)  # shares of a rating scale from which a review upholds its claim, under which it disputes it
_REPEATED = 0.85  # share of a reply's words from which they are those of what it answers


class Judged(NamedTuple):
    """A stance and how sure it is, 0..1: of a model its probability, of cues by what told (docs/stance.md)."""

    stance: Stance
    confidence: float


class StanceAnnotator:
    """The stance of each post. A repost carries the original's words, and so its stance.

    Raises:
        BadConfiguration: a list nobody reads, or a cue that cannot work.
    """

    fills = "stance"

    def __init__(
        self, cues: Cues, model: StanceModel | None = None, *, agencies: Credits = OURS, remembered: int = 4_096
    ) -> None:
        self._reader = CueReader(cues, agencies)
        self._model = model
        self._memo: Memo[str, Reading] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Stance]:  # noqa: ARG002 -- cues of all languages are searched
        return [self.judge(post).stance for post in posts]

    def judge(self, post: Post, thread: Thread | None = None) -> Judged:
        """One post's stance; `thread` is what it answers, where that is known."""
        if post.reviews:
            return _of_reviews(post.reviews)
        reading = self.read(post.text)
        if self._model is None or not post.reply_to or post.repost_of:
            return by_cues(reading, post, thread)
        return self._by_model(self._model, reading, post, thread)

    def read(self, text: str) -> Reading:
        reading = self._memo.get(text)
        if reading is None:
            reading = self._reader.read(text[:_LONGEST])
            if len(text) <= _REMEMBERED_LENGTH:
                self._memo.put(text, reading)
        return reading

    def _by_model(self, model: StanceModel, reading: Reading, post: Post, thread: Thread | None) -> Judged:
        """The model's choice among what the cues allow."""
        year = post.created_at.year
        chances = model.chances(features(reading, _shows(post), thread), with_thread=thread is not None)
        allowed = {
            label: chance
            for label, chance in zip(LABELS, chances, strict=True)
            if label != "asserts" or not denied(reading, year)
        }
        label = max(allowed, key=lambda each: allowed[each])
        confidence = allowed[label] / (sum(allowed.values()) or 1.0)
        return Judged(_stance(label, _telling(label, reading, year), reading, post.author), confidence)


def by_cues(reading: Reading, post: Post, thread: Thread | None = None) -> Judged:
    """The stance by the cues alone. Pure.

    A reply vouches for nothing by a link, nor by naming somebody who said something: it asserts where it affirms, shows
    a picture and says a word to it, or repeats what it answers.
    """
    denial = reading.denied_in(post.created_at.year)
    shows = _shows(post)
    answers = bool(post.reply_to) and not post.repost_of
    if denial and not reading.question:
        return Judged(_stance("denies", denial, reading, post.author), 0.9)
    if reading.question and not (reading.remark and reading.question == "?"):
        return Judged(_stance("asks", reading.question, reading, post.author), 0.7 if reading.question == "?" else 0.9)
    if reading.quoted:
        label: StanceLabel = "denies" if reading.attribution else "comments"
        return Judged(_stance(label, reading.quoted, reading, post.author), 0.6)
    rebuttal = reading.rebuttal if answers or post.quote_of else ""
    if (rebuttal or reading.refusal) and not reading.affirmed:
        return Judged(_stance("denies", rebuttal or reading.refusal, reading, post.author), 0.6)
    if reading.words == 0 and not shows:
        return Judged(Stance(label="comments"), 0.9)
    if reading.remark and not (post.media or reading.affirmed):
        return Judged(_stance("comments", reading.remark, reading, post.author), 0.7 if answers else 0.6)
    if answers and not ((post.media and reading.words) or reading.affirmed or _repeats(reading, thread)):
        return Judged(Stance(label="comments"), 0.7)
    return Judged(_stance("asserts", _telling("asserts", reading, 0), reading, post.author), 0.6 if answers else 0.7)


def _repeats(reading: Reading, thread: Thread | None) -> bool:
    own = set(reading.folded.split())
    known = () if thread is None else (thread.parent, thread.source)
    return any(len(own & set(other.folded.split())) >= _REPEATED * len(own) > 0 for other in known if other)


def denied(reading: Reading, year: int) -> bool:
    """Whether it says so much against a story that it must not count for it."""
    return bool(reading.denied_in(year) or reading.quoted or (reading.refusal and not reading.affirmed))


def _telling(label: StanceLabel, reading: Reading, year: int) -> str:
    """The words that tell it, as far as a cue did."""
    if label == "denies":
        return reading.denied_in(year) or reading.quoted or reading.rebuttal or reading.refusal
    if label == "asks":
        return reading.question
    if label == "asserts":
        return reading.attribution or reading.hedge or reading.affirmed
    return ""


def _stance(label: StanceLabel, cue: str, reading: Reading, author: Account) -> Stance:
    if label in {"asks", "comments"}:
        return Stance(label=label, cue=cue)
    hedged = bool(reading.hedge) and label == "asserts"
    source = reading.source
    if source and source.casefold() in {author.handle.casefold(), author.name.casefold()}:  # it speaks for itself
        source = ""
    disowns = reading.disowned if label == "asserts" else ()
    return Stance(label=label, cue=cue, hedged=hedged, attributed_to=source, disowns=disowns)


def _shows(post: Post) -> bool:
    return bool(post.media or post.links)


def _of_reviews(reviews: Sequence[Review]) -> Judged:
    """One that disputes is enough, all must uphold. A rating in words alone is not read: that a claim had to be checked
    is a dispute for somebody to look at.
    """
    for review in reviews:
        if review.score is None or review.score < _DISPUTED:
            return Judged(Stance(label="denies", cue=review.rating), 1.0)
    least = min(reviews, key=lambda review: review.score or 0.0)
    upheld = least.score is not None and least.score >= _UPHELD
    return Judged(Stance(label="asserts" if upheld else "comments", cue=least.rating), 1.0)
