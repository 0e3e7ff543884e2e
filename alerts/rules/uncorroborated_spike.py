"""A story that spreads far beyond what its watch leads to expect, while all who assert it trace back to too few
origins.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from alerts import past
from alerts.checks import checked
from alerts.evidence import Everywhere, Example, Rule, StoryEvidence
from alerts.past import first_seen
from alerts.wording import chance, count, duration, number, origin
from secondsource.contracts.messages import Checked, Earlier, Finding, Origin, Reason, Spread
from secondsource.contracts.watch import Thresholds

NAME = "uncorroborated_spike"

_COPIES = {
    "repost": ("repost", "reposts"),
    "quote": ("quote", "quotes"),
    "text": ("copy of its text", "copies of its text"),
    "media": ("copy of its picture", "copies of its picture"),
    "link": ("post of the same link", "posts of the same link"),
}


def fires(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """Spread measured, large and surprising; too few origins; and it is not the denials that lead."""
    spread = evidence.spread
    return (
        spread.state == "measured"
        and spread.interactions >= thresholds.min_interactions
        and spread.surprise <= thresholds.max_surprise
        and 0 < evidence.independent < thresholds.independent_origins
        and not evidence.opened_by_denial
        and evidence.interactions_with_denials < spread.interactions
    )


def describe(evidence: StoryEvidence, thresholds: Thresholds) -> Finding:
    return Finding(
        rule=NAME,
        headline=_headline(evidence),
        reasons=tuple(_reasons(evidence, thresholds)),
        clears=_clears(evidence, thresholds),
        earlier=evidence.earlier,
        checks=evidence.checks,
    )


def _headline(evidence: StoryEvidence) -> str:
    spread = evidence.spread
    parts = [f"{count(spread.interactions, 'interaction')} in {duration(spread.age_seconds)}"]
    if spread.state == "measured":
        parts[0] += f", about {number(round(spread.expected, 1))} expected"
    parts.append(_origins(evidence))
    if evidence.disputes:
        parts.append("contested")
    if seen := first_seen(evidence):
        parts.append(seen)
    return "Taking off without corroboration: " + "; ".join(parts)


def _origins(evidence: StoryEvidence) -> str:
    return "one origin" if evidence.independent <= 1 else f"{number(evidence.independent)} origins"


def _reasons(evidence: StoryEvidence, thresholds: Thresholds) -> list[Reason]:
    reasons = [_spread(evidence, thresholds)]
    independent = number(evidence.independent)
    strongest = "; ".join(map(origin, evidence.origins[:2]))
    reasons.append(
        Reason(
            name="origins",
            value=independent,
            sentence=f"{evidence.derivation}; {number(thresholds.independent_origins)} independent ones are required. "
            f"The story has {count(evidence.posts, 'post')} by {count(evidence.accounts, 'account')}"
            + (f"; strongest: {strongest}." if strongest else "."),
        )
    )
    copies = [(kind, posts) for kind, posts in evidence.copies if kind in _COPIES and posts]
    if copies:
        said = ", ".join(count(posts, *_COPIES[kind]) for kind, posts in copies)
        total = sum(posts for _, posts in copies)
        reasons.append(Reason(name="copies", value=str(total), sentence=f"Copies add spread, never an origin: {said}."))
    reasons += past.reasons(evidence)
    reasons += map(checked, evidence.checks)
    if evidence.disputes:
        reasons.append(
            Reason(
                name="disputes",
                value=str(evidence.disputes),
                sentence=f"Disputed by {count(evidence.disputes, 'origin')} of its own; "
                "a dispute is neither counted as spread nor as corroboration.",
            )
        )
    if evidence.blind:
        reasons.append(
            Reason(
                name="coverage",
                value=str(len(evidence.blind)),
                sentence=f"A collector was blind for part of the story's time ({', '.join(evidence.blind)}): "
                "an independent origin may have gone unseen.",
            )
        )
    return reasons


def _spread(evidence: StoryEvidence, thresholds: Thresholds) -> Reason:
    spread = evidence.spread
    seen = f"{count(spread.interactions, 'interaction')} in {duration(spread.age_seconds)}"
    if spread.state == "insufficient data":
        against = f"insufficient data to say what to expect ({spread.history} earlier stories)"
    else:
        against = (
            f"about {number(round(spread.expected, 1))} expected from {spread.history} earlier stories of this watch; "
            f"the chance of as many or more is {chance(spread.surprise)} "
            f"(at most {chance(thresholds.max_surprise)} is asked for)"
        )
    return Reason(name="spread", value=str(spread.interactions), sentence=f"{seen}: {against}.")


def _clears(evidence: StoryEvidence, thresholds: Thresholds) -> str:
    missing = max(1, math.ceil(thresholds.independent_origins - evidence.independent))
    return "one more independent origin" if missing == 1 else f"{missing} more independent origins"


_OPENED = datetime(2031, 5, 4, 9, 0, tzinfo=UTC)
_STORY = StoryEvidence(
    watch="velgrad",
    claim="The old bridge of Velgrad has fallen, cars in the river",
    opened_at=_OPENED,
    as_of=datetime(2031, 5, 4, 9, 18, tzinfo=UTC),
    state="single-origin",
    spread=Spread(
        interactions=214, age_seconds=1080, state="measured", expected=12.0, dispersion=0.4, surprise=2e-7, history=180
    ),
    independent=1.0,
    derivation="57 asserting posts trace back to 1 origin",
    posts=57,
    accounts=49,
    disputes=0,
    copies=(("repost", 41), ("text", 12), ("media", 3)),
    origins=(Origin(first_uid="x:1", first_handle="brana_k", first_at=_OPENED, posts=57, accounts=49),),
)
_CALM = Spread(
    interactions=14, age_seconds=1080, state="measured", expected=12.0, dispersion=0.4, surprise=0.4, history=180
)
_YOUNG = Spread(interactions=214, age_seconds=1080, state="insufficient data", history=4)
_RIVER = Earlier(
    picture="a" * 64,
    seen_at=datetime(2014, 3, 2, 7, 30, tzinfo=UTC),
    source="archive",
    handle="river_gauge",
    caption="Flood at Ostrava Brod, the bridge gave way this morning",
    distance=6,
    named=("ostrava-brod",),
)
_CHECK = Checked(
    source="feed:bridge-check",
    claim="The old bridge of Velgrad has collapsed",
    publisher="Gazette Checks",
    url="https://gazette.example/checks/bridge",
    published_at=datetime(2031, 4, 2, 7, 30, tzinfo=UTC),
    shared=("bridge", "velgra"),
)
_LOGO = Everywhere("b" * 64, 8, datetime(2030, 1, 1, tzinfo=UTC))

EXAMPLES = (
    Example("one origin, far beyond what is expected", _STORY, Thresholds(), fires=True),
    Example("its picture was seen years before", _STORY._replace(earlier=(_RIVER,)), Thresholds(), fires=True),
    Example(
        "its picture was shown of another place years before",
        _STORY._replace(earlier=(_RIVER,), named=("velgrad",)),
        Thresholds(),
        fires=True,
    ),
    Example("a similar claim was checked before", _STORY._replace(checks=(_CHECK,)), Thresholds(), fires=True),
    Example("its picture is seen everywhere", _STORY._replace(everywhere=(_LOGO,)), Thresholds(), fires=True),
    Example(
        "contested, and still one origin", _STORY._replace(state="contested", disputes=2), Thresholds(), fires=True
    ),
    Example("a collector was blind", _STORY._replace(state="unknown", blind=("x",)), Thresholds(), fires=True),
    Example(
        "two origins where three are required",
        _STORY._replace(independent=2.0),
        Thresholds(independent_origins=3),
        fires=True,
    ),
    Example(
        "two independent origins", _STORY._replace(independent=2.0, state="multi-origin"), Thresholds(), fires=False
    ),
    Example("no more than expected", _STORY._replace(spread=_CALM), Thresholds(), fires=False),
    Example("too little history", _STORY._replace(spread=_YOUNG), Thresholds(), fires=False),
    Example("under the watch's floor", _STORY, Thresholds(min_interactions=500), fires=False),
    Example("it is a denial that spreads", _STORY._replace(opened_by_denial=True), Thresholds(), fires=False),
    Example("the denials go further", _STORY._replace(interactions_with_denials=900), Thresholds(), fires=False),
    Example("nobody asserts it", _STORY._replace(independent=0.0, state="none"), Thresholds(), fires=False),
)

UNCORROBORATED_SPIKE = Rule(NAME, fires, describe, EXAMPLES)
