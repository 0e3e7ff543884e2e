"""An old picture that spreads with a new story: it was first seen long before, and draws what the story draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from alerts.rules import taking_off
from alerts.rules.evidence import Example, Old, Rule, StoryEvidence
from alerts.rules.invented_stories import CALM, CONFIRMED, LOGO, OLD_RIVER, OPENED, RIVER, SPIKE, STORY, YOUNG
from alerts.wording import count, seen_on
from secondsource.contracts.messages import Earlier, Finding, Reason
from secondsource.contracts.watch import Thresholds

NAME = "recycled_media"


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """The story may take off, and an old picture drew half of what it did, or as much as the watch asks of a story."""
    old = _old(evidence, thresholds)
    return (
        old is not None
        and old.interactions >= min(thresholds.min_interactions, evidence.spread.interactions / 2)
        and taking_off.may_take_off(evidence, thresholds)
    )


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    old = _old(evidence, thresholds)
    own = [] if old is None else [_reason(old, evidence.earlier)]
    alone = taking_off.uncorroborated(evidence, thresholds)
    head = "Old picture taking off" + (" without corroboration" if alone else "")
    head += f": shown by {count(old.posts, 'post')} of the story" if old is not None else ""
    clears = "a person's look at whether the posts say when the picture was taken"
    return taking_off.finding(NAME, head, own, clears, evidence, thresholds)


def _old(evidence: StoryEvidence, thresholds: Thresholds) -> Old | None:
    """Of its pictures that are old enough, the one that drew most."""
    before = evidence.opened_at - timedelta(days=thresholds.recycled_days)
    old = [each for each in evidence.old if each.since <= before]
    return max(old, key=lambda each: (each.interactions, each.posts)) if old else None


def _reason(old: Old, earlier: Sequence[Earlier]) -> Reason:
    since = next((seen_on(seen) for seen in earlier if seen.seen_at == old.since), f"{old.since:%Y-%m-%d}")
    return Reason(
        name="old picture",
        value=str(old.interactions),
        sentence=f"A picture first seen {since} is shown by "
        f"{count(old.posts, 'post that asserts the story', 'posts that assert the story')}; "
        f"{'it' if old.posts == 1 else 'they'} drew {count(old.interactions, 'interaction')}.",
    )


_STORY = STORY._replace(old=(OLD_RIVER,), earlier=(RIVER,))
_YESTERDAY = OLD_RIVER._replace(since=OPENED - timedelta(days=1))

EXAMPLES = (
    Example("a picture of years before, far beyond what is expected", _STORY, Thresholds(), fires=True),
    Example("too little history: the picture's is enough", _STORY._replace(spread=YOUNG), Thresholds(), fires=True),
    Example(
        "three origins assert the story, one of them with an old picture",
        CONFIRMED._replace(old=(OLD_RIVER,), earlier=(RIVER,)),
        Thresholds(),
        fires=True,
    ),
    Example(
        "another of its pictures is of yesterday", _STORY._replace(old=(_YESTERDAY, OLD_RIVER)), Thresholds(), True
    ),
    Example(
        "a platform that took its counts back: the picture has gone as far all the same",
        _STORY._replace(spread=replace(SPIKE, interactions=180)),
        Thresholds(),
        fires=True,
    ),
    Example("the picture is of yesterday", STORY._replace(old=(_YESTERDAY,)), Thresholds(), fires=False),
    Example(
        "of last week, where a week is old", STORY._replace(old=(_YESTERDAY,)), Thresholds(recycled_days=0.5), True
    ),
    Example("no picture was seen before", STORY, Thresholds(), fires=False),
    Example("its picture is seen everywhere", STORY._replace(everywhere=(LOGO,)), Thresholds(), fires=False),
    Example(
        "the old picture is a side show: the story goes far without it",
        CONFIRMED._replace(old=(OLD_RIVER._replace(interactions=6),)),
        Thresholds(),
        fires=False,
    ),
    Example(
        "the old picture is half of a small story",
        _STORY._replace(spread=replace(YOUNG, interactions=40), old=(OLD_RIVER._replace(interactions=20),)),
        Thresholds(),
        fires=True,
    ),
    Example("no more than expected", _STORY._replace(spread=CALM), Thresholds(), fires=False),
    Example("who shows it denies the story", _STORY._replace(follows_a_denial=True), Thresholds(), fires=False),
)

RECYCLED_MEDIA = Rule(NAME, fires, describe, EXAMPLES, recalled=False)
