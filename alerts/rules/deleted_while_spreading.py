"""A story whose posts leave their platform while it spreads: the one that leads it, or many of them.

That they are gone is what is seen; who took them down, and why, mostly is not. Nothing of what they said is kept.
"""

from __future__ import annotations

from msgspec.structs import replace

from alerts.rules import taking_off
from alerts.rules.evidence import Example, Removed, Rule, StoryEvidence
from alerts.rules.invented_stories import AS_OF, CONFIRMED, SPIKE, STORY
from alerts.wording import count, moment
from secondsource.contracts.messages import Finding, Reason
from secondsource.contracts.watch import Thresholds

NAME = "deleted_while_spreading"
FEWEST = 3  #: posts, where none of them led the story


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """Too few origins assert it; it was taking off when the post that led it went, or many did.

    A post leads its story if it had half of all interactions. How far the story had gone is counted as of then: what a
    post had drawn leaves the counts with it.
    """
    gone = evidence.removed
    return (
        gone is not None
        and taking_off.uncorroborated(evidence, thresholds)
        and gone.story >= thresholds.min_interactions
        and (gone.surprise is None or gone.surprise <= thresholds.max_surprise)
        and not evidence.follows_a_denial
        and (_led(gone, thresholds) or _many(gone, thresholds))
    )


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    gone = evidence.removed
    head = "Posts gone while it spreads"
    own: list[Reason] = []
    if gone is not None:
        head = f"{'Leading post' if _led(gone, thresholds) else 'Posts'} gone while it spreads"
        head += f": {gone.posts:,} of {count(gone.of, 'post')}"
        own.append(_reason(gone))
    clears = taking_off.clears(evidence, thresholds)
    return taking_off.finding(NAME, head, own, clears, evidence, thresholds)


def _led(gone: Removed, thresholds: Thresholds) -> bool:
    return gone.most >= max(thresholds.min_interactions, gone.story / 2)


def _many(gone: Removed, thresholds: Thresholds) -> bool:
    return gone.posts >= FEWEST and gone.posts >= thresholds.removed_share * gone.of


def _reason(gone: Removed) -> Reason:
    return Reason(
        name="gone from the platform",
        value=f"{gone.posts} / {gone.of}",
        sentence=f"{gone.posts:,} of the {count(gone.of, 'post')} that asserted it in words of their own "
        f"{'is' if gone.posts == 1 else 'are'} gone from their platform, the last at {moment(gone.latest_at)}; "
        f"the one that went furthest had {count(gone.most, 'interaction')}, "
        f"the story {gone.story:,} then. Whether their authors or the platform took them down is mostly not told.",
    )


_LED = Removed(posts=1, of=16, most=160, story=214, surprise=2e-7, latest_at=AS_OF)
_MANY = Removed(posts=5, of=16, most=12, story=214, surprise=2e-7, latest_at=AS_OF)

EXAMPLES = (
    Example("the post that leads it is gone", STORY._replace(removed=_LED), Thresholds(), fires=True),
    Example("a third of its posts are gone", STORY._replace(removed=_MANY), Thresholds(), fires=True),
    Example("too little history", STORY._replace(removed=_LED._replace(surprise=None)), Thresholds(), fires=True),
    Example(
        "its counts went with the post",
        STORY._replace(removed=_LED, spread=replace(SPIKE, interactions=54)),
        Thresholds(),
        fires=True,
    ),
    Example("one of its copies is gone", STORY._replace(removed=_MANY._replace(posts=1)), Thresholds(), fires=False),
    Example("a few of very many", STORY._replace(removed=_MANY._replace(of=160)), Thresholds(), fires=False),
    Example(
        "it had not gone far when they went", STORY._replace(removed=_LED._replace(story=9)), Thresholds(), fires=False
    ),
    Example(
        "it went no further than expected then",
        STORY._replace(removed=_LED._replace(surprise=0.2)),
        Thresholds(),
        fires=False,
    ),
    Example("others assert it as well", CONFIRMED._replace(removed=_LED), Thresholds(), fires=False),
    Example("nothing is gone", STORY, Thresholds(), fires=False),
)

DELETED_WHILE_SPREADING = Rule(NAME, fires, describe, EXAMPLES)
