"""An alert's life: opened, updated where something material changed, escalated where it got graver, contested, and
closed: corroborated or expired.

One story is one alert, however many rules it is for, and a closed one stays closed. Pure: the same evidence gives the
same steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec

from alerts.rules.evidence import Rule, StoryEvidence
from alerts.rules.taking_off import tail
from alerts.wording import TIES, duration, in_all, moment, number, origin
from secondsource.contracts.messages import AlertEvent, AlertKind, Finding, Reason, Tie
from secondsource.contracts.watch import Thresholds

Kind = AlertKind
_MATERIAL = 0.5  # of an origin: less is doubt about the same sources
_CLOSED = frozenset({"corroborated", "expired"})
_GRAVER = 10  # times as far as when it was last told of as new


class AlertState(msgspec.Struct, array_like=True, frozen=True):
    """What was last said of an alert, to tell what is new.

    `rules` are those it stands for, `rule` the gravest of them. The archive knew the sightings `earlier` (when, in
    which post; not their words, which may have to leave every place). `loud`: interactions when it opened or last
    escalated. `digest`: it is told of in a digest.
    """

    rule: str
    seq: int
    interactions: int
    independent: float
    disputes: int
    rules: tuple[str, ...] = ()
    earlier: tuple[tuple[float, str], ...] = ()
    closed: bool = False
    loud: int = 0
    digest: bool = False


def _sightings(evidence: StoryEvidence) -> tuple[tuple[float, str], ...]:
    return tuple((earlier.seen_at.timestamp(), earlier.source) for earlier in evidence.earlier)


def standing(
    rules: Iterable[Rule], held: Collection[str], evidence: StoryEvidence, thresholds: Thresholds
) -> tuple[str, ...]:
    """The rules that an alert stands for: those that fire, and those that have held, unless enough origins answer them.

    In the order of `rules`, which is that of their gravity.
    """
    answered = evidence.independent >= thresholds.independent_origins
    return tuple(
        rule.name
        for rule in rules
        if not (answered and rule.recalled) and (rule.name in held or rule.fires(evidence, thresholds))
    )


def opened(rules: Sequence[str], evidence: StoryEvidence, *, digest: bool = False) -> AlertState:
    return _said(AlertState(rules[0], 0, 0, 0.0, 0, digest=digest), "opened", evidence, rules)


def next_step(alert: AlertState, evidence: StoryEvidence, rules: Sequence[str]) -> Kind | None:
    """What, if anything, must be said of an open alert now: the gravest change. `rules` are those `standing`."""
    if alert.closed:
        return None
    if not rules:
        return "corroborated"
    if rules[0] not in alert.rules or evidence.spread.interactions >= _GRAVER * alert.loud:
        return "escalated"
    if evidence.disputes and not alert.disputes:
        return "contested"
    more = (
        tuple(rules) != alert.rules
        or evidence.spread.interactions >= 2 * alert.interactions
        or abs(evidence.independent - alert.independent) >= _MATERIAL
        or (evidence.disputes > alert.disputes and evidence.disputes >= 2 * alert.disputes)
        or (alert.disputes and not evidence.disputes)  # nobody disputes it any more
        or not set(_sightings(evidence)) <= set(alert.earlier)
    )
    return "updated" if more else None


def after(
    alert: AlertState, kind: Kind, evidence: StoryEvidence, rules: Sequence[str], *, digest: bool | None = None
) -> AlertState:
    """The alert once the step has been said. Recalled or over, it keeps the rules it was for."""
    said = _said(alert, kind, evidence, rules or alert.rules)
    return msgspec.structs.replace(said, closed=kind in _CLOSED, digest=alert.digest if digest is None else digest)


def told(events: Sequence[AlertEvent]) -> AlertState:
    """An alert as its events leave it, in their order: what was last said of it."""
    last = events[-1]
    finding, story = last.finding, last.story
    loud = next(event for event in reversed(events) if event.kind in {"opened", "escalated"} or event is events[0])
    return AlertState(
        rule=finding.rule,
        seq=last.seq,
        interactions=story.spread.interactions,
        independent=story.independent,
        disputes=story.disputes,
        rules=finding.rules or (finding.rule,),
        earlier=tuple((earlier.seen_at.timestamp(), earlier.source) for earlier in finding.earlier),
        closed=last.kind in _CLOSED and not story.merged_into,  # one that goes on in another may part from it again
        loud=max(1, loud.story.spread.interactions),
        digest=last.digest,
    )


def _said(alert: AlertState, kind: Kind, evidence: StoryEvidence, rules: Sequence[str]) -> AlertState:
    told = evidence.spread.interactions
    return AlertState(
        rule=rules[0],
        seq=alert.seq + 1,
        interactions=told,
        independent=evidence.independent,
        disputes=evidence.disputes,
        rules=tuple(rules),
        earlier=_sightings(evidence),
        loud=max(1, told) if kind in {"opened", "escalated"} else alert.loud,
        digest=alert.digest,
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
        headline=f"Corroborated: now {in_all(evidence.independent)}",
        reasons=(reason, *finding.reasons),
        clears="nothing: the alert is recalled",
        earlier=finding.earlier,
        checks=finding.checks,
        rules=finding.rules,
    )


def joined(rule: str, opened_at: datetime, tie: Tie) -> Finding:
    """The finding of an alert whose story goes on in another one, which opened then."""
    reason = Reason(
        name="merged",
        value=tie,
        sentence=f"A post ties this story to the one that opened at {moment(opened_at)}: it belongs to one of them and "
        f"{TIES[tie]} a post of the other. Both are one story now: the older goes on with the posts of both.",
    )
    return Finding(
        rule=rule,
        headline="Goes on in an older story that says the same",
        reasons=(reason,),
        clears="nothing: the older story has an evidence page of its own where it is flagged",
    )


def over(finding: Finding, evidence: StoryEvidence, story_hours: float, *, corroborated: bool = False) -> Finding:
    """The finding of an alert whose story had no new post for the watch's time."""
    sentence = f"No new post for {duration(story_hours * 3600)}: the story is over"
    why = Reason(name="expiry", value=f"{story_hours:g}", sentence=sentence)
    return _ended(finding, evidence, "Over", why, corroborated=corroborated)


def crowded_out(finding: Finding, evidence: StoryEvidence, most: int, *, corroborated: bool = False) -> Finding:
    """The finding of an alert whose story is let go of, as the watch has more than are kept."""
    sentence = (
        f"The watch has more than {number(most)} living stories, and this one has been without a new post for longest: "
        f"it is followed no further"
    )
    why = Reason(name="crowding", value=number(most), sentence=sentence)
    return _ended(finding, evidence, "Followed no further", why, corroborated=corroborated)


def _ended(finding: Finding, evidence: StoryEvidence, how: str, why: Reason, *, corroborated: bool) -> Finding:
    still = "" if corroborated else ", still without corroboration"
    return Finding(
        rule=finding.rule,
        headline=(how if corroborated else f"{how} without corroboration") + f": {tail(evidence)}",
        reasons=(
            msgspec.structs.replace(why, sentence=f"{why.sentence}{still}."),
            *(reason for reason in finding.reasons if reason.name != "forecast"),
        ),
        clears="nothing: the story is over",
        earlier=finding.earlier,
        checks=finding.checks,
        rules=finding.rules,
    )
