"""One watch, judged: its messages in event order go in, the changes of its stories and the steps of its alerts come
out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from alerts.earlier.checks import CheckBook
from alerts.judging.blindness import Blind, Blindness
from alerts.judging.cases import Cases
from alerts.judging.inquiry import Inquiry
from alerts.lives import life
from alerts.lives.budget import Budget
from alerts.lives.grouping import Kin
from alerts.memory.digests import digest, story_id
from alerts.memory.times import moment
from alerts.ports import Archive, Baselines
from alerts.rules.evidence import Rule, StoryEvidence
from alerts.rules.findings import together
from alerts.spread.expectation import NONE_KEPT, Expectation
from alerts.spread.volume import Volume
from alerts.stories.book import Merged, StoryBook
from alerts.stories.story import Story
from alerts.text.understanding import Understanding
from secondsource.contracts.messages import (
    BY_HAND,
    EDITED,
    AlertEvent,
    Counts,
    Coverage,
    Enriched,
    Finding,
    StoryUpdate,
)
from secondsource.contracts.watch import Watch

_ORIGINS_SHOWN = 10
_BASELINE_SECONDS = 60.0  # of event time; a version of a baseline applies from a full minute on
_STILL_THERE = (EDITED, BY_HAND)  # at the platform


class Numbers(NamedTuple):
    """The small part of a judge's memory, saved whole each time."""

    book: tuple[int, int, int, int]
    expectation: tuple[int, int, list[int]]
    blind: list[Blind]
    recovered: tuple[Blind, ...] = ()
    spent: tuple[float, ...] = ()
    checks: int = 0


