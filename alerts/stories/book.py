"""The living stories of one watch: posts put into them, counts taken up, posts taken down, and their end.

A post that asserts what two living stories say makes one of them: the older takes the younger up. When the last post
that ties them is taken down they are two again. Which stories are made one depends on the posts and their event order
alone.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from alerts.earlier.everywhere import showing
from alerts.earlier.file_claims import file_says
from alerts.earlier.pictures import Sighting
from alerts.memory.digests import digest
from alerts.origins.in_step import InStep, Steps, reading
from alerts.origins.registry import NOBODY, Listed, Registry
from alerts.stories.kept import Frame, Note
from alerts.stories.provenance import doubt, evidence, shared, tokens_behind, tokens_of
from alerts.stories.shelf import Shelf
from alerts.stories.story import COPIES, Story
from alerts.stories.texts import FEWEST_WORDS, MOST_PLACES
from alerts.stories.ties import ORIGINAL, Tied, Ties
from alerts.stories.tokens import cluster_token, credit_token, pair_token
from alerts.stories.traits import MOST_PICTURES, Traits
from alerts.text.embedding import Meanings
from alerts.text.polarity import opposed
from alerts.text.words import named, subjects
from secondsource.contracts.excerpts import KEPT
from secondsource.contracts.messages import Counts, Enriched, Post, StanceLabel, Tie
from secondsource.contracts.retweet_prefix import passed_on_from
from secondsource.contracts.watch import Watch

_SLACK = 1_024  # entries of stories that are over may stay in the lists of living ones
_COPIED = frozenset({"text", "media", "link"})
_CREDITS = 4_096  # texts whose credits are remembered
_FEEDS = "feed"  # collectors of feeds read credits with their bylines
_IN_WORDS = frozenset({"words", "meaning"})
_ALIKE = _COPIED | _IN_WORDS  # ties of posts that name none of each other
_BRIDGED_BY = frozenset({"text", "media", "link"})
_LOOKED_FOR = 8  # texts of a part that shares a picture or page: so many are also looked for by their words


class Merged(NamedTuple):
    """A story that another has taken up, as it was, and what of a post tied it to that."""

    story: Story
    into: Story
    tie: Tie


class StoryBook:
    """What is kept is bounded: of more than `most_single` stories of a single post the oldest are over early, and of
    more than `most` stories those that have been silent for longest.
    """

    def __init__(
        self,
        watch: Watch,
        registry: Registry = NOBODY,
        *,
        most_single: int = 60_000,
        most: int = 120_000,
        most_hot: int = 4_096,
        meanings: Meanings | None = None,
    ) -> None:
        self._registry = registry
        self._life = watch.thresholds.story_hours * 3600
        self._most_single = most_single
        self.most = most  #: living stories at once
        self.newest_at = 0.0  #: when the last story opened
        self.merged: list[Merged] = []  #: by the last `take`
        self.parted: list[Story] = []  #: off the story that the last `remove` gave
        self._singles: deque[int] = deque()
        self._single = 0
        self._due: list[tuple[float, int]] = []
        self._next = 1
        self.shelf = Shelf(f"{watch.name}/stories", most_hot)
        self._ties = Ties(watch, self.shelf, meanings)
        self._subjects = subjects(watch)
        self._steps = Steps(watch.name)
        self._credits = lru_cache(maxsize=_CREDITS)(registry.agencies.credited)  # copies of a text carry its credit
        self.pictures = self._ties.pictures

    def take(self, enriched: Enriched, at: float) -> Story:
        """Put a post into its story, or open one. The story, changed; `merged` says which others it took up."""
        self.merged = []
        enriched, disowned = self._of_this_watch(enriched)
        post = enriched.post
        key = digest(post.uid)
        tied = self._ties.by_reference(enriched, key)
        plain = tied is not None and _says_nothing(enriched)
        traits = Traits() if plain else self._ties.traits(enriched)
        said: tuple[str, ...] = ()
        if tied is None:
            tied = self._ties.by_likeness(traits)
            if tied is None or tied.tie != "text":
                said = self._ties.terms(enriched, traits)
        if tied is None and not post.reply_to:
            denies = enriched.stance.label == "denies"
            tied = self._ties.by_words(said, traits, denies=denies) or self._ties.by_meaning(post.text, at, said)
        opens = tied is None
        if tied is None:
            tied = Tied(self._next, "first", "", "")
            self._open(enriched, at)
        story = self.shelf[self._ties.living(tied.part)]
        enriched, tied = self._of_its_time(enriched, story, tied)
        enriched = self._compared(enriched, story, tied)
        also: list[Tied] = []
        if not opens and not plain and _may_bridge(enriched, tied):
            looked = said if story.frame.part(tied.part).places < _LOOKED_FOR else ()
            also = self._ties.bridges(traits, looked, tied)
            story, also = self._made_one(story, tied.part, also) if also else (story, also)
        traits = self._ties.texts.within(traits, enriched, story)
        credited = post.credits or (() if plain or post.platform == _FEEDS else self._credits(post.text))
        whose = passed_on_from(post.text)
        note = self._note(story, enriched, key, at, tied, traits, also, whose)
        original = story.notes.get(digest(post.repost_of)) if post.repost_of else None
        note.doubt = doubt(enriched, tied, credited) if original is None else original.doubt  # it may outlive it
        heard = "" if credited else self._registry.agencies.agency_heard(enriched.stance.attributed_to)
        if credited or heard:
            note.tokens += (credit_token(digest(heard or credited[0])),)
        source, behind = self._behind(post, note, whose)
        note.tokens += behind
        more = credited or heard or source or also or disowned
        story.add(note, evidence(tied, credited, heard, source, also, disowned) if more else tied.evidence)
        if not plain:
            self._ties.lead(story, note, traits, said)
            if note.own and note.stance == "asserts":
                self._steps.share(shared(note, post.hashtags), note.account, key, at)
        if enriched.pictures:
            self._sight(enriched, traits, key)
        self.shelf.touch(story)
        if not opens:
            self._single -= story.ever == 2
        return story

    def _behind(self, post: Post, note: Note, whose: str) -> tuple[Listed | None, tuple[int, ...]]:
        """The source that a post comes from, and what ties it to others of that. A repost speaks for nobody."""
        source = self._registry.source_of(post)
        if not note.speaks:
            return source, ()
        passed_on = self._registry.of_account(post.platform, whose) if whose else None
        pairs = (*self._registry.pairs_of(post.author.uid), *self._steps.pairs_of(note.account))
        return source or passed_on, (*tokens_behind(source), *tokens_behind(passed_on), *map(pair_token, pairs))

    def _of_this_watch(self, enriched: Enriched) -> tuple[Enriched, str]:
        """With what of the watch it says that this is not: "This is not Aleppo" denies what others show of Aleppo."""
        stance = enriched.stance
        disowned = next((self._subjects[name] for name in stance.disowns if name in self._subjects), "")
        if not disowned or stance.label != "asserts":
            return enriched, ""
        return replace(enriched, stance=replace(stance, label="denies")), disowned

    def _of_its_time(self, enriched: Enriched, story: Story, tied: Tied) -> tuple[Enriched, Tied]:
        """A post that was made longer before a story began than stories live told of something else: that it says and
        shows the same makes it no origin of this one, nor spread. Who passes on a post of the story is of its time.
        """
        post = enriched.post
        made = min(post.created_at, post.observed_at)
        if enriched.stance.label != "asserts" or tied.tie not in _ALIKE:
            return enriched, tied
        if made.timestamp() >= story.frame.born - self._life:
            return enriched, tied
        before = f"; posted {made:%Y-%m-%d}, long before this story began"
        return replace(enriched, stance=replace(enriched.stance, label="comments")), tied._replace(
            evidence=f"{tied.evidence}{before}"
        )

    def _compared(self, enriched: Enriched, story: Story, tied: Tied) -> Enriched:
        """Who negates what the story claims, or says what that negates, is no origin of it. A repost of a post that is
        there takes the stance of that.
        """
        if enriched.stance.label != "asserts" or tied.tie == "first" or digest(enriched.post.repost_of) in story.notes:
            return enriched
        claim = story.notes.get(story.frame.part(tied.part).claim) or story.notes.get(story.frame.claim)
        if claim is None or claim.stance != "asserts" or not claim.text or enriched.post.text.startswith(claim.text):
            return enriched
        if not opposed(enriched.post.text, claim.text, self._ties.own, in_words=tied.tie in _IN_WORDS):
            return enriched
        return replace(enriched, stance=replace(enriched.stance, label="comments"))

    def _made_one(self, story: Story, part: int, also: list[Tied]) -> tuple[Story, list[Tied]]:
        """The story of a post that is also tied to other parts, and those parts of it: two stories that have words in
        common are made one; three are a list of news, which ties none.
        """
        others = {self._ties.living(tied.part) for tied in also} - {story.frame.number}
        if len(others) == 1:
            number = others.pop()
            older, younger = sorted((story, self.shelf[number]), key=lambda one: one.frame.number)
            to_it = (tied for tied in also if self._ties.living(tied.part) == number)
            shown = next((tied for tied in to_it if self._ties.in_common(tied.part, part)), None)
            if shown is not None and older.takes(younger):
                self._merge(older, younger, shown)
                story = older
        return story, [tied for tied in also if self._ties.living(tied.part) == story.frame.number]

    def _merge(self, older: Story, younger: Story, tied: Tied) -> None:
        self._single -= (older.ever == 1) + (younger.ever == 1)
        older.absorb(younger, "came in another story, which a later post ties to this one")
        self._ties.take(older, younger)
        self.shelf.drop(younger.frame.number)
        self.merged.append(Merged(younger, older, tied.tie))

    def _part(self, story: Story) -> Story:
        """Let go of what nothing ties to a story any more. What is left of it."""
        self.parted = []
        for group in story.loose():
            rows = story.frame.rows
            shown = self._ties.shown_by(rows, frozenset({one.number for one in story.frame.parts()}) - {*group})
            story, split = story.part_with(group, shown)
            if split is None:
                continue
            self.shelf.put(split)
            self.shelf.touch(split)
            self._ties.part(split)
            self._singles = deque(sorted({*self._singles, split.frame.number, story.frame.number}))
            self._single += split.ever == 1
            heapq.heappush(self._due, (self.ends_at(split), split.frame.number))
            self.parted.append(split)
        if self.parted:
            self._single += story.ever == 1
            self.shelf.put(story)
        return story

    def find(self, uid: str) -> Story | None:
        """The living story that has this post itself, not only somebody's mention of it."""
        key = digest(uid)
        number = self._ties.story_of(key)
        if number is None:
            return None
        story = self.shelf[number]
        return story if key in story.notes else None

    def report(self, uid: str, counts: Counts, seen_at: float) -> Story | None:
        """A platform's count for one post. The story if that tells something new."""
        story = self.find(uid)
        if story is None or not story.report(digest(uid), counts.interactions(), seen_at):
            return None
        self.shelf.touch(story)
        return story

    def in_step(self, story: Story) -> InStep | None:
        """Accounts that assert this story and do things in step, as of the last time that was looked for. What they say
        has one origin from now on. Costs next to nothing but where a quarter of the story or of the watch is new; for
        stories that spread.
        """
        frame, steps = story.frame, self._steps
        steps.look()
        if frame.run != steps.run or len(story.notes) > 1.25 * frame.coupled:
            accounts = story.asserting()
            frame.run, frame.coupled = steps.run, len(story.notes)
            among = steps.among(accounts)
            story.couple((pair.a, pair.b, pair.id) for pair in among)
            frame.in_step = reading(among, len(accounts))
        return frame.in_step

    def reword(self, again: Enriched, edited_at: float) -> Story | None:
        """A post was edited. The story it is in, if its earlier words were kept."""
        uid, words, names = again.post.uid, again.post.text[:KEPT], named(again)
        self.pictures.recaption(uid, words, edited_at, names)
        story = self.find(uid)
        if story is None or not story.reword(digest(uid), words, edited_at, names):
            return None
        note = story.notes[digest(uid)]
        part = story.frame.part(note.part(story.frame.number))
        if note.tie == "first":
            self._ties.reread(part, words)
        self._ties.say_anew(part, note.key, again)
        self.shelf.touch(story)
        self.shelf.scrub(story.frame.number)
        return story

    def remove(self, uid: str) -> Story | None:
        """A post is gone from its platform. The story it was in, changed; `parted` are those that are no part of it any
        more.
        """
        self.parted = []
        self.pictures.forget_post(uid)
        story = self.find(uid)
        if story is None:
            self.shelf.cleanse()
            self.pictures.cleanse()
            return None
        note = story.remove(digest(uid))
        if note is not None:
            self._ties.texts.remove(story, note)
            self._ties.unsay(story, note)
        if note is not None and len(note.parts) > 1:
            story = self._part(story)
        self.shelf.touch(story)
        self.shelf.scrub(story.frame.number)
        return story

    def over(self, until: float) -> Story | None:
        """The story that was over first, if it was before `until`. It stays until it is ended."""
        while self._due and self._due[0][0] < until:
            due, number = self._due[0]
            if number not in self.shelf:
                heapq.heappop(self._due)
                continue
            story = self.shelf[number]
            if self.ends_at(story) <= due:
                return story
            heapq.heapreplace(self._due, (self.ends_at(story), number))
        return None

    def ends_at(self, story: Story) -> float:
        return story.frame.last_at + self._life

    def crowded_out(self) -> Story | None:
        """A story that must be over early, if there are too many. It stays until it is ended."""
        alerted, crowded = [], None
        while self._single > self._most_single and self._singles and crowded is None:
            number = self._singles.popleft()
            if number in self.shelf:
                story = self.shelf[number]
                if story.ever < 2:
                    alert = story.frame.alert
                    if alert is not None and not alert.closed:  # somebody is waiting to hear how it ends
                        alerted.append(number)
                    else:
                        self._singles.appendleft(number)
                        crowded = story
        self._singles.extendleft(reversed(alerted))
        if crowded is not None:
            return crowded
        return self.over(math.inf) if len(self.shelf) > self.most else None

    def end(self, story: Story) -> None:
        """Forget a story, and all that led to it."""
        self._ties.forget(story)
        self.shelf.drop(story.frame.number)
        self._single -= story.ever == 1
        most = 2 * len(self.shelf) + _SLACK
        if len(self._singles) > most:
            self._singles = deque(number for number in self._singles if number in self.shelf)
        if len(self._due) > most:
            self._due = [(due, number) for due, number in self._due if number in self.shelf]
            heapq.heapify(self._due)

    # Taking a post up

    def _open(self, enriched: Enriched, at: float) -> None:
        post = enriched.post
        created = post.created_at.timestamp()
        self.shelf.put(
            Story(
                Frame(
                    number=self._next,
                    opened_at=at,
                    born=created if at - self._life <= created < at else at,
                    last_at=at,
                    first_uid=post.uid,
                    first_account=digest(post.author.uid),
                    opened_by_denial=enriched.stance.label == "denies",
                )
            )
        )
        self._schedule(self._next, at)
        self._next += 1
        self.newest_at = at

    def _schedule(self, number: int, last_at: float) -> None:
        self._single += 1
        self._singles.append(number)
        heapq.heappush(self._due, (last_at + self._life, number))

    def _note(
        self,
        story: Story,
        enriched: Enriched,
        key: int,
        at: float,
        tied: Tied,
        traits: Traits,
        also: list[Tied],
        whose: str,
    ) -> Note:
        parts = tuple(sorted({tied.part, *(one.part for one in also)})) if also else (tied.part,)
        part = story.frame.part(parts[0])
        post, stance = enriched.post, enriched.stance.label
        account = digest(post.author.uid)
        other = post.repost_of or post.quote_of or post.reply_to
        target = digest(other) if other else 0
        original = story.notes.get(target)
        if post.repost_of and original is not None:
            stance = original.stance
        note = Note(
            uid=post.uid,
            key=key,
            account=account,
            handle=post.author.handle,
            at=at,
            stance=stance,
            tie=tied.tie,
            to=tied.to,
            target=target if self._ties.name(key, target, part.number) else 0,
            tokens=tokens_of(story, enriched, key, account, stance, traits, whose),
            passes=_passes(story, enriched, account, stance, target, tied),
            reported=0 if post.repost_of or post.counts is None else post.counts.interactions(),
            reworded=at if post.edit_of else 0.0,
            text=post.text[:KEPT],
            named=() if post.repost_of else named(enriched),
            parts=() if parts == (story.frame.number,) else parts,
        )
        if _represents(part, enriched, traits):
            part.places += 1
            note.place = part.places
            note.bands = enriched.sketch.bands
            note.tokens += (cluster_token(note.representative(story.frame.number)),)
        return note

    def _sight(self, enriched: Enriched, traits: Traits, key: int) -> None:
        post = enriched.post
        names = named(enriched)
        shown = enriched.pictures[:MOST_PICTURES]
        # What its pictures read is said by all who show them, and of what the watch is of all of them speak.
        said = () if post.repost_of else self._ties.terms(replace(enriched, pictures=()), traits)
        beyond = named(enriched, self._ties.own)
        tells = showing(key, digest(post.author.uid), post.observed_at.timestamp(), said, beyond)
        for picture, match in zip(shown, traits.pictures or map(self.pictures.enter, shown), strict=True):
            sighting = Sighting(
                at=post.observed_at.timestamp(),
                uid=post.uid,
                picture=picture.id,
                handle=post.author.handle,
                caption=post.text[:KEPT],
                url=picture.url,
                distance=match.distance,
                named=names,
                says=file_says(picture, enriched.entities),
            )
            self.pictures.see(match.row, sighting)
            self.pictures.shown_by(match.row, tells)

    # Saving

    def changes(self) -> dict[str, bytes | None]:
        for story in self.shelf.changed():
            for frame in story.frame.parts():
                frame.sayings, frame.sayers = self._ties.sayings(frame.number), self._ties.sayers(frame.number)
        return {**self.shelf.changes(), **self.pictures.changes(), **self._steps.changes()}

    def saved_numbers(self) -> tuple[int, int, int, int]:
        """What `restore` needs besides the parts."""
        return self._next, self._ties.slid(), *self._ties.asked()

    def restore(self, parts: Mapping[str, Iterable[tuple[int, bytes]]], numbers: tuple[int, int, int, int]) -> None:
        """`parts` under "stories", "pictures", "shares" and "steps", numbered and in order."""
        self.pictures.restore(parts.get("pictures", ()))
        self._steps.restore(parts)
        self.shelf.restore(parts.get("stories", ()))
        self._next, slid, *asked = numbers
        self._ties.restore(slid, (asked[0], asked[1]))
        for number in sorted(self.shelf):
            story = self.shelf.peek(number)
            heapq.heappush(self._due, (self.ends_at(story), number))
            self._singles.append(number)
            self.newest_at = story.frame.opened_at
            self._single += story.ever == 1


