"""A story that takes off, of which a similar claim was checked and the check published before.

No verdict is taken over: what was found then may not be what is claimed now. It is there to be read.
"""

from __future__ import annotations

from alerts.quoting import clipped
from alerts.rules import taking_off
from alerts.rules.evidence import Example, Rule, StoryEvidence
from alerts.rules.invented_stories import CALM, CONFIRMED, REVIEW, STORY, YOUNG
from alerts.wording import count
from secondsource.contracts.messages import Finding, Reason
from secondsource.contracts.watch import Thresholds

NAME = "matched_fact_check"


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """A check was published of a claim like the story's, and the story may take off."""
    return evidence.checked > 0 and taking_off.may_take_off(evidence, thresholds)


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    head = "Similar claim checked before"
    own: list[Reason] = []
    if evidence.checks:
        first = evidence.checks[0]
        head += f": by {clipped(first.publisher, 60)}, {first.published_at:%Y-%m-%d}"
        own.append(
            Reason(
                name="checks",
                value=str(len(evidence.checks)),
                sentence=f"{count(len(evidence.checks), 'check was', 'checks were')} published of claims like this "
                "one before; likeness is of words, and what was found then may not hold of what is claimed now.",
            )
        )
    clears = "a person's look at whether the check is of the same claim"
    return taking_off.finding(NAME, head, own, clears, evidence, thresholds)


_STORY = STORY._replace(checked=1, checks=(REVIEW,))

EXAMPLES = (
    Example("a similar claim was checked a month before", _STORY, Thresholds(), fires=True),
    Example("too little history", _STORY._replace(spread=YOUNG), Thresholds(), fires=True),
    Example("several origins assert it", CONFIRMED._replace(checked=1, checks=(REVIEW,)), Thresholds(), fires=True),
    Example("nothing like it was checked", STORY, Thresholds(), fires=False),
    Example("no more than expected", _STORY._replace(spread=CALM), Thresholds(), fires=False),
    Example("it is the check that spreads", _STORY._replace(follows_a_denial=True), Thresholds(), fires=False),
    Example("under the watch's floor", _STORY, Thresholds(min_interactions=500), fires=False),
)

MATCHED_FACT_CHECK = Rule(NAME, fires, describe, EXAMPLES, recalled=False)
