"""A story: the posts of one watch that assert (or deny, or ask about) the same thing, and all that is counted of
them.

Everything but the frame is a function of the notes, so a story is saved as its frame and the notes that changed, and
looks the same after it has been read back.

Stories that a later post ties together become one (docs/adr): the older takes the younger up as a part, each post
remembers its part, and so a story can be parted again when nothing ties its parts together any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

import msgspec

from alerts.memory.digests import digest
from alerts.origins.union import Origins, grouped
from alerts.spread.surprise import Tally
from alerts.stories.kept import PLACE_BITS, Frame, Gone, Note
from alerts.stories.tokens import account_token, pair_token, post_token
from alerts.wording import REMOVED
from secondsource.contracts.excerpts import excerpt
from secondsource.contracts.messages import Member, StanceLabel, Tie

#: The key under which copies count that pass a story on without naming a post.
COPIES = 1
#: Other stories that one takes up at most: so often each post is moved, however many stories there are.
MOST_PARTS = 64
NAMED: tuple[Tie, Tie, Tie] = ("repost", "quote", "reply")  #: ties of a post that names another
_TEXTS = 5
_MOST_PARTED = 3
_NAMED_IN = 32
_POST = post_token(0) & 7
_STANDS = "nothing that is still there ties it to the rest"

_Saved = tuple[Frame, list[Note], list[Gone]]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Saved)


class Story:
    """A living story in working form."""

    __slots__ = (
        "_bridges", "_changed", "_handles", "_left", "accounts", "asserted", "denial_tally", "denied", "frame", "fresh",
        "gone", "kinds", "notes", "places", "tally", "texts",
    )  # fmt: skip

    def __init__(self, frame: Frame, notes: Iterable[Note] = (), gone: Iterable[Gone] = ()) -> None:
        self.frame = frame
        self.notes: dict[int, Note] = {}
        self.accounts: dict[int, int] = {}
        self.kinds: dict[Tie, int] = {}
        self.asserted = Origins()
        self.denied: Origins | None = None
        self.tally = Tally()
        self.denial_tally: Tally | None = None
        self.places: dict[int, int] = {}
        self.texts = 0
        self.fresh: list[Member] = []
        self._changed: dict[int, None] = {}
        self._left: list[Gone] = []
        self._bridges: dict[tuple[int, ...], int] = {}  # parts tied together → by how many posts
        self._handles: dict[int, set[int]] | None = None  # where somebody asked for them
        self.gone = list(gone)
        for one in self.gone:
            if one.tokens and self.tally_of(one.stance) is not None:
                self._origins_of(one.stance).tie(one.tokens)
        for note in notes:
            self._count(note)
        if not frame.shown:
            self.fresh = [note.member(note.evidence) for note in self.notes.values()]

    # Reading

    @property
    def ever(self) -> int:
        """How many posts it has ever had, those taken down included."""
        return len(self.notes) + len(self.gone)

    @property
    def follows_a_denial(self) -> bool:
        """Whether its first post, which may be gone since, denied what it is about, and what asserts it first answers
        or passes on another post: who shows what was denied long ago, as if nobody had, begins anew.
        """
        if not self.frame.opened_by_denial:
            return False
        claim = self.notes.get(self.frame.claim)
        return claim is None or claim.stance != "asserts" or claim.tie in NAMED

    def claim(self) -> str:
        note = self.notes.get(self.frame.claim)
        return excerpt(note.text) if note is not None and note.text else REMOVED

    def claim_edited(self) -> bool:
        """Whether its claim was in other words when it came, which its author has changed since."""
        note = self.notes.get(self.frame.claim)
        return note is not None and note.reworded > 0

    def claim_uid(self) -> str:
        note = self.notes.get(self.frame.claim)
        return note.uid if note is not None else self.frame.first_uid

    def named(self) -> tuple[str, ...]:
        """Ids of the places and events that its kept texts name, of those that assert it, sorted."""
        return tuple(sorted({name for note in self.notes.values() if note.stance == "asserts" for name in note.named}))

    def tally_of(self, stance: StanceLabel) -> Tally | None:
        """The spread a post of this stance adds to: the story's own, or that of its denials."""
        if stance == "asserts":
            return self.tally
        if stance == "denies":
            if self.denial_tally is None:
                self.denial_tally = Tally()
            return self.denial_tally
        return None

    @property
    def disputes(self) -> int:
        """Origins of its denials."""
        return 0 if self.denied is None else len(self.denied)

    @property
    def interactions_with_denials(self) -> int:
        return 0 if self.denial_tally is None else self.denial_tally.total

    def leads(self) -> Iterator[tuple[int, int]]:
        """All posts that lead to this story, each with its part: its own and those that left, then those they name."""
        every = [(note.key, note.target, note.parts) for note in self.notes.values()]
        every += [(gone.key, gone.target, gone.parts) for gone in self.gone]
        for key, _, parts in every:
            yield key, parts[0] if parts else self.frame.number
        for _, target, parts in every:
            if target:
                yield target, parts[0] if parts else self.frame.number

    def worth_telling(self) -> bool:
        """More than one post that nobody has answered or repeated; once that, always that."""
        if not self.frame.told:
            self.frame.told = self.ever > 1 or self.tally.total > 0 or self.interactions_with_denials > 0
        return self.frame.told

    # Changing

    def add(self, note: Note, evidence: str) -> None:
        """Take a post up."""
        frame = self.frame
        if not (note.own and (note.place or self.texts < _TEXTS)):
            note.text, note.named = "", ()
        self._count(note)
        self._changed[note.key] = None
        frame.last_at = max(frame.last_at, note.at)
        if note.tie == "first":
            note.evidence = evidence
        self.fresh.append(note.member(evidence))
        self._quote(note)

    def _quote(self, note: Note) -> None:
        """A post is the claim where there is none, or where it asserts what others only speak of."""
        claimed = self.notes.get(self.frame.claim)
        if note.text and (claimed is None or (claimed.stance != "asserts" and note.stance == "asserts")):
            self.frame.claim = note.key

    def report(self, key: int, interactions: int, seen_at: float) -> bool:
        """A platform's count of a post's interactions. True if it is news, and no older than the post."""
        note = self.notes.get(key)
        tally = self.tally_of(note.stance) if note is not None and note.own else None
        if note is None or tally is None or seen_at < note.at or not tally.report(key, interactions):
            return False
        note.reported = interactions
        self._changed[key] = None
        return True

    def reword(self, key: int, text: str, edited_at: float, named: tuple[str, ...] = ()) -> bool:
        """A post has other words now. True if earlier ones were kept; what it asserts and is tied by stays."""
        note = self.notes.get(key)
        if note is None or not note.text or note.text == text or edited_at <= max(note.at, note.reworded):
            return False
        self.texts -= not text
        note.text, note.reworded, note.named = text, edited_at, named
        self._changed[key] = None
        return True

    def remove(self, key: int) -> Note | None:
        """A post is gone from its platform: it leaves the counts, and its words are quoted no more."""
        note = self.notes.pop(key, None)
        if note is None:
            return None
        self._handles = None  # a name leaves with the post
        gone = Gone(key, note.target, note.stance, note.tokens if note.own else (), note.parts)
        self.gone.append(gone)
        self._left.append(gone)
        left = self.accounts[note.account] - 1
        if left:
            self.accounts[note.account] = left
        else:
            del self.accounts[note.account]
        self._discount(note)
        self.places.pop(note.representative(self.frame.number), None)
        self.texts -= bool(note.text)
        if len(note.parts) > 1:
            left = self._bridges[note.parts] - 1
            if left:
                self._bridges[note.parts] = left
            else:
                del self._bridges[note.parts]
        if self.frame.claim == key:
            self.frame.claim = self._choose_claim()
        self.fresh = [member for member in self.fresh if member.uid != note.uid]
        self._changed.pop(key, None)
        return note

    def _choose_claim(self) -> int:
        quotable = [note for note in self.notes.values() if note.text]
        asserting = [note for note in quotable if note.stance == "asserts"]
        return next((note.key for note in asserting or quotable), 0)

    def _count(self, note: Note) -> None:
        self.notes[note.key] = note
        self._list_handle(note)
        self.accounts[note.account] = self.accounts.get(note.account, 0) + 1
        self.texts += bool(note.text)
        if note.place:
            self.places[note.representative(self.frame.number)] = note.key
        if len(note.parts) > 1:
            self._bridges[note.parts] = self._bridges.get(note.parts, 0) + 1
        tally = self.tally_of(note.stance)
        if tally is None:
            return
        self._origins_of(note.stance).add(note.tokens, note.account, note.at, note.uid, note.handle, note.doubt)
        if note.stance == "asserts":
            self.kinds[note.tie] = self.kinds.get(note.tie, 0) + 1
        if note.passes:
            tally.pass_on(note.account, note.passes)
        if note.reported:
            tally.report(note.key, note.reported)

    def _origins_of(self, stance: StanceLabel) -> Origins:
        if stance == "asserts":
            return self.asserted
        if self.denied is None:
            self.denied = Origins()
        return self.denied

    def _discount(self, note: Note) -> None:
        tally = self.tally_of(note.stance)
        if tally is None:
            return
        if note.stance == "asserts":
            self.kinds[note.tie] -= 1
        if note.passes:
            tally.take_back(note.account, note.passes)
        tally.forget(note.key)
        origins = self._origins_of(note.stance)
        if not origins.remove(note.tokens, note.account, note.uid, leaves_ties=note.own):
            anew = grouped(
                (gone.tokens for gone in self.gone if gone.tokens and gone.stance == note.stance),
                (
                    (left.tokens, left.account, left.at, left.uid, left.handle, left.doubt)
                    for left in self.notes.values()
                    if left.stance == note.stance
                ),
            )
            if note.stance == "asserts":
                self.asserted = anew
            else:
                self.denied = anew

    def accounts_behind(self, token: int) -> tuple[int, ...]:
        """The accounts that posted in it of which this is passed on by hand; the first time in linear time."""
        if self._handles is None:
            self._handles = {}
            for note in self.notes.values():
                self._list_handle(note)
        return tuple(sorted(self._handles.get(token, ())))

    def _list_handle(self, note: Note) -> None:
        if self._handles is not None:
            self._handles.setdefault(note.by_hand(), set()).add(note.account)

    def _tie_by_hand(self, note: Note) -> None:
        """Who passes on an account by hand and what that posts have one origin, if they came in two stories, too."""
        if self.tally_of(note.stance) is None:
            return
        tokens = [token for token in (note.by_hand(),) if note.speaks and self.ties_by(token, note.stance)]
        for token in note.tokens[1:]:
            if token & 7 == _POST:
                tokens += map(account_token, self.accounts_behind(token))
        new = tuple(token for token in tokens if token not in note.tokens)
        if new:
            note.tokens += new
            self._origins_of(note.stance).tie_in(note.tokens[0], new)

    def ties_by(self, token: int, stance: StanceLabel) -> bool:
        """Whether a post of this stance has, or had, this token."""
        if stance == "asserts":
            return token in self.asserted
        return stance == "denies" and self.denied is not None and token in self.denied

    # Accounts in step

    def asserting(self) -> set[int]:
        """The accounts that assert it in posts of their own."""
        return {note.account for note in self.notes.values() if note.stance == "asserts" and note.own}

    def couple(self, pairs: Iterable[tuple[int, int, int]]) -> None:
        """What two accounts of a pair say has one origin: (account, account, id of the pair)."""
        wanted: dict[int, list[int]] = {}
        leader: dict[int, int] = {}
        for one, other, pair in pairs:  # as many as it takes to hold them together, of all that there are
            if _leader(leader, one) != _leader(leader, other):
                leader[_leader(leader, one)] = _leader(leader, other)
                for account in (one, other):
                    wanted.setdefault(account, []).append(pair_token(pair))
        if not wanted:
            return
        first: dict[int, Note] = {}
        known: dict[int, set[int]] = {}
        for note in self.notes.values():
            if note.account in wanted and note.stance == "asserts" and note.speaks:
                first.setdefault(note.account, note)
                known.setdefault(note.account, set()).update(note.tokens)
        for account, note in first.items():
            new = tuple(token for token in wanted[account] if token not in known[account])
            if new:
                note.tokens += new
                self._changed[note.key] = None
                self.asserted.tie_in(note.tokens[0], new)

    # Merging and parting

    def takes(self, other: Story) -> bool:
        """Whether it may take up another story. Not one that names other places and events: who shows a picture of
        one beside the words of the other makes them no more the same.
        """
        frame, theirs = self.frame, other.frame
        if len(frame.taken) + len(theirs.taken) >= MOST_PARTS or max(frame.parted, theirs.parted) >= _MOST_PARTED:
            return False
        here, there = self._named_first(), other._named_first()
        return not here or not there or not here.isdisjoint(there)

    def _named_first(self) -> set[str]:
        """What the first of its texts name: a story may have 100,000 posts, and this is asked often."""
        first = (self.notes[key] for key in islice(self.places.values(), _NAMED_IN))
        return {name for note in first if note.stance == "asserts" for name in note.named}

    def absorb(self, other: Story, why: str) -> None:
        """Take up another story as a part of this one. `why` is shown of each of its posts. The other is left as it was
        but for its notes, which are this one's now.
        """
        frame, theirs = self.frame, other.frame
        self.fresh = [one for one in self.fresh if one.tie != "left" or digest(one.uid) not in other.notes]
        for note in other.notes.values():
            note.parts = note.parts or (theirs.number,)
            tally = self.tally_of(note.stance)
            if note.passes and tally is not None and not tally.counts(note.account):
                note.passes = 0  # it has passed this story on already
            self._count(note)
            self._changed[note.key] = None
            self.fresh.append(note.member(why))
            self._quote(note)
        for note in other.notes.values():
            self._tie_by_hand(note)
        for gone in other.gone:
            gone.parts = gone.parts or (theirs.number,)
            self.gone.append(gone)
            self._left.append(gone)
            if gone.tokens and self.tally_of(gone.stance) is not None:
                self._origins_of(gone.stance).tie(gone.tokens)
        frame.born, frame.last_at = min(frame.born, theirs.born), max(frame.last_at, theirs.last_at)
        frame.told = frame.told or theirs.told
        files = dict(zip(theirs.rows, theirs.files, strict=False))
        for row in theirs.rows:
            if row not in frame.rows:
                frame.rows.append(row)
                frame.files.append(files.get(row, ""))
        frame.taken = {**frame.taken, theirs.number: msgspec.structs.replace(theirs, taken={}), **theirs.taken}

    def loose(self) -> list[tuple[int, ...]]:
        """Its parts that nothing ties to the one it is numbered by, in groups that are tied together, each sorted."""
        left = {self.frame.number, *self.frame.taken}
        groups: list[tuple[int, ...]] = []
        while left:
            group = {min(left)}
            while True:
                tied = {part for parts in self._bridges if not group.isdisjoint(parts) for part in parts}
                if tied <= group:
                    break
                group |= tied
            left -= group
            groups.append(tuple(sorted(group)))
        return [group for group in groups if self.frame.number not in group]

    def part_with(self, group: Collection[int], shown: Collection[int]) -> tuple[Story, Story | None]:
        """Itself without these parts, and what they are: a story of its own, None where nothing is left of it.

        `shown`: the pictures that posts of the other parts brought. The story itself is not to be used any more.
        """
        frame = self.frame
        leaving = {key: note for key, note in self.notes.items() if note.parts and note.parts[0] in group}
        if not leaving:
            return self, None
        other = _headed(frame, group)
        number, told_until = other.number, other.last_at
        for note in leaving.values():
            note.parts = () if note.parts == (number,) else note.parts
        with_it = [gone for gone in self.gone if not set(gone.parts).isdisjoint(group)]
        staying = [gone for gone in self.gone if not gone.parts or not set(gone.parts) <= set(group)]
        split = Story(other, leaving.values(), [_in_story(gone, number) for gone in with_it])
        other.claim = split._choose_claim() if other.claim not in split.notes else other.claim
        other.last_at = max(note.at for note in leaving.values())
        frame.run = other.run = -1  # who of those left does things in step is to be looked for anew
        frame.in_step = other.in_step = None
        if other.told:
            new = (note for note in leaving.values() if note.parts or note.at >= told_until)
            split.fresh = [note.member(_STANDS) for note in new]
        split._changed, split._left = dict.fromkeys(split.notes), list(split.gone)
        fresh = [member for member in self.fresh if digest(member.uid) not in leaving]
        kept = Story(frame, [note for key, note in self.notes.items() if key not in leaving], staying)
        frame.claim = kept._choose_claim() if frame.claim not in kept.notes else frame.claim
        pictures = zip(frame.rows, frame.files, strict=False)
        held = [(row, file) for row, file in pictures if row not in other.rows or row in shown]
        frame.rows, frame.files = [row for row, _ in held], [file for _, file in held]
        kept.fresh = [*fresh, *(msgspec.structs.replace(note.member(_STANDS), tie="left") for note in leaving.values())]
        kept._changed = {key: None for key in self._changed if key in kept.notes}
        kept._left = self._left
        return kept, split

    # Saving

    @property
    def all_is_new(self) -> bool:
        """Whether what `saved_changes` would give is the whole story."""
        if len(self._changed) != len(self.notes) or len(self._left) != len(self.gone):
            return False
        return list(self._changed) == list(self.notes)  # in the order in which it is to be read

    def whole(self) -> bytes:
        return _encoder.encode((self.frame, list(self.notes.values()), self.gone))

    def saved_changes(self) -> bytes:
        """What is new since this was last asked: the frame, the posts that came or changed, the posts that went."""
        changed = [self.notes[key] for key in self._changed]
        body = _encoder.encode((self.frame, changed, self._left))
        self._changed = {}
        self._left = []
        return body


