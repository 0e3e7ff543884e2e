"""`secondsource backtest`: which alerts recorded posts would have raised, when and why, through the very same stages.

Nothing of it depends on the time of day, the machine, or what was judged before: the same posts and the same
configuration give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import NamedTuple

from config.loader import Configuration
from secondsource.app import wiring
from secondsource.app.backtest.labels import Truth
from secondsource.app.backtest.posts import Spool, Wanted, gathered, watch_of
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import AlertEvent, AlertKind, Enriched, Message, StoryUpdate, Struct
from secondsource.contracts.stage import Record
from secondsource.contracts.watch import Watch

_DAY = 86_400.0


class Step(Struct, frozen=True, kw_only=True):
    """What was said of an alert after it opened."""

    kind: AlertKind
    at: datetime
    headline: str


class Fired(Struct, frozen=True, kw_only=True):
    """One alert that would have been raised. Numbers are of the moment it opened, unless they say otherwise.

    `ends` is how its story stood when the posts ended; `posts_in_the_end` and `lead_seconds` look back from there: the
    latter is by how long the alert came before the middle one of the story's posts, negative where it came after.
    `label` is what most of its story's labelled posts are called, "" where none has a label; `labels` counts them.
    """

    alert_id: str
    opened_at: datetime
    rule: str
    rules: tuple[str, ...]
    headline: str
    why: tuple[str, ...]
    clears: str
    claim: str
    claim_uid: str
    interactions: int
    expected: float
    surprise: float
    independent: float
    posts: int
    digest: bool
    ends: AlertKind
    ended_at: datetime
    steps: tuple[Step, ...]
    posts_in_the_end: int
    lead_seconds: float
    label: str
    labels: dict[str, int]


class Scores(Struct, frozen=True, kw_only=True):
    """How alerts compare with what is known. None: nothing to say it by.

    `judged` alerts have a label, `right` of them one that means "worth an alert": `precision`. Of `wanted` cases
    `found` are in a story that was alerted: `recall`.
    """

    judged: int
    right: int
    wanted: int
    found: int
    precision: float | None
    recall: float | None


class Outcome(Struct, frozen=True, kw_only=True):
    """What one configuration would have said. `posts` were judged, `before` them others to learn from."""

    name: str
    alerts: tuple[Fired, ...]
    posts: int
    before: int
    refused: int
    days: float
    alerts_per_day: float
    digested: int
    by_rule: dict[str, int]
    by_label: dict[str, int]
    scores: Scores
    first: datetime | None
    last: datetime | None


class Pair(Struct, frozen=True, kw_only=True):
    """An alert that both would have raised. `earlier_seconds`: by how long the second did so before the first."""

    first: str
    second: str
    earlier_seconds: float


class Difference(Struct, frozen=True, kw_only=True):
    """Ids of the alerts that only one of two configurations would have raised, and those of both."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    both: tuple[Pair, ...]


class Report(Struct, frozen=True, kw_only=True):
    """A backtest. `removed`: posts that were taken down in this time and could not be replayed."""

    watch: str
    since: datetime | None
    until: datetime | None
    outcomes: tuple[Outcome, ...]
    difference: Difference | None
    cases: int
    removed: int


class Judged(NamedTuple):
    """What the alerts stage said of a spool: alerts by id, the posts of each story, and when those were observed."""

    alerts: Mapping[str, Sequence[AlertEvent]]
    stories: Mapping[str, Sequence[str]]
    observed: Mapping[str, float]


