"""What a rule judges, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from alerts.earlier.file_claims import Claimed
from alerts.origins.in_step import InStep
from secondsource.contracts.messages import Checked, Corroboration, Earlier, Finding, Origin, Spread
from secondsource.contracts.watch import Thresholds


class Everywhere(NamedTuple):
    """A picture that so many pairwise unrelated posts have shown, the first of them `since`."""

    picture: str
    posts: int
    since: datetime


class Old(NamedTuple):
    """A picture of the story that was seen before it, first `since`: so many posts that assert the story show it, and
    so many interactions they drew.
    """

    since: datetime
    posts: int
    interactions: int


class Removed(NamedTuple):
    """`posts` that asserted the story in words of their own are gone from their platform, of `of` there ever were, the
    last of them at `latest_at`. `most`: interactions of the one that had most when it went. `story` and `surprise`: how
    far the whole story had gone then, and how surprising that was (None: too little history), at its most.
    """

    posts: int
    of: int
    most: int
    story: int
    surprise: float | None
    latest_at: datetime


class Surge(NamedTuple):
    """The watch's posts since `since`, and before `until` (None: up to now), how many its hours lead to expect, and the
    most that the chance of as many can be; `led`: how many of them are posts of the story.
    """

    posts: int
    expected: float
    surprise: float
    since: datetime
    led: int
    until: datetime | None = None


class StoryEvidence(NamedTuple):
    """All that is known of a story at `as_of`. A rule sees this and the watch's thresholds, nothing else.

    `independent` is N_eff, `sources` how many origins that is the weight of, `derivation` how it came about. `copies`
    are asserting posts tied to others, by kind. `interactions_with_denials` is how far those posts went that deny what
    the story says; it is not part of `spread`. `follows_a_denial`: the story's first post denies, and what asserts it
    first answers or passes on another. `blind`: collectors that saw nothing for part of the story's time. `origins` are
    the strongest two. `earlier`, `named` and `everywhere` are filled only once a rule has found something: looking is
    costly. `named`: ids of the places and events that the story's texts name. `everywhere`: its pictures that tell
    nothing, because unrelated posts show them. `unread`: how many of its pictures could not be had or decoded.
    `claimed`: what files of its pictures say of themselves. `checks`: published checks of a claim like the story's,
    found as late; `checked`: how many there are, known from the start. So are `old` (its pictures that were seen
    before, those that drew most first), `coordinated`, `removed` and `surge`.
    """

    watch: str
    claim: str
    opened_at: datetime
    as_of: datetime
    state: Corroboration
    spread: Spread
    independent: float
    derivation: str
    posts: int
    accounts: int
    disputes: int
    interactions_with_denials: int = 0
    follows_a_denial: bool = False
    copies: tuple[tuple[str, int], ...] = ()
    blind: tuple[str, ...] = ()
    sources: int = 1
    origins: tuple[Origin, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    named: tuple[str, ...] = ()
    everywhere: tuple[Everywhere, ...] = ()
    unread: int = 0
    claimed: tuple[Claimed, ...] = ()
    checks: tuple[Checked, ...] = ()
    checked: int = 0
    old: tuple[Old, ...] = ()
    coordinated: InStep | None = None
    removed: Removed | None = None
    surge: Surge | None = None


class Example(NamedTuple):
    """A story that must, or must not, make a rule fire: shipped with the rule, tried by the contract test, shown in
    docs.
    """

    name: str
    evidence: StoryEvidence
    thresholds: Thresholds
    fires: bool


class Rule(NamedTuple):
    """One finding. `fires` is cheap and runs at every change of a story; `describe` says what there is to say of it.

    Both are pure. `describe` is also asked when the story no longer fires, for the later events of an open alert.
    `recalled`: as many independent origins as the watch requires answer it. Otherwise it stands beside them until the
    story is over.
    """

    name: str
    fires: Callable[[StoryEvidence, Thresholds], bool]
    describe: Callable[[StoryEvidence, Thresholds], Finding]
    examples: tuple[Example, ...]
    recalled: bool = True

    def find(self, evidence: StoryEvidence, thresholds: Thresholds) -> Finding | None:
        return self.describe(evidence, thresholds) if self.fires(evidence, thresholds) else None
