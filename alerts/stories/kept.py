"""What a story keeps of each post, of those that are gone, and of itself: the form in which it is saved."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alerts.lives.life import AlertState
from alerts.origins.in_step import InStep
from alerts.stories.tokens import account_token, by_hand_token, post_token
from secondsource.contracts.messages import Corroboration, Member, Spread, StanceLabel, Tie

#: A representative text is known by the number of its part and its place among that part's texts.
PLACE_BITS = 8


class Note(msgspec.Struct, array_like=True, gc=False):
    """What a story keeps of one post. Times in seconds since 1970; keys are digests of uids.

    `target`: the post it reposts, quotes or answers. `tokens`: what it may have in common with others; the first stands
    for the post itself (for a repost, for its original). `passes`: the post whose spread it adds to. `reported`: its
    platform's count of interactions. `place`: its place among the story's representatives + 1 (0: it is none) with the
    `bands` of its sketch. `text` is kept for representatives and the first few posts only; `reworded`: when it was last
    replaced by an edit, or came as one (0: never); `named`: ids of the places and events in it, kept where it is.
    `parts`: the parts of its story that it ties together, its own first; () for the one that the story is numbered by.
    `evidence`: of the first post only, as the story may be told of much later.
    """

    uid: str
    key: int
    account: int
    handle: str
    at: float
    stance: StanceLabel
    tie: Tie
    to: str
    target: int
    tokens: tuple[int, ...]
    passes: int = 0
    reported: int = 0
    place: int = 0
    bands: tuple[int, ...] = ()
    text: str = ""
    reworded: float = 0.0
    doubt: int = 0
    named: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()
    evidence: str = ""

    def representative(self, story: int) -> int:
        """What its text is known by in a story of this number; 0 if it represents nothing."""
        return self.part(story) << PLACE_BITS | self.place if self.place else 0

    def part(self, story: int) -> int:
        """The number of the part of a story of this number that it is in first."""
        return self.parts[0] if self.parts else story

    @property
    def own(self) -> bool:
        """Whether its words are its author's: it is no repost."""
        return self.tokens[0] == post_token(self.key)

    @property
    def speaks(self) -> bool:
        """Whether its author says something in it: it neither reposts nor quotes another of its story."""
        return account_token(self.account) in self.tokens

    def by_hand(self) -> int:
        """What those have in common who pass on its author by hand."""
        return by_hand_token(self.uid.partition(":")[0], self.handle)

    def member(self, evidence: str = "") -> Member:
        return Member(uid=self.uid, stance=self.stance, tie=self.tie, to=self.to, evidence=evidence)


class Gone(msgspec.Struct, array_like=True, gc=False):
    """What is left of a post that was taken down: that it tied others together, and that others may still name it."""

    key: int
    target: int
    stance: StanceLabel
    tokens: tuple[int, ...]
    parts: tuple[int, ...] = ()


class Frame(msgspec.Struct, array_like=True):
    """What a story is, besides its posts.

    `born` is when its first post was made, as far as its platform can be believed; `claim` the key of the post that
    is quoted (0: none is left). `exacts` are its texts, with the representative each belongs to; `links` its pages,
    with the post that brought each; `sayings` the words that lead to it, `sayers` the keys of the posts they are of;
    `rows` its pictures, `files` the file by which it showed each first, "" where that is the one that stands for it.
    `told`: it is worth telling of; `shown`: a first update was sent. `as_of`, `state` and `spread` are as of the last
    change.

    `in_step`: accounts of it that do things in step, as was found when it had `coupled` posts and the watch had been
    looked through `run` times. `taken` are the frames of the stories it took up, by number, as they were then; what
    leads to them (`exacts`, `links`, `rows`, `places`) is kept up to date in them. `parted`: how often it was parted.
    `unread`: a model of meanings was not asked about its first text, as it had been about enough in that minute.
    """

    number: int
    opened_at: float
    born: float
    last_at: float
    first_uid: str
    first_account: int
    claim: int = 0
    version: int = 0
    places: int = 0
    exacts: list[tuple[int, int]] = []
    links: list[tuple[int, str]] = []
    rows: list[int] = []
    sayings: tuple[tuple[str, ...], ...] = ()
    sayers: tuple[int, ...] = ()
    told: bool = False
    shown: bool = False
    as_of: float = 0.0
    state: Corroboration = "none"
    spread: Spread | None = None
    alert: AlertState | None = None
    files: list[str] = []
    taken: dict[int, Frame] = {}
    parted: int = 0
    run: int = 0
    coupled: int = 0
    in_step: InStep | None = None
    opened_by_denial: bool = False
    unread: bool = False

    def part(self, number: int) -> Frame:
        """The frame of a part."""
        return self.taken.get(number, self)

    def parts(self) -> Iterator[Frame]:
        yield self
        yield from self.taken.values()
