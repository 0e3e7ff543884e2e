"""A story that is carried by accounts which share the same things within seconds of each other, beyond chance.

What accounts did, in numbers; not who they are, or why.
"""

from __future__ import annotations

from alerts.origins.in_step import InStep
from alerts.rules import taking_off
from alerts.rules.evidence import Example, Rule, StoryEvidence
from alerts.rules.invented_stories import CALM, CONFIRMED, STORY, YOUNG
from alerts.wording import count
from secondsource.contracts.messages import Finding, Reason
from secondsource.contracts.watch import Thresholds

NAME = "coordinated_push"


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """Enough accounts in step, a large enough part of all who assert it, and the story may take off."""
    step = evidence.coordinated
    return (
        step is not None
        and step.accounts >= thresholds.coordinated_accounts
        and step.accounts >= thresholds.coordinated_share * step.of
        and taking_off.may_take_off(evidence, thresholds)
    )


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    step = evidence.coordinated
    own: list[Reason] = []
    head = "Passed on in step"
    if step is not None:
        own.append(_reason(step, thresholds))
        head += f": by {step.accounts:,} of {count(step.of, 'account')}"
    clears = "a person's look at how these accounts come to act alike"
    return taking_off.finding(NAME, head, own, clears, evidence, thresholds)


def _reason(step: InStep, thresholds: Thresholds) -> Reason:
    return Reason(
        name="accounts in step",
        value=f"{step.accounts} / {step.of}",
        sentence=f"{step.accounts:,} of the {count(step.of, 'account')} that assert it in posts of their own shared "
        f"the same things within {step.seconds:g} s of another of them, repeatedly and more often than chance allows "
        f"({count(step.pairs, 'pair')}, up to {step.objects:,} the same two, p at most {step.p:.1g}; from "
        f"{thresholds.coordinated_accounts} accounts and {thresholds.coordinated_share:.0%} of all on it is told). "
        "What they say counts as one origin.",
    )


_STEP = InStep(accounts=14, pairs=31, of=49, objects=6, seconds=60.0, p=2e-6, q=4e-4)

EXAMPLES = (
    Example("fourteen of forty-nine accounts in step", STORY._replace(coordinated=_STEP), Thresholds(), fires=True),
    Example(
        "found while the stream ran",
        STORY._replace(coordinated=_STEP._replace(objects=12, seconds=60.0, p=2e-9)),
        Thresholds(),
        fires=True,
    ),
    Example("too little history", STORY._replace(coordinated=_STEP, spread=YOUNG), Thresholds(), fires=True),
    Example("others assert it as well", CONFIRMED._replace(coordinated=_STEP), Thresholds(), fires=True),
    Example(
        "two agencies that post together",
        STORY._replace(coordinated=_STEP._replace(accounts=2, pairs=1, of=6)),
        Thresholds(),
        fires=False,
    ),
    Example("a few of very many", STORY._replace(coordinated=_STEP._replace(of=4_900)), Thresholds(), fires=False),
    Example("no more than expected", STORY._replace(coordinated=_STEP, spread=CALM), Thresholds(), fires=False),
    Example(
        "it is a denial that they pass on",
        STORY._replace(coordinated=_STEP, follows_a_denial=True),
        Thresholds(),
        fires=False,
    ),
    Example("nobody in step", STORY, Thresholds(), fires=False),
)

COORDINATED_PUSH = Rule(NAME, fires, describe, EXAMPLES, recalled=False)
