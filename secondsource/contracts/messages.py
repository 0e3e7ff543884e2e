"""What travels on the topics. One JSON object a message, told apart by its `type`.

All times are UTC with zone. A uid is `platform:id` ("x:1900000000000000001"), for posts and accounts alike.
Unknown fields are ignored on reading, so that a newer writer does not break an older reader.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec

from secondsource.contracts.characters import HALF, replaced
from secondsource.contracts.errors import BadRecord


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all values here: immutable, compared by value, defaults left out on the wire.

    msgspec hands down `omit_defaults` and `gc`, but wants `frozen` and `kw_only` said by each. None of them can be
    part of a cycle, so the garbage collector need not walk them: with a million alive that is a third of the time.
    """


LONGEST_ID = 500  #: characters of a uid, at most; what every database can find a row by
#: Followers, or acts of one kind. Nobody has more: what a platform says beyond is a mistake of its own.
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class Account(Struct, frozen=True, kw_only=True):
    uid: str
    handle: str
    name: str = ""
    followers: Count | None = None
    created_at: datetime | None = None


class Counts(Struct, frozen=True, kw_only=True):
    """Interactions with a post as its platform reports them; None where it does not say."""

    reposts: Count | None = None
    quotes: Count | None = None
    replies: Count | None = None
    likes: Count | None = None
    views: Count | None = None

    def interactions(self) -> int:
        """Acts that pass a post on or answer it: reposts + quotes + replies. Likes and views do not spread."""
        return (self.reposts or 0) + (self.quotes or 0) + (self.replies or 0)


class MediaRef(Struct, frozen=True, kw_only=True):
    """A picture or video as a post names it. `url` is http(s), or file: for replays from a folder."""

    url: str
    kind: Literal["image", "video", "gif"] = "image"
    alt: str = ""


class Review(Struct, frozen=True, kw_only=True):
    """A published check of a claim (ClaimReview): what was checked, by whom, and the rating in the checker's own words.

    `score` is the rating between its own worst (0) and best (1), None where the scale is not given. Whatever it
    says, it is evidence to show with its date and address, never a verdict of ours.
    """

    claim: str
    publisher: str
    url: str
    reviewed_at: datetime | None = None
    rating: str = ""
    score: float | None = None
    appearances: tuple[str, ...] = ()


