"""Whether a story takes off, and what every finding says of that, whichever rule has made it.

Pure functions of a story's evidence and its watch's thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from alerts.earlier.checks import checked
from alerts.rules import past
from alerts.rules.evidence import StoryEvidence
from alerts.rules.past import first_seen
from alerts.spread.surprise import surprise
from alerts.wording import chance, count, duration, foretold, in_all, number, origin
from secondsource.contracts.messages import Finding, Reason, Spread
from secondsource.contracts.watch import Thresholds

_COPIES = {
    "repost": ("repost", "reposts"),
    "quote": ("quote", "quotes"),
    "text": ("copy of its text", "copies of its text"),
    "media": ("copy of its picture", "copies of its picture"),
    "link": ("post of the same link", "posts of the same link"),
}
#: Standard errors that what is expected is raised by: it is then too low in one case of ten.
_CAUTION = 1.28
_MANY = 100  #: reported reposts from which on missing answers are worth a line
_FEW_ANSWERS = 50  #: reposts an answer, beyond which it says so


def cautious(spread: Spread) -> float:
    """How surprising a measured spread is at least: its lower bound.

    E is the mean of `history` earlier stories, so it has a standard error of √((E + α E²) / n). The tail is taken at
    E + 1.28 of these, which E exceeds in one case of ten.
    """
    error = math.sqrt((spread.expected + spread.dispersion * spread.expected**2) / max(1, spread.history))
    return surprise(spread.interactions, spread.expected + _CAUTION * error, spread.dispersion)


def asserted(evidence: StoryEvidence) -> bool:
    """It is the story that spreads, not its denial: it does not follow one, and denials have not gone further."""
    return not evidence.follows_a_denial and evidence.interactions_with_denials < evidence.spread.interactions


def surprising(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """Measured, and the lower bound of the surprise within what the watch asks for."""
    spread = evidence.spread
    return (
        spread.state == "measured"
        and spread.surprise <= thresholds.max_surprise
        and cautious(spread) <= thresholds.max_surprise
    )


def takes_off(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """Large, surprising, and no denial."""
    large = evidence.spread.interactions >= thresholds.min_interactions
    return large and asserted(evidence) and surprising(evidence, thresholds)


def may_take_off(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """The same, or large where there is too little history to say whether it is surprising.

    For rules that have something else to show than spread.
    """
    if evidence.spread.state == "measured":
        return takes_off(evidence, thresholds)
    return evidence.spread.interactions >= thresholds.min_interactions and asserted(evidence)


def uncorroborated(evidence: StoryEvidence, thresholds: Thresholds) -> bool:
    """Somebody asserts it, and fewer independent origins than the watch requires."""
    return 0 < evidence.independent < thresholds.independent_origins


def finding(
    rule: str, head: str, own: list[Reason], clears: str, evidence: StoryEvidence, thresholds: Thresholds
) -> Finding:
    """A finding: what the rule itself has to say, then what there is to say of any story."""
    return Finding(
        rule=rule,
        headline=f"{head}; {tail(evidence)}" if own else f"{head}: {tail(evidence)}",
        reasons=(*own, *_reasons(evidence, thresholds)),
        clears=clears,
        earlier=evidence.earlier,
        checks=evidence.checks,
        rules=(rule,),
    )


def clears(evidence: StoryEvidence, thresholds: Thresholds) -> str:
    """How many origins are missing: "one more independent origin"."""
    missing = max(1, math.ceil(thresholds.independent_origins - evidence.independent))
    return "one more independent origin" if missing == 1 else f"{missing} more independent origins"


def tail(evidence: StoryEvidence) -> str:
    """What every headline ends with: how far it went, from how many origins, and what else there is to know."""
    spread = evidence.spread
    parts = [f"{count(spread.interactions, 'interaction')} in {duration(spread.age_seconds)}"]
    if spread.state == "measured":
        parts[0] += f", about {number(round(spread.expected, 1))} expected"
    parts.append(_origins(evidence))
    if evidence.disputes:
        parts.append("contested")
    if seen := first_seen(evidence):
        parts.append(seen)
    return "; ".join(parts)


def _origins(evidence: StoryEvidence) -> str:
    if not evidence.independent:
        return "no origin"
    if evidence.independent <= 1:
        return "one origin" if evidence.sources <= 1 else in_all(evidence.independent, evidence.sources)
    return f"{number(evidence.independent)} origins"


def _reasons(evidence: StoryEvidence, thresholds: Thresholds) -> Iterator[Reason]:
    yield _spread(evidence, thresholds)
    yield from _forecast(evidence.spread)
    yield from _answers(evidence.spread)
    strongest = "; ".join(map(origin, evidence.origins[:2]))
    yield Reason(
        name="origins",
        value=number(evidence.independent),
        sentence=f"{evidence.derivation}; {number(thresholds.independent_origins)} independent ones are required. "
        f"The story has {count(evidence.posts, 'post')} by {count(evidence.accounts, 'account')}"
        + (f"; strongest: {strongest}." if strongest else "."),
    )
    copies = [(kind, posts) for kind, posts in evidence.copies if kind in _COPIES and posts]
    if copies:
        said = ", ".join(count(posts, *_COPIES[kind]) for kind, posts in copies)
        total = sum(posts for _, posts in copies)
        yield Reason(name="copies", value=str(total), sentence=f"Copies add spread, never an origin: {said}.")
    yield from past.reasons(evidence)
    yield from map(checked, evidence.checks)
    if evidence.disputes:
        yield Reason(
            name="disputes",
            value=str(evidence.disputes),
            sentence=f"Disputed by {count(evidence.disputes, 'origin')}; "
            "a dispute is counted neither as spread nor as corroboration.",
        )
    if evidence.blind:
        yield Reason(
            name="coverage",
            value=str(len(evidence.blind)),
            sentence=f"A collector was blind for part of the story's time ({', '.join(evidence.blind)}): "
            "an independent origin may have gone unseen.",
        )


def _spread(evidence: StoryEvidence, thresholds: Thresholds) -> Reason:
    spread = evidence.spread
    seen = f"{count(spread.interactions, 'interaction')} in {duration(spread.age_seconds)}"
    history = count(spread.history, "earlier story", "earlier stories")
    if spread.state == "insufficient data":
        against = f"insufficient data to say what to expect ({history})"
    else:
        told, most = chance(spread.surprise), chance(cautious(spread))
        bound = "" if told == most else f", or {most} should so few stories make us expect too little"
        against = (
            f"about {number(round(spread.expected, 1))} expected from {history} of this watch; "
            f"the chance of as many or more is {told}{bound} "
            f"(at most {chance(thresholds.max_surprise)} is asked for)"
        )
    return Reason(name="spread", value=str(spread.interactions), sentence=f"{seen}: {against}.")


def _forecast(spread: Spread) -> Iterator[Reason]:
    """How far it may go, where that can be told."""
    ahead = foretold(spread)
    if ahead is not None:
        likely = round(ahead.middle)
        yield Reason(
            name="forecast",
            value=number(likely),
            sentence=f"After {duration(ahead.at_seconds)} it may have about {count(likely, 'interaction')}, "
            f"in four cases of five between {number(round(ahead.low))} and {number(round(ahead.high))}.",
        )


def _answers(spread: Spread) -> Iterator[Reason]:
    """Where next to nobody answers what a great many pass on: a number to look at, whatever the reason for it."""
    answered = spread.answered
    if answered is not None and spread.passed_on >= max(_MANY, _FEW_ANSWERS * answered):
        yield Reason(
            name="answers",
            value=f"{answered} / {spread.passed_on}",
            sentence=f"By its platforms' counts it was passed on {count(spread.passed_on, 'time')} "
            f"and answered {count(answered, 'time')}.",
        )