def backtest(
    at: House,
    configurations: Sequence[tuple[str, Configuration]],
    wanted: Wanted,
    truth: Truth,
    stop: Event,
    progressed: Callable[[int], None] = lambda _done: None,
) -> Report:
    """Replay the posts under each of these configurations, named; the store is that of `at`, and is only read.

    Raises:
        BadConfiguration: a watch, file or time that cannot be used.
        SourceAway: the store does not answer.
    """
    check_times(wanted)
    outcomes: list[Outcome] = []
    stories: list[Mapping[str, Sequence[str]]] = []
    with TemporaryDirectory(prefix="secondsource-backtest-") as folder:
        for number, (name, configuration) in enumerate(configurations):
            watch = watch_of(configuration, wanted.watch)
            place = Path(folder) / str(number)
            with gathered(at, configuration, wanted, place, stop, progressed) as (house, spool):
                judged = judge(house, watch, spool.batches())
            outcomes.append(outcome(name, judged, spool, wanted, truth))
            stories.append(judged.stories)
    removed = 0 if wanted.files else at.store.recorded.removed(wanted.since, wanted.until)
    difference = compared(outcomes, stories) if len(outcomes) == 2 else None
    return Report(
        watch=wanted.watch,
        since=wanted.since,
        until=wanted.until,
        outcomes=tuple(outcomes),
        difference=difference,
        cases=len(truth),
        removed=removed,
    )


def check_times(wanted: Wanted) -> None:
    """Raise BadConfiguration where the time asked for is empty."""
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        msg = f"--from {wanted.since:%Y-%m-%dT%H:%M:%SZ} is not before --to {wanted.until:%Y-%m-%dT%H:%M:%SZ}"
        raise BadConfiguration(msg)


def judge(at: House, watch: Watch, batches: Iterable[Sequence[Message]]) -> Judged:
    """Take batches through the alerts stage of one watch, as wiring builds it.

    Raises:
        SourceAway: the archive of pictures does not answer.
    """
    stage = wiring.alerts_stage(replace(at, configuration=replace(at.configuration, watches=(watch,))))
    alerts: dict[str, list[AlertEvent]] = {}
    stories: dict[str, dict[str, None]] = {}
    observed: dict[str, float] = {}
    for batch in batches:
        for message in batch:
            if isinstance(message, Enriched):
                observed[message.post.uid] = message.post.observed_at.timestamp()
        for out in stage.handle([Record(message) for message in batch]):
            if isinstance(out.message, AlertEvent):
                alerts.setdefault(out.message.alert_id, []).append(out.message)
            elif isinstance(out.message, StoryUpdate) and out.message.members:
                posts = stories.setdefault(out.message.id, {})
                posts.update((member.uid, None) for member in out.message.members)
    return Judged(alerts, {story: tuple(posts) for story, posts in stories.items()}, observed)


def outcome(name: str, judged: Judged, spool: Spool, wanted: Wanted, truth: Truth) -> Outcome:
    """The alerts that opened in the time asked for, and how they compare with what is known."""
    fired = [_fired(events, judged, truth) for events in judged.alerts.values() if opened_within(events[0], wanted)]
    fired.sort(key=lambda one: (one.opened_at, one.alert_id))
    alerted = {uid for alert in judged.alerts for uid in judged.stories.get(_story(alert), ())}
    days = _days(spool, wanted)
    return Outcome(
        name=name,
        alerts=tuple(fired),
        posts=spool.posts,
        before=spool.before,
        refused=spool.refused,
        days=days,
        alerts_per_day=_short(len(fired) / days) if days else 0.0,
        digested=sum(one.digest for one in fired),
        by_rule=_counted(one.rule for one in fired),
        by_label=_counted(one.label for one in fired if one.label),
        scores=scores([one.label for one in fired], alerted, truth, judged.observed, wanted),
        first=spool.first,
        last=spool.last,
    )


def opened_within(event: AlertEvent, wanted: Wanted) -> bool:
    """Whether the alert opened in the time asked for, and not while there was only to be learnt."""
    return wanted.since is None or event.at >= wanted.since


def asked_for(observed: Mapping[str, float], wanted: Wanted) -> set[str]:
    """The posts that were observed in the time asked for, and not only to be learnt from."""
    since = wanted.since.timestamp() if wanted.since is not None else float("-inf")
    return {uid for uid, at in observed.items() if at >= since}