class Post(Struct, frozen=True, kw_only=True, tag="post"):
    """One message by one account on one platform.

    `created_at` is what the platform claims; `observed_at` is when our collector saw it, and is the event
    time everything downstream is ordered by. A replay sets observed_at = created_at unless the record has its own.
    `credits` are the agencies whose text an outlet says it carries; `reviews` the claims a fact-check checked.
    """

    uid: str
    platform: str
    author: Account
    text: str
    created_at: datetime
    observed_at: datetime
    collector: str
    watches: tuple[str, ...]
    url: str = ""
    repost_of: str = ""
    quote_of: str = ""
    reply_to: str = ""
    links: tuple[str, ...] = ()
    media: tuple[MediaRef, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    lang_hint: str = ""
    counts: Counts | None = None
    edit_of: str = ""
    media_notes: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()

    @property
    def root(self) -> str:
        """The post this one reposts, or itself: the key of the `posts` topic."""
        return self.repost_of or self.uid


class Engagement(Struct, frozen=True, kw_only=True, tag="engagement"):
    """A dated snapshot of one post's counts, asked for after the post was collected."""

    uid: str
    observed_at: datetime
    collector: str
    watches: tuple[str, ...]
    counts: Counts


#: How the reason of a takedown begins that says of no platform that the post is gone from it: an edited post's earlier
#: version, and what an operator took down.
EDITED: Final = "edited"
BY_HAND: Final = "taken down here"


class Takedown(Struct, frozen=True, kw_only=True, tag="takedown"):
    """A post is gone from its platform; it must leave every place we put it."""

    uid: str
    observed_at: datetime
    collector: str
    watches: tuple[str, ...]
    reason: str


class Coverage(Struct, frozen=True, kw_only=True, tag="coverage"):
    """From `start` to `end` this collector saw these watches, or was blind to them, and why."""

    collector: str
    watches: tuple[str, ...]
    start: datetime
    end: datetime
    state: Literal["seen", "blind"]
    reason: str = ""


def event_time(message: Post | Engagement | Takedown | Coverage) -> datetime:
    """What a message is ordered by: when it was observed, or up to when a collector saw or was blind."""
    return message.end if isinstance(message, Coverage) else message.observed_at


class Tick(Struct, frozen=True, kw_only=True, tag="tick"):
    """A collector's promise: everything it observed up to `at` has been sent.

    Sent to every partition. `lane` of `lanes` says which partition of `posts` the promise has come through;
    a reader that holds the ticks of all lanes knows that nothing earlier is still on its way.
    `final` takes the collector out of the reckoning: it has ended.
    """

    collector: str
    at: datetime
    lane: int = 0
    lanes: int = 1
    final: bool = False


class Language(Struct, frozen=True, kw_only=True):
    """BCP 47 primary code, or "und" where the text does not tell; `confidence` 0..1."""

    code: str
    confidence: float


class Entity(Struct, frozen=True, kw_only=True):
    """`start` and `end` are character offsets in the post's text; `id` is the canonical form to count by.

    `lat` and `lon` are a place's degrees (WGS 84), north and east positive, where they are known.
    """

    kind: Literal["person", "place", "organisation", "event", "hashtag", "mention"]
    id: str
    text: str
    start: int = 0
    end: int = 0
    lat: float | None = None
    lon: float | None = None


class Claims(Struct, frozen=True, kw_only=True):
    """What a picture's file says of itself. Whoever had the file could write any of it: to be shown, never believed.

    `taken_at` is ISO 8601 as the camera's clock stood, with an offset only where the file gives one; `latitude` and
    `longitude` are degrees (WGS 84), north and east positive. `camera` is maker and model, `software` what wrote it.

    `credentials` (C2PA): "" none; "present", there and not examined; "intact", the picture is what was signed by
    somebody whom we do not know; "trusted", by somebody on a list we were given; "broken", it is not what was signed,
    or the block cannot be read. `credentials_by` names who signed, in the signature's own words.
    """

    taken_at: str = ""
    latitude: float | None = None
    longitude: float | None = None
    camera: str = ""
    software: str = ""
    credentials: Literal["", "present", "intact", "trusted", "broken"] = ""
    credentials_by: str = ""


ReuseKind = Literal["bytes", "text", "hash", "features", "clip"]
BYTES_OF_VIEW: Final = 8 * 32
Region = tuple[float, float, float, float]  #: left, top, right, bottom in shares of a picture's sides
Transform = tuple[float, float, float, float, float, float]  #: as `Reuse` says
WHOLE: Final[Region] = (0.0, 0.0, 1.0, 1.0)
UNMOVED: Final[Transform] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class View(Struct, frozen=True, kw_only=True):
    """The whole of a picture, or a rectangle in it that may be a picture of its own: what a border, bars, or an app's
    page enclose, or a tile of a collage.

    `codes`: 8 × 32 bytes, its PDQ hashes in the
    orientations of `contracts.reuse.TURNS`, as it is first. `quality` as that of a `Picture`.
    """

    codes: bytes
    quality: int
    region: Region = WHOLE

    def __post_init__(self) -> None:
        """Raises ValueError: these are no eight hashes, or no rectangle; on reading, the message is refused for it."""
        left, top, right, bottom = self.region
        if len(self.codes) != BYTES_OF_VIEW:
            msg = f"expected {BYTES_OF_VIEW} bytes of hashes; got {len(self.codes)}"
            raise ValueError(msg)
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            msg = f"expected a region as left, top, right, bottom within 0..1; got {self.region}"
            raise ValueError(msg)


class Picture(Struct, frozen=True, kw_only=True):
    """One media reference after fetching. `id` is the SHA-256 of the bytes, or of the URL where there are none.

    `pdq` is 64 hex digits, empty where there is no usable fingerprint; `quality` 0..100 (PDQ, §4 of its paper:
    under 50 a picture is too flat to match on; under 70 there is something to be seen in few places only, and fewer
    bits may differ: `contracts.reuse.same_bits`).

    An animation or video gives several: its first frame has the file's `id` and `frame` 0; a later one is picture
    `frame_id(of, frame)` of its own, shown `at_seconds` after the beginning of the file `of`.

    `text` is what can be read in it (at most 1,000 characters, by OCR, with its errors), `words` that text's sketch.
    `quality` is PDQ's, 0 to 100; under 50 for a card of text as well, whose hash tells it from no other card.
    `found` are pictures of the archive that are seen in it, found by their features. `views`: the whole, then what it
    encloses, the largest first; of these, what is not too flat.
    """

    id: str
    url: str
    state: Literal["fingerprinted", "unavailable", "refused"]
    reason: str = ""
    pdq: Annotated[str, msgspec.Meta(pattern="^([0-9a-fA-F]{64})?$")] = ""
    quality: int = 0
    width: int = 0
    height: int = 0
    kind: str = "image"
    frame: int = 0
    at_seconds: float = 0.0
    of: str = ""
    claims: Claims | None = None
    text: str = ""
    words: Sketch | None = None
    found: tuple[Reuse, ...] = ()
    views: tuple[View, ...] = ()


def frame_id(file: str, frame: int) -> str:
    """The `Picture.id` of a frame of the file whose SHA-256 is `file`: the file's own for the first one."""
    return sha256(f"{file}#{frame}".encode("ascii")).hexdigest() if frame else file


class Reuse(Struct, frozen=True, kw_only=True):
    """Another picture, `picture`, that is seen in this one.

    `kind`: the same "bytes"; the same "text", of cards of text; "hash", with `distance` in bits of 256; "features",
    with so many `inliers`; "clip", where both are clips, with `seconds`: stretches of this one and of the other (from,
    to, from, to) that show the same, and in `inliers` how many moments agree. `region` is the part of the other that
    is seen here. `transform` a b c d e f takes a place (x, y) of the other to (ax + by + c, dx + ey + f) of this one,
    both in shares of width and height. `confidence` 0..1; of a text, how much of the longer one both have.
    """

    picture: str
    kind: ReuseKind
    distance: int = 0
    inliers: int = 0
    confidence: float = 1.0
    region: Region = WHOLE
    transform: Transform = UNMOVED
    seconds: tuple[tuple[float, float, float, float], ...] = ()


class Sketch(Struct, frozen=True, kw_only=True):
    """What near-copies of a text have in common.

    `exact` is a digest of the normalised text ("" for an empty one), `bands` are its anchors, which a part of it has as
    well (none for short texts, which need more than text to match), `words` how many words it has.
    """

    exact: str
    bands: tuple[int, ...] = ()
    words: int = 0


StanceLabel = Literal["asserts", "denies", "asks", "comments"]


class Stance(Struct, frozen=True, kw_only=True):
    """How a post takes what it speaks of. `cue` is the words that told, as found.

    A post that reports with attribution asserts, on somebody's word: `attributed_to` is whom it names ("the UN"), as
    written. `hedged`: it asserts with reserve ("had received reports", "reportedly"). `disowns`: what it says that this
    is not ("This is not Aleppo"), folded and without blanks, as far as it may be one name: ("aleppo", "aleppobut").
    Whether that denies anything depends on what is watched.
    """

    label: StanceLabel
    cue: str = ""
    hedged: bool = False
    attributed_to: str = ""
    disowns: tuple[str, ...] = ()


class Enriched(Struct, frozen=True, kw_only=True, tag="enriched"):
    """A post with its tags, once for each watch it belongs to; `watch` is the key of the `enriched` topic."""

    watch: str
    post: Post
    language: Language
    entities: tuple[Entity, ...] = ()
    pictures: tuple[Picture, ...] = ()
    sketch: Sketch
    stance: Stance


class DeadLetter(Struct, frozen=True, kw_only=True, tag="dead-letter"):
    """A record that could not be handled, with all that is needed to send it again.

    `source` is where it came from ("topic posts/3@1871", "replay posts.tsv:42"); `target` where it goes when
    sent again: a topic, or "collector:NAME" for a record that has not been mapped to a Post yet.
    """

    id: str
    stage: str
    source: str
    target: str
    reason: str
    body: bytes
    at: datetime
    key: str = ""


Corroboration = Literal["none", "single-origin", "multi-origin", "contested", "unknown"]
#: "left": it was in this story, and is in another now.
Tie = Literal["first", "repost", "quote", "reply", "text", "media", "link", "words", "meaning", "left"]


class Member(Struct, frozen=True, kw_only=True):
    """One post in one story: its stance, and what ties it to which earlier post of the story."""

    uid: str
    stance: StanceLabel
    tie: Tie
    to: str = ""
    evidence: str = ""


class Merge(Struct, frozen=True, kw_only=True):
    """What holds the posts of an origin together: how many ties of a kind, what one shows, and how sure it is, 0..1."""

    kind: str
    ties: int
    confidence: float
    evidence: str


class Origin(Struct, frozen=True, kw_only=True):
    """The posts of a story that trace back to one source. `weight` is its share in N_eff, 0..1."""

    first_uid: str
    first_handle: str
    first_at: datetime
    posts: int
    accounts: int
    weight: float = 1.0
    merges: tuple[Merge, ...] = ()


class Forecast(Struct, frozen=True, kw_only=True):
    """How many interactions a story will have at the age `at_seconds`: the middle, and an interval that holds 80 %."""

    at_seconds: float
    low: float
    middle: float
    high: float


class Spread(Struct, frozen=True, kw_only=True):
    """How far a story has gone against what its watch leads to expect at its age.

    `interactions` x, `expected` E and `surprise` P(X ≥ x | E, φ), the negative-binomial tail; `history` is how
    many earlier stories E rests on. `state` says whether there was enough of it. `forecast` is for twice the age; None
    for stories below the watch's floor. `baseline` is the version of the stored baselines that E rests on besides, 0
    for none. `passed_on` and `answered`: of the interactions that platforms report, reposts with quotes, and replies.
    """

    interactions: int
    age_seconds: float
    state: Literal["measured", "insufficient data"]
    expected: float = 0.0
    dispersion: float = 0.0
    surprise: float = 1.0
    history: int = 0
    forecast: Forecast | None = None
    baseline: int = 0
    passed_on: int = 0
    answered: int | None = None


SeenIn = Literal["post", "feed", "fact-check", "archive"]


class Earlier(Struct, frozen=True, kw_only=True):
    """An earlier sighting of a picture: when, where, who, the words it carried then. `distance` in bits of 256.

    `dated_by` says what tells the date where it is not a post's own: "importer", "exif" or "file name", and after a
    comma how much of it is given ("day", "month", "year"); `seen_at` is then the end of that.

    `seen_in` is the kind of source: a "post", an outlet's "feed", a "fact-check", an imported "archive". `named` are
    the canonical ids of places and events that the words of then name. `kind`, `inliers`, `confidence`, `region`,
    `transform` and `seconds` say how the pictures match, as in `Reuse`: the other picture is the earlier one. `shown`
    is the id of the picture that was asked about, "" where it is not known.
    """

    picture: str
    seen_at: datetime
    source: str
    handle: str
    caption: str
    distance: int = 0
    url: str = ""
    dated_by: str = ""
    seen_in: SeenIn = "post"
    named: tuple[str, ...] = ()
    kind: ReuseKind = "hash"
    inliers: int = 0
    confidence: float = 1.0
    region: Region = WHOLE
    transform: Transform = UNMOVED
    shown: str = ""
    seconds: tuple[tuple[float, float, float, float], ...] = ()


class StoryUpdate(Struct, frozen=True, kw_only=True, tag="story"):
    """A story as it stands at `as_of`; `version` rises with each change. `members` are those new since the last one.

    `merged_into` is the id of the older story that it goes on in, "" while it stands by itself. `claim_edited`: the
    claim was quoted in other words once, which its author changed.
    """

    id: str
    watch: str
    version: int
    opened_at: datetime
    as_of: datetime
    claim: str
    claim_uid: str
    state: Corroboration
    independent: float
    posts: int
    accounts: int
    disputes: int
    spread: Spread
    origins: tuple[Origin, ...] = ()
    members: tuple[Member, ...] = ()
    merged_into: str = ""
    claim_edited: bool = False


class Reason(Struct, frozen=True, kw_only=True):
    """One line of a finding: what was looked at, the number, and a sentence for a person."""

    name: str
    value: str
    sentence: str


class Checked(Struct, frozen=True, kw_only=True):
    """A published check of a claim like a story's: what was checked, by whom, when. Evidence; no verdict is taken over.

    `source` is the uid of the post that published it; `shared` are the beginnings of the words they have in common.
    """

    source: str
    claim: str
    publisher: str
    url: str
    published_at: datetime
    shared: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """What rules say of a story: a headline, its reasons, and what would clear it. Neutral words only.

    `rule` is the gravest rule that has held since the alert opened, `rules` all of them, it first. () in events written
    before there was more than one rule: read as `(rule,)`.
    """

    rule: str
    headline: str
    reasons: tuple[Reason, ...]
    clears: str
    earlier: tuple[Earlier, ...] = ()
    checks: tuple[Checked, ...] = ()
    rules: tuple[str, ...] = ()


AlertKind = Literal["opened", "updated", "escalated", "corroborated", "contested", "expired"]


class AlertEvent(Struct, frozen=True, kw_only=True, tag="alert"):
    """A step in an alert's life. `id` = alert id + seq is unique and the same in every replay.

    `digest`: its watch has used up the alerts of the hour, so it is to be told of in a digest and not by itself. All
    events of an alert that opened so have it, until one has it no more: an escalation for which there is room again.
    `related`: ids of the watch's latest alerts that share a picture, a link or what is named, the nearest first.
    """

    alert_id: str
    seq: int
    kind: AlertKind
    at: datetime
    watch: str
    story: StoryUpdate
    finding: Finding
    channel: str = ""
    link: str = ""
    digest: bool = False
    related: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.alert_id}#{self.seq}"


Message = Post | Engagement | Takedown | Coverage | Tick | Enriched | DeadLetter | StoryUpdate | AlertEvent

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """UTF-8 JSON, the same bytes for the same message. Half a surrogate pair, which no UTF-8 holds, becomes U+FFFD."""
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:
        return _encoder.encode(replaced(message, HALF))


def decode(body: bytes | memoryview) -> Message:
    """Inverse of `encode`.

    Raises:
        BadRecord: the bytes are not JSON, or not one of our messages.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"expected one of our messages as UTF-8 JSON: {error}"
        raise BadRecord(msg) from error
