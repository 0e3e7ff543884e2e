"""An alert's life: opened, updated where something material changed, contested, and closed: corroborated or expired.

One story is one alert, and a closed one stays closed. Pure: the same evidence gives the same steps.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from alerts.evidence import StoryEvidence
from alerts.wording import TIES, count, duration, moment, number, origin
from secondsource.contracts.messages import AlertKind, Finding, Reason, Tie
from secondsource.contracts.watch import Thresholds

Kind = AlertKind


class AlertState(msgspec.Struct, array_like=True, frozen=True):
    """What was last said of an alert, to tell what is new.

    `asked` pictures were looked up in the archive, which knew the sightings `earlier` (when, in which post; not their
    words, which may have to leave every place).
    """

    rule: str
    seq: int
    interactions: int
    independent: float
    disputes: int
    asked: int = 0
    earlier: tuple[tuple[float, str], ...] = ()
    closed: bool = False


def _sightings(evidence: StoryEvidence) -> tuple[tuple[float, str], ...]:
    return tuple((earlier.seen_at.timestamp(), earlier.source) for earlier in evidence.earlier)


def opened(rule: str, evidence: StoryEvidence, asked: int) -> AlertState:
    return _said(AlertState(rule, 0, 0, 0.0, 0), evidence, asked)


def next_step(alert: AlertState, evidence: StoryEvidence, thresholds: Thresholds) -> Kind | None:
    """What, if anything, must be said of an open alert now. The gravest change names the step."""
    if alert.closed:
        return None
    if evidence.independent >= thresholds.independent_origins:
        return "corroborated"
    if evidence.disputes and not alert.disputes:
        return "contested"
    doubled = evidence.spread.interactions >= 2 * alert.interactions
    if doubled or evidence.independent != alert.independent or evidence.disputes != alert.disputes:
        return "updated"
    return "updated" if not set(_sightings(evidence)) <= set(alert.earlier) else None


def after(alert: AlertState, kind: Kind, evidence: StoryEvidence, asked: int) -> AlertState:
    """The alert once the step has been said."""
    said = _said(alert, evidence, asked)
    return msgspec.structs.replace(said, closed=kind in {"corroborated", "expired"})


def _said(alert: AlertState, evidence: StoryEvidence, asked: int) -> AlertState:
    return AlertState(
        rule=alert.rule,
        seq=alert.seq + 1,
        interactions=evidence.spread.interactions,
        independent=evidence.independent,
        disputes=evidence.disputes,
        asked=asked,
        earlier=_sightings(evidence),
    )


def recalled(finding: Finding, evidence: StoryEvidence) -> Finding:
    """The finding of an alert that corroboration has closed: who the independent origins are comes first."""
    sources = "; ".join(map(origin, evidence.origins))
    reason = Reason(
        name="corroboration",
        value=number(evidence.independent),
        sentence=f"{evidence.derivation}, independent of each other: {sources}.",
    )
    return Finding(
        rule=finding.rule,
        headline=f"Corroborated: now {count(round(evidence.independent), 'independent origin')}",
        reasons=(reason, *finding.reasons),
        clears="nothing: the alert is recalled",
        earlier=finding.earlier,
        checks=finding.checks,
    )


def joined(rule: str, opened_at: datetime, tie: Tie) -> Finding:
    """The finding of an alert whose story goes on in another one, which opened then."""
    reason = Reason(
        name="merged",
        value=tie,
        sentence=f"A post belongs to this story and to the one that opened at {moment(opened_at)}, of which it "
        f"{TIES[tie]} a post. Both are one story now: the older goes on with the posts of both.",
    )
    return Finding(
        rule=rule,
        headline="Goes on in an older story that says the same",
        reasons=(reason,),
        clears="nothing: the older story has an evidence page of its own where it is flagged",
    )


def over(finding: Finding, story_hours: float) -> Finding:
    """The finding of an alert whose story had no new post for the watch's time."""
    reason = Reason(
        name="expiry",
        value=f"{story_hours:g}",
        sentence=f"No new post for {duration(story_hours * 3600)}: the story is over, still without corroboration.",
    )
    return Finding(
        rule=finding.rule,
        headline="Over without corroboration" + finding.headline[finding.headline.find(":") :],
        reasons=(reason, *finding.reasons),
        clears="nothing: the story is over",
        earlier=finding.earlier,
        checks=finding.checks,
    )