class Judge:
    """The stories and alerts of one watch.

    Every method that takes a message takes it at a moment not before the last one's. A method that raises SourceAway
    (the archive is away) has taken the message nevertheless; `settle` goes on where it stopped.
    """

    def __init__(
        self,
        watch: Watch,
        rules: tuple[Rule, ...],
        archive: Archive,
        link: Callable[[str], str],
        book: StoryBook,
        baselines: Baselines = NONE_KEPT,
        understanding: Understanding | None = None,
    ) -> None:
        self.watch = watch
        self._rules = {rule.name: rule for rule in rules}
        self._link = link
        self._book = book
        self._expectation = Expectation(watch.name)
        self._baselines = baselines
        self._baseline_until = -math.inf  # when to ask which baseline holds
        self._blind = Blindness()
        self._checks = CheckBook(f"{watch.name}/checks", understanding)
        self._volume = Volume(watch.name, lambda start, end: bool(self._blind.during(start, end)))
        self._cases = Cases(f"{watch.name}/cases")
        self._inquiry = Inquiry(
            watch,
            book=book,
            archive=archive,
            checks=self._checks,
            volume=self._volume,
            cases=self._cases,
            blind=self._blind,
        )
        self._kin = Kin(f"{watch.name}/kin")
        self._budget = Budget(watch.thresholds.alerts_per_hour)
        self._unjudged: dict[int, float] = {}  # stories that changed, and when
        self._to_tell: dict[int, None] = {}  # stories to be told of
        self._ended: list[StoryUpdate] = []  # of stories that were over before they were told of
        self._events: list[AlertEvent] = []

    # Messages, in event order

    def post(self, enriched: Enriched, at: float) -> None:
        """A post that has not been here before."""
        if enriched.post.reviews:
            self._checks.see(enriched, at)
        self._volume.post(at)
        story = self._book.take(enriched, at)
        if not story.frame.version:
            first = enriched.post
            begun = bool(first.repost_of)
            self._expectation.open(at, story.frame.first_account, first.author.followers, begun=begun)
        for merged in self._book.merged:
            self._join(merged, at)
        if enriched.pictures and enriched.post.observed_at.timestamp() < story.frame.born:
            self._cases.look_up_again(story.frame.number)
        counts = enriched.post.counts
        if counts is not None and not enriched.post.repost_of:
            self._reported(story, enriched.post.uid, counts, at)
        self._changed(story, at)

    def counts(self, uid: str, counts: Counts, seen_at: float, at: float) -> None:
        """A platform's counts of one post, as they were `seen_at`; unknown posts are ignored."""
        story = self._book.report(uid, counts, seen_at)
        if story is not None:
            self._reported(story, uid, counts, at)
            self._changed(story, at)

    def reword(self, again: Enriched, edited_at: float, at: float) -> None:
        """A post has come before, perhaps with other words: what it said first is quoted no more."""
        if again.post.reviews:
            self._checks.see(again, at)
        story = self._book.reword(again, edited_at)
        if story is not None:
            self._changed(story, at)

    def takedown(self, uid: str, reason: str, at: float) -> None:
        """A post is gone from its platform. What is said of that leaves out what is there still."""
        self._checks.forget_post(uid)
        if not reason.startswith(_STILL_THERE):
            self._leaves(uid, at)
        story = self._book.remove(uid)
        if story is not None:
            self._expectation.forget(story.frame.number, digest(uid))
            if self._book.parted:
                self._cases.recount(story.frame.number)
            self._changed(story, at, *self._book.parted)

    def _leaves(self, uid: str, at: float) -> None:
        """Note how far the story had gone when a post of it that asserts it in words of its own left."""
        story = self._book.find(uid)
        if story is None or story.frame.spread is None:
            return
        note, case = story.notes[digest(uid)], self._cases.known(story.frame.number)
        floor = self.watch.thresholds.min_interactions
        spreads = story.tally.total >= floor or (case is not None and case.left is not None)
        if spreads and note.own and note.stance == "asserts":
            spread = story.frame.spread
            self._cases.leave(story, note, spread.surprise if spread.state == "measured" else None, at)

    def coverage(self, coverage: Coverage) -> None:
        """When a collector of this watch saw, and when not: for what is judged from now on."""
        self._blind.tell(coverage)

    def advance(self, until: float) -> None:
        """Let happen what was due before `until`: ages are noted, stories end, in their time or crowded out."""
        self.rest(until)
        self._expectation.advance(until)
        while (story := self._book.over(until)) is not None:
            self._expire(story, self._book.ends_at(story))
            self._end(story)
        while (crowded := self._book.crowded_out()) is not None:
            self._expire(crowded, self._book.newest_at, crowded=True)
            self._end(crowded)

    def rest(self, until: float) -> None:
        """Let what is expected rest on the baseline of that time."""
        if until >= self._baseline_until:
            self._expectation.rest_on(self._baselines.at(self.watch.name, moment(until)))
            self._baseline_until = (until // _BASELINE_SECONDS + 1) * _BASELINE_SECONDS

    def settle(self) -> None:
        """Finish what an absent archive has interrupted."""
        while self._unjudged:
            number, at = next(iter(self._unjudged.items()))
            self._judge(self._book.shelf[number], at)
            del self._unjudged[number]

    def drain(self) -> tuple[list[StoryUpdate], list[AlertEvent]]:
        """The stories that changed and the alert events since this was last asked, in the order of the stream."""
        updates, self._ended = self._ended, []
        for number in self._to_tell:
            story = self._book.shelf[number]
            updates.append(self._update(story, members=True))
            story.frame.shown = True
            story.fresh = []
            self._book.shelf.touch(story)
        events, self._events, self._to_tell = self._events, [], {}
        return updates, events

    # Judging

    def _reported(self, story: Story, uid: str, counts: Counts, at: float) -> None:
        self._expectation.reach(story.frame.number, story.tally.total, at - story.frame.born)
        note = story.notes.get(digest(uid))
        if note is not None and note.stance == "asserts":
            self._expectation.report(story.frame.number, note.key, counts)

    def _changed(self, story: Story, at: float, *parted: Story) -> None:
        """A story has changed, and so have those that are no part of it any more."""
        for one in (story, *parted):
            frame = one.frame
            frame.version += 1
            self._expectation.reach(frame.number, one.tally.total, at - frame.born)
            if one.worth_telling():
                self._to_tell[frame.number] = None
                self._unjudged[frame.number] = at
        for one in parted:
            if one.frame.alert is not None:  # it was said to be over: say how it stands
                one.frame.alert = msgspec.structs.replace(one.frame.alert, interactions=0)
        self.settle()

    def _join(self, merged: Merged, at: float) -> None:
        """A story goes on in another: tell so, once, of it and of its alert."""
        frame, number = merged.story.frame, merged.story.frame.number
        kept = merged.into.frame.part(number)  # as it would stand by itself again
        self._expectation.end(number, joined=True)
        self._cases.join(number, merged.into)
        self._to_tell.pop(number, None)
        if not frame.told:
            return
        frame.version = kept.version = frame.version + 1
        frame.as_of, kept.shown = at, True
        if frame.alert is not None and not frame.alert.closed:
            frame.alert = kept.alert = msgspec.structs.replace(frame.alert, seq=frame.alert.seq + 1)
            self._say(
                merged.story,
                "expired",
                life.joined(frame.alert.rule, moment(merged.into.frame.opened_at), merged.tie),
                at,
            )
            self._events[-1] = self._pointing(self._events[-1], merged.into)
        self._ended.append(self._update(merged.story, members=True, into=self._id(merged.into)))

    def _pointing(self, event: AlertEvent, into: Story) -> AlertEvent:
        """The last event of an alert, with the story that its own goes on in, and that one's alert if it has one."""
        goes_on = self._id(into)
        related = (f"{self.watch.name}:{goes_on}",) if into.frame.alert is not None else ()
        story = msgspec.structs.replace(event.story, merged_into=goes_on)
        return msgspec.structs.replace(event, story=story, related=tuple(dict.fromkeys((*related, *event.related))))

    def _judge(self, story: Story, at: float) -> None:
        """Changes nothing before the archive has answered."""
        frame = story.frame
        frame.as_of = at
        if story.tally.total >= self.watch.thresholds.min_interactions:
            self._book.in_step(story)  # before its origins are counted
        frame.state = self._inquiry.state(story, at)
        thresholds = self.watch.thresholds
        frame.spread = self._expectation.measure(
            frame.number,
            at - frame.born,
            frame.first_account,
            thresholds.min_history,
            frame.spread,
            thresholds.min_interactions,
        )
        if frame.alert is None:
            self._look_for_findings(story, at)
        elif not frame.alert.closed:
            self._follow(story, frame.alert, at)

    def _look_for_findings(self, story: Story, at: float) -> None:
        frame, thresholds = story.frame, self.watch.thresholds
        if story.tally.total < thresholds.min_interactions:
            known = self._cases.known(frame.number)
            if known is None or known.left is None:
                return  # no rule looks at less, unless it has been more, and most stories stay below it
        evidence = self._inquiry.evidence(story, at)
        rules = life.standing(self._rules.values(), (), evidence, thresholds)
        if rules:
            evidence = self._inquiry.full(story, evidence)
            frame.alert = life.opened(rules, evidence, digest=not self._budget.spend(at))
            self._say(story, "opened", self._finding(rules, evidence), at)

    def _follow(self, story: Story, alert: life.AlertState, at: float) -> None:
        evidence = self._inquiry.evidence(story, at)
        rules = life.standing(self._rules.values(), alert.rules, evidence, self.watch.thresholds)
        kind = life.next_step(alert, evidence, rules)
        if kind is None:
            return
        evidence = self._inquiry.full(story, evidence)
        finding = self._finding(rules or alert.rules, evidence)
        if kind == "corroborated":
            finding = life.recalled(finding, evidence)
        digest_ = alert.digest and not (kind == "escalated" and self._budget.spend(at))
        story.frame.alert = life.after(alert, kind, evidence, rules, digest=digest_)
        self._say(story, kind, finding, at)

    def _expire(self, story: Story, at: float, *, crowded: bool = False) -> None:
        alert, thresholds = story.frame.alert, self.watch.thresholds
        if alert is None or alert.closed:
            return
        evidence = self._inquiry.full(story, self._inquiry.evidence(story, at))
        corroborated = evidence.independent >= thresholds.independent_origins
        finding = self._finding(alert.rules, evidence)
        if crowded:
            finding = life.crowded_out(finding, evidence, self._book.most, corroborated=corroborated)
        else:
            finding = life.over(finding, evidence, thresholds.story_hours, corroborated=corroborated)
        story.frame.alert = life.after(alert, "expired", evidence, alert.rules)
        self._say(story, "expired", finding, at)

    def _finding(self, names: Iterable[str], evidence: StoryEvidence) -> Finding:
        return together([self._rules[name] for name in names], evidence, self.watch.thresholds)

    def _end(self, story: Story) -> None:
        number = story.frame.number
        if number in self._to_tell:
            self._ended.append(self._update(story, members=True))
            del self._to_tell[number]
        self._expectation.end(number)
        self._cases.end(number)
        self._book.end(story)

    # Telling

    def _say(self, story: Story, kind: life.Kind, finding: Finding, at: float) -> None:
        frame = story.frame
        assert frame.alert is not None
        alert_id = f"{self.watch.name}:{self._id(story)}"
        related = self._kin.see(frame.number, alert_id, at, self._things(story), story.named())
        self._events.append(
            AlertEvent(
                alert_id=alert_id,
                seq=frame.alert.seq,
                kind=kind,
                at=moment(at),
                watch=self.watch.name,
                story=self._update(story, members=False),
                finding=finding,
                channel=self.watch.slack_channel,
                link=self._link(alert_id),
                digest=frame.alert.digest,
                related=related,
            )
        )

    def _things(self, story: Story) -> Iterator[int]:
        """Its pictures and pages, each by a number of its own."""
        for number in story.frame.rows:
            row = self._book.pictures.row(number)
            if row is not None and row.telling:
                yield number << 1
        for link, _ in story.frame.links:
            yield link << 1 | 1

    def _update(self, story: Story, *, members: bool, into: str = "") -> StoryUpdate:
        frame = story.frame
        assert frame.spread is not None
        return StoryUpdate(
            id=self._id(story),
            watch=self.watch.name,
            version=frame.version,
            opened_at=moment(frame.opened_at),
            as_of=moment(frame.as_of),
            claim=story.claim(),
            claim_uid=story.claim_uid(),
            state=frame.state,
            independent=story.asserted.value,
            posts=len(story.notes),
            accounts=len(story.accounts),
            disputes=story.disputes,
            spread=frame.spread,
            origins=story.asserted.strongest(_ORIGINS_SHOWN),
            members=tuple(story.fresh) if members else (),
            merged_into=into,
            claim_edited=story.claim_edited(),
        )

    def _id(self, story: Story) -> str:
        return story_id(self.watch.name, story.frame.first_uid)

    # Memory

    def take_up(self, versions: Mapping[str, int], told: Mapping[str, Sequence[AlertEvent]]) -> set[str]:
        """Go on from what was told of stories (by id, the last version) and alerts (by id, their events): of what is
        remembered here none was. Returns the alerts whose story is among the living.
        """
        found = set[str]()
        for number in list(self._book.shelf):
            story = self._book.shelf[number]
            for frame in story.frame.parts():
                id_ = story_id(self.watch.name, frame.first_uid)
                events = told.get(f"{self.watch.name}:{id_}")
                frame.version = max(frame.version, versions.get(id_, 0))
                frame.alert = life.told(events) if events else None
                if events:
                    found.add(events[0].alert_id)
            self._book.shelf.touch(story)
        return found

    def changes(self) -> dict[str, bytes | None]:
        return {
            **self._book.changes(),
            **self._expectation.changes(),
            **self._checks.changes(),
            **self._volume.changes(),
            **self._cases.changes(),
            **self._kin.changes(),
        }

    def saved_history(self) -> bytes | None:
        return self._expectation.saved_history()

    def saved_numbers(self) -> Numbers:
        """What `restore` needs besides the parts."""
        return Numbers(
            self._book.saved_numbers(),
            self._expectation.saved_numbers(),
            *self._blind.save(),
            self._budget.save(),
            self._checks.edition,
        )

    def restore(
        self, parts: Mapping[str, Iterable[tuple[int, bytes]]], numbers: Numbers, history: bytes | None
    ) -> None:
        self._blind.load(numbers.blind, numbers.recovered)
        self._book.restore(parts, numbers.book)
        self._checks.restore(parts.get("checks", ()), numbers.checks)
        self._volume.restore(parts.get("volume", ()))
        self._cases.restore(parts.get("cases", ()))
        self._kin.restore(parts.get("kin", ()))
        self._budget.load(numbers.spent)
        self._expectation.restore(parts, numbers.expectation, history)
        for number in self._book.shelf:
            self._expectation.reach(number, self._book.shelf.peek(number).tally.total)