def _passes(story: Story, enriched: Enriched, account: int, stance: StanceLabel, target: int, tied: Tied) -> int:
    """The post whose spread this one adds to, 0 for none. An account adds to a story's spread once, and never to its
    own.
    """
    post = enriched.post
    tally = story.tally_of(stance)
    if tally is None or not tally.counts(account):
        return 0
    if post.repost_of or post.quote_of:
        original = story.notes.get(target)
        if original is not None and (original.account == account or original.stance != stance):
            return 0
        return target
    return COPIES if tied.tie in _COPIED and account != story.frame.first_account else 0


def _says_nothing(enriched: Enriched) -> bool:
    """Whether a post that names another adds nothing to it that others might copy: a repost, a bare comment."""
    post = enriched.post
    comments = bool(post.reply_to) and enriched.stance.label in {"comments", "asks"}
    return bool(post.repost_of) or (comments and not enriched.pictures)


def _may_bridge(enriched: Enriched, tied: Tied) -> bool:
    """Whether a post says what the story says that it is tied to, and may show that another says the same."""
    post = enriched.post
    if enriched.stance.label != "asserts" or post.reviews:
        return False
    if tied.tie == "text":
        return bool(enriched.pictures or post.links)
    return tied.tie in _BRIDGED_BY or tied.evidence == ORIGINAL


def _represents(part: Frame, enriched: Enriched, traits: Traits) -> bool:
    """Whether later texts are to be compared with this one: it is long enough, and no copy that says nothing more."""
    return (
        bool(traits.exact)
        and (traits.longer or not traits.representative)
        and enriched.sketch.words >= FEWEST_WORDS
        and not enriched.post.repost_of
        and part.places < MOST_PLACES
    )
