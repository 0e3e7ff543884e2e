"""A story that spreads far beyond what its watch leads to expect, while all who assert it trace back to too few
origins.
"""

from __future__ import annotations

from msgspec.structs import replace

from alerts.rules import taking_off
from alerts.rules.evidence import Example, Rule, StoryEvidence
from alerts.rules.invented_stories import CALM, CONFIRMED, LOGO, REVIEW, RIVER, SPIKE, STORY, YOUNG
from secondsource.contracts.messages import Finding, Spread
from secondsource.contracts.watch import Thresholds

NAME = "uncorroborated_spike"


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """It takes off, and too few origins assert it."""
    return taking_off.uncorroborated(evidence, thresholds) and taking_off.takes_off(evidence, thresholds)


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    cleared = taking_off.clears(evidence, thresholds)
    return taking_off.finding(NAME, "Taking off without corroboration", [], cleared, evidence, thresholds)


EXAMPLES = (
    Example("one origin, far beyond what is expected", STORY, Thresholds(), fires=True),
    Example("its picture was seen years before", STORY._replace(earlier=(RIVER,)), Thresholds(), fires=True),
    Example(
        "its picture was shown of another place years before",
        STORY._replace(earlier=(RIVER,), named=("velgrad",)),
        Thresholds(),
        fires=True,
    ),
    Example("a similar claim was checked before", STORY._replace(checks=(REVIEW,)), Thresholds(), fires=True),
    Example("its picture is seen everywhere", STORY._replace(everywhere=(LOGO,)), Thresholds(), fires=True),
    Example("contested, and still one origin", STORY._replace(state="contested", disputes=2), Thresholds(), fires=True),
    Example("a collector was blind", STORY._replace(state="unknown", blind=("x",)), Thresholds(), fires=True),
    Example(
        "two origins where three are required",
        STORY._replace(independent=2.0),
        Thresholds(independent_origins=3),
        fires=True,
    ),
    Example(
        "passed on a great many times and hardly answered",
        STORY._replace(spread=replace(SPIKE, passed_on=5_000, answered=3)),
        Thresholds(),
        fires=True,
    ),
    Example("three independent origins", CONFIRMED, Thresholds(), fires=False),
    Example(
        "surprising, but for how little is known of what to expect",
        STORY._replace(
            spread=Spread(
                interactions=56,
                age_seconds=1080,
                state="measured",
                expected=12.0,
                dispersion=0.4,
                surprise=6.6e-4,
                history=30,
            )
        ),
        Thresholds(),
        fires=False,
    ),
    Example("no more than expected", STORY._replace(spread=CALM), Thresholds(), fires=False),
    Example("too little history", STORY._replace(spread=YOUNG), Thresholds(), fires=False),
    Example("under the watch's floor", STORY, Thresholds(min_interactions=500), fires=False),
    Example("it is a denial that spreads", STORY._replace(follows_a_denial=True), Thresholds(), fires=False),
    Example("the denials go further", STORY._replace(interactions_with_denials=900), Thresholds(), fires=False),
    Example("nobody asserts it", STORY._replace(independent=0.0, state="none"), Thresholds(), fires=False),
)

UNCORROBORATED_SPIKE = Rule(NAME, fires, describe, EXAMPLES)
