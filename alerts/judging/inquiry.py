"""What is found out of a story for the rules to look at, from all that remembers something of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec

from alerts.earlier.checks import CheckBook
from alerts.earlier.file_claims import Claimed
from alerts.earlier.pictures import claimed, once_a_clip, sighted
from alerts.judging.blindness import Blindness
from alerts.judging.cases import Case, Cases, own_posts
from alerts.memory.digests import digest
from alerts.memory.times import moment
from alerts.origins.corroboration import Support, state
from alerts.ports import Archive
from alerts.rules.evidence import Everywhere, StoryEvidence, Surge
from alerts.spread.volume import Volume
from alerts.stories.book import StoryBook
from alerts.stories.story import Story
from secondsource.contracts.excerpts import excerpt
from secondsource.contracts.messages import Corroboration, Earlier
from secondsource.contracts.watch import Watch

_STRONGEST = 2
_EARLIER_SHOWN = 5
_CHECKS_SHOWN = 3
_NEVER = (-1, 0, 0.0)


class Inquiry:
    """Into the stories of one watch. What it finds out stays with `cases`, so that it is not asked for again."""

    def __init__(
        self,
        watch: Watch,
        *,
        book: StoryBook,
        archive: Archive,
        checks: CheckBook,
        volume: Volume,
        cases: Cases,
        blind: Blindness,
    ) -> None:
        self._watch = watch
        self._book = book
        self._archive = archive
        self._checks = checks
        self._volume = volume
        self._cases = cases
        self._blind = blind

    def evidence(self, story: Story, at: float) -> StoryEvidence:
        """What rules look at: all but what is costly, which is its claim, its strongest origins, and its pictures'
        earlier lives where the archive need not be asked again.

        Raises:
            SourceAway: it is to be asked, and did not answer.
        """
        frame = story.frame
        assert frame.spread is not None
        earlier: tuple[Earlier, ...] = ()
        if self._cases.to_look_up(story):
            earlier = self._earlier(story)
            self._cases.looked_up(story, self._first_seen(story, earlier))
        case = self._cases.weigh(story)
        return StoryEvidence(
            watch=self._watch.name,
            claim="",
            opened_at=moment(frame.opened_at),
            as_of=moment(at),
            state=frame.state,
            spread=frame.spread,
            independent=story.asserted.value,
            sources=len(story.asserted),
            derivation="",
            posts=len(story.notes),
            accounts=len(story.accounts),
            disputes=story.disputes,
            interactions_with_denials=story.interactions_with_denials,
            follows_a_denial=story.follows_a_denial,
            blind=self._blind_for(story, at),
            earlier=earlier,
            checked=self._checked(story, case, at),
            old=case.old_pictures(),
            coordinated=frame.in_step,
            removed=case.removed(own_posts(story)),
            surge=self._surge(story, at),
        )

    def full(self, story: Story, evidence: StoryEvidence) -> StoryEvidence:
        """With what is costly, for people to read.

        Raises:
            SourceAway: the archive did not answer.
        """
        claim = story.claim()
        return evidence._replace(
            claim=claim,
            derivation=story.asserted.independence().derivation,
            copies=tuple(sorted((tie, posts) for tie, posts in story.kinds.items() if posts and tie != "first")),
            origins=story.asserted.strongest(_STRONGEST),
            earlier=self._earlier(story),
            named=story.named(),
            everywhere=tuple(self._everywhere(story)),
            unread=self._unread(story),
            claimed=tuple(self._claimed(story)),
            checks=self._checks.like(claim, evidence.as_of.timestamp(), _CHECKS_SHOWN),
            old=self._cases.weigh(story, to_tell=True).old_pictures(),
        )

    def state(self, story: Story, at: float) -> Corroboration:
        blind = bool(self._blind_for(story, at))
        support = Support(story.asserted.posts, story.asserted.value, story.disputes, blind)
        return state(support, self._watch.thresholds.independent_origins)

    def _surge(self, story: Story, at: float) -> Surge | None:
        """The watch's volume and the story's part in it; None where there is too little to compare it with."""
        volume = self._volume.reading(at)
        if volume.state != "measured":
            return None
        led = self._cases.burst(story, volume.since, volume.until)
        until = moment(volume.until) if volume.until < math.inf else None
        return Surge(volume.posts, volume.expected, volume.surprise, moment(volume.since), led, until)

    def _first_seen(self, story: Story, earlier: Iterable[Earlier]) -> dict[int, float]:
        """When each of its pictures was first seen before, as far as these sightings tell."""
        rows: dict[str, int] = {}
        for number, file in zip(story.frame.rows, story.frame.files, strict=False):
            row = self._book.pictures.row(number)
            if row is not None:
                rows |= {row.id: number, file or row.id: number}
        first: dict[int, float] = {}
        for seen in earlier:
            number = rows.get(seen.shown) or rows.get(seen.picture, 0)
            if number:
                first[number] = min(first.get(number, math.inf), seen.seen_at.timestamp())
        return first

    def _checked(self, story: Story, case: Case, at: float) -> int:
        """How many published checks are of a claim like the story's. They are looked through where there are others
        than the last time, or the claim is another.
        """
        claim = story.notes.get(story.frame.claim)
        if not len(self._checks) or claim is None:
            return 0
        by = (self._checks.edition, claim.key, claim.reworded)
        if case.matched_by != by:
            matched = len(self._checks.like(claim.text, at, _CHECKS_SHOWN))
            self._cases.match(story, matched, by if at > self._checks.newest_at else _NEVER)
        return case.matched

    def _everywhere(self, story: Story) -> Iterator[Everywhere]:
        for row in map(self._book.pictures.row, story.frame.rows):
            if row is not None and row.everywhere:
                yield Everywhere(row.id, len(row.showings), moment(min(showing.at for showing in row.showings)))

    def _unread(self, story: Story) -> int:
        """How many of its pictures nobody could look at; not those that were had from the same address later."""
        rows = [row for row in map(self._book.pictures.row, story.frame.rows) if row is not None]
        read = {seen.url for row in rows if row.pdq for seen in row.sightings}
        return sum(not row.pdq and any(seen.url not in read for seen in row.sightings) for row in rows)

    def _claimed(self, story: Story) -> Iterator[Claimed]:
        for row in map(self._book.pictures.row, story.frame.rows):
            if row is not None and row.telling:
                yield from claimed(row)

    def _earlier(self, story: Story) -> tuple[Earlier, ...]:
        """The first sightings of the story's pictures before it opened, in this watch and in the archive.

        Raises:
            SourceAway: the archive did not answer.
        """
        files = dict(zip(story.frame.rows, story.frame.files, strict=False))
        known = map(self._book.pictures.row, story.frame.rows)
        rows = [(row, files.get(row.number, "")) for row in known if row is not None and row.telling]
        if not rows:
            return ()
        before = story.frame.born
        seen = {
            (sighting.uid, sighting.picture): sighted(row, file, sighting, moment)
            for row, file in rows
            for sighting in row.sightings
            if sighting.at < before
        }
        asked = {file or row.id: row for row, file in rows}
        pictures = [row.picture(file) for row, file in rows]
        for one in self._archive.earlier(pictures, moment(before), _EARLIER_SHOWN):
            told = asked[one.shown].told_of(one) if one.shown in asked else one
            told = msgspec.structs.replace(told, caption=excerpt(told.caption))
            seen.setdefault((one.source, one.picture), told)
        own_since = moment(
            before - self._watch.thresholds.story_hours * 3600
        )  # its posts of long before are not its own
        others = [
            one
            for one in once_a_clip(seen.values())
            if one.seen_at < own_since or digest(one.source) not in story.notes
        ]
        return tuple(sorted(others, key=lambda one: (one.seen_at, one.source, one.picture))[:_EARLIER_SHOWN])

    def _blind_for(self, story: Story, at: float) -> tuple[str, ...]:
        return self._blind.during(story.frame.opened_at, at)
