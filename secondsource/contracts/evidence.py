"""What the store hands to those who look at a story."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from secondsource.contracts.messages import AlertEvent, Post, StanceLabel


class StoryPost(NamedTuple):
    """A post of a story as the evidence page shows it. `cue` is the words that told its stance ("UN said"), if any."""

    post: Post
    stance: StanceLabel
    tie: str
    tied_to: str
    evidence: str
    cue: str = ""


class Step(NamedTuple):
    """Something by which a story went further: a post that passes another on or copies it, or a count of a platform.

    `post` is the uid of the post that was passed on or counted, one word for all that were copied. Of an act `account`
    is who did it; of a count `account` is "" and `interactions` the reposts, quotes and replies the platform reports of
    the post.
    """

    at: datetime
    post: str
    account: str = ""
    interactions: int = 0


class StoryTrail(NamedTuple):
    """What a story left behind: its steps, oldest first, and its posts by language and by platform, the most first."""

    steps: tuple[Step, ...] = ()
    languages: tuple[tuple[str, int], ...] = ()
    platforms: tuple[tuple[str, int], ...] = ()


class Blind(NamedTuple):
    """A collector does not see a watch ("" for all of its watches), since when, and why; last told of `until`."""

    collector: str
    watch: str
    since: datetime
    until: datetime
    reason: str


class Overview(NamedTuple):
    """Alerts by their newest event, newest first, and how far what they rest on was seen.

    `open_in_all` is how many stand, of which the newest are `open`. `last_post` is when the newest post was observed,
    `told_until` up to when any collector has told what it saw: None where there is none.
    """

    open: tuple[AlertEvent, ...] = ()
    open_in_all: int = 0
    closed: tuple[AlertEvent, ...] = ()
    last_post: datetime | None = None
    told_until: datetime | None = None
    blind: tuple[Blind, ...] = ()