def read(bodies: Iterable[bytes]) -> Story:
    """A story from what was saved of it, in order."""
    notes: dict[int, Note] = {}
    frame: Frame | None = None
    gone: list[Gone] = []
    for body in bodies:
        frame, changed, left = _decoder.decode(body)
        for note in changed:
            notes[note.key] = note
        for one in left:
            notes.pop(one.key, None)
        gone += left
    assert frame is not None, "a story was saved without a body"
    return Story(frame, notes.values(), gone)


def read_text(body: bytes, representative: int) -> Note | None:
    """The note of a saved story's representative, without bringing it into working form."""
    frame, notes, _ = _decoder.decode(body)
    place = representative & (1 << PLACE_BITS) - 1
    found = (note for note in notes if note.place == place and note.representative(frame.number) == representative)
    return next(found, None)


def _leader(leader: dict[int, int], account: int) -> int:
    while account in leader:
        above = leader[account]
        leader[account] = leader.get(above, above)
        account = above
    return account


def _headed(frame: Frame, group: Collection[int]) -> Frame:
    """Frames of parts, taken out of a story's and put under the oldest of them."""
    oldest, *others = sorted(group)
    taken = {number: frame.taken[number] for number in others}
    frame.parted += 1
    head = msgspec.structs.replace(frame.taken[oldest], taken=taken, parted=frame.parted)
    frame.taken = {number: one for number, one in frame.taken.items() if number not in group}
    for one in taken.values():
        files = dict(zip(one.rows, one.files, strict=False))
        new = [row for row in one.rows if row not in head.rows]
        head.rows, head.files = [*head.rows, *new], [*head.files, *(files.get(row, "") for row in new)]
    return head


def _in_story(gone: Gone, number: int) -> Gone:
    parts = tuple(part for part in gone.parts if part >= number)
    return msgspec.structs.replace(gone, parts=() if parts == (number,) else parts)
