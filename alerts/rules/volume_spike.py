"""A story that leads a spike of its whole watch, while too few origins assert it."""

from __future__ import annotations

from alerts.rules import taking_off
from alerts.rules.evidence import Example, Rule, StoryEvidence, Surge
from alerts.rules.invented_stories import CALM, CONFIRMED, OPENED, STORY, YOUNG
from alerts.wording import chance, count, moment, number
from secondsource.contracts.messages import Finding, Reason
from secondsource.contracts.watch import Thresholds

NAME = "volume_spike"


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """The watch has more posts than its hours lead to expect, and the story enough of them to be what it is about.

    The story's own spread need not be surprising, nor measurable; the floor holds for it and for its posts.
    """
    surge = evidence.surge
    return (
        surge is not None
        and surge.surprise <= thresholds.max_volume_surprise
        and surge.led >= max(thresholds.min_interactions, thresholds.leading_share * surge.posts)
        and evidence.spread.interactions >= thresholds.min_interactions
        and taking_off.asserted(evidence)
        and taking_off.uncorroborated(evidence, thresholds)
    )


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    surge = evidence.surge
    head = "Leads a spike of its watch"
    own: list[Reason] = []
    if surge is not None:
        head += f": {surge.led:,} of {count(surge.posts, 'post')} {_when(surge)}"
        own.append(_reason(surge, thresholds))
    clears = taking_off.clears(evidence, thresholds)
    return taking_off.finding(NAME, head, own, clears, evidence, thresholds)


def _reason(surge: Surge, thresholds: Thresholds) -> Reason:
    return Reason(
        name="spike of the watch",
        value=f"{surge.led} / {surge.posts}",
        sentence=f"The watch has had {count(surge.posts, 'post')} {_when(surge)}, about "
        f"{number(round(surge.expected, 1))} expected at that hour (a chance of {chance(surge.surprise)} at most; "
        f"{chance(thresholds.max_volume_surprise)} is asked for); "
        f"{surge.led:,} of them are of this story (from {thresholds.leading_share:.0%} on it is what the spike is "
        "about).",
    )


def _when(surge: Surge) -> str:
    since = moment(surge.since)
    return f"since {since}" if surge.until is None else f"from {since} to {moment(surge.until)}"


_SURGE = Surge(posts=320, expected=40.0, surprise=1e-9, since=OPENED, led=180)
_STORY = STORY._replace(surge=_SURGE)

EXAMPLES = (
    Example("most of a spike, far beyond what is expected", _STORY, Thresholds(), fires=True),
    Example("most of a spike, itself within what is expected", _STORY._replace(spread=CALM), Thresholds(), fires=True),
    Example("too little history of stories", _STORY._replace(spread=YOUNG), Thresholds(), fires=True),
    Example(
        "a spike that it has little part in", STORY._replace(surge=_SURGE._replace(led=40)), Thresholds(), fires=False
    ),
    Example("a busy hour like others", STORY._replace(surge=_SURGE._replace(surprise=0.2)), Thresholds(), fires=False),
    Example(
        "a spike of twenty posts",
        STORY._replace(surge=_SURGE._replace(posts=20, led=18, expected=1.0)),
        Thresholds(),
        fires=False,
    ),
    Example("too little history of the watch's hours", STORY, Thresholds(), fires=False),
    Example("three origins assert it", CONFIRMED._replace(surge=_SURGE), Thresholds(), fires=False),
    Example("it is a denial that spikes", _STORY._replace(follows_a_denial=True), Thresholds(), fires=False),
)

VOLUME_SPIKE = Rule(NAME, fires, describe, EXAMPLES)