def scores(
    labels: Sequence[str], alerted: set[str], truth: Truth, observed: Mapping[str, float], wanted: Wanted
) -> Scores:
    """Of the alerts' labels ("" for none) and the posts of alerted stories, those alerted to before this time too."""
    judged = [label for label in labels if label]
    right = sum(label in truth.worth_it for label in judged)
    cases = truth.wanted(asked_for(observed, wanted)) if len(truth) else []
    found = sum(not case.uids.isdisjoint(alerted) for case in cases)
    return Scores(
        judged=len(judged),
        right=right,
        wanted=len(cases),
        found=found,
        precision=_short(right / len(judged)) if judged else None,
        recall=_short(found / len(cases)) if cases else None,
    )


def compared(outcomes: Sequence[Outcome], stories: Sequence[Mapping[str, Sequence[str]]]) -> Difference:
    """Two outcomes. The same alert is one of the same id, else one whose story shares the most posts."""
    first, second = ({one.alert_id: one for one in each.alerts} for each in outcomes)
    same = {name: name for name in first if name in second}
    holder = {uid: name for name in second if name not in same for uid in stories[1].get(_story(name), ())}
    for name in first:
        if name in same:
            continue
        shared = _counted(holder[uid] for uid in stories[0].get(_story(name), ()) if uid in holder)
        free = [other for other in shared if other not in same.values()]
        if free:
            same[name] = free[0]
    pairs = [
        Pair(
            first=one,
            second=other,
            earlier_seconds=(first[one].opened_at - second[other].opened_at).total_seconds(),
        )
        for one, other in same.items()
    ]
    matched = set(same.values())
    return Difference(
        only_first=tuple(name for name in first if name not in same),
        only_second=tuple(name for name in second if name not in matched),
        both=tuple(sorted(pairs, key=lambda pair: (first[pair.first].opened_at, pair.first))),
    )


def _fired(events: Sequence[AlertEvent], judged: Judged, truth: Truth) -> Fired:
    opened, last = events[0], events[-1]
    finding, story = opened.finding, opened.story
    uids = judged.stories.get(story.id, ())
    labels = truth.labels_of(uids)
    return Fired(
        alert_id=opened.alert_id,
        opened_at=opened.at,
        rule=finding.rule,
        rules=finding.rules or (finding.rule,),
        headline=finding.headline,
        why=tuple(reason.sentence for reason in finding.reasons),
        clears=finding.clears,
        claim=story.claim,
        claim_uid=story.claim_uid,
        interactions=story.spread.interactions,
        expected=story.spread.expected,
        surprise=story.spread.surprise,
        independent=story.independent,
        posts=story.posts,
        digest=opened.digest,
        ends=last.kind,
        ended_at=last.at,
        steps=tuple(Step(kind=each.kind, at=each.at, headline=each.finding.headline) for each in events[1:]),
        posts_in_the_end=len(uids),
        lead_seconds=_lead([judged.observed[uid] for uid in uids if uid in judged.observed], opened.at.timestamp()),
        label=next(iter(labels), ""),
        labels=labels,
    )


def _lead(observed: Sequence[float], opened: float) -> float:
    """How long before the middle one of these moments; 0 for none."""
    middle = sorted(observed)[len(observed) // 2] if observed else opened
    return round(middle - opened, 6)


def _days(spool: Spool, wanted: Wanted) -> float:
    """How long the time asked for is, as far as there are posts: from its begin only where some came before."""
    if spool.first is None or spool.last is None:
        return 0.0
    start = wanted.since if wanted.since is not None and spool.before else spool.first
    return _short(max((spool.last - start).total_seconds(), 1.0) / _DAY)


def _story(alert_id: str) -> str:
    """The story an alert is about: an alert's id is its watch's name and its story's id."""
    return alert_id.partition(":")[2]


def _counted(words: Iterable[str]) -> dict[str, int]:
    """How often each was said, most first."""
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _short(value: float) -> float:
    return float(f"{value:.6g}")
