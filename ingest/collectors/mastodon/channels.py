"""What a run knows of each instance and of each hashtag on it, and what it asks next. Times are monotonic seconds."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from ingest.collectors.mastodon.asking import About, Asker
from ingest.collectors.mastodon.pace import Growing, Pace
from ingest.collectors.mastodon.settings import host_of
from ingest.collectors.mastodon.statuses import Place
from ingest.collectors.mastodon.stream import TagStream
from ingest.formats.reading import EPOCH

PAGE: Final = 40  #: statuses a page, the most Mastodon gives
_MARKS_EVERY: Final = timedelta(seconds=60)


class Question(NamedTuple):
    """`about` asks who the instance is, `page` for what is newer than `after`, `again` from further back.

    `authorised`: with the instance's token.
    """

    instance: Followed
    kind: Literal["about", "page", "again"]
    channel: Channel | None = None
    after: str = ""
    authorised: bool = False

    @property
    def url(self) -> str:
        base = self.instance.base_url
        if self.channel is None:
            return f"{base}{self.instance.about_path}"
        after = f"&min_id={quote(self.after, safe='')}" if self.after else ""
        return f"{base}/api/v1/timelines/tag/{quote(self.channel.tag, safe='')}?limit={PAGE}{after}"

    @property
    def headers(self) -> dict[str, str]:
        said = {"Accept": "application/json"}
        return said | ({"Authorization": f"Bearer {self.instance.token}"} if self.authorised else {})


class Followed:
    """One instance. `about` is None until it has answered; `busy` while it is being asked."""

    def __init__(self, base_url: str, token: str, requests: int, random: Random) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = host_of(base_url)
        self.token = token
        self.about: About | None = None
        self.about_path = "/api/v2/instance"
        self.pace = Pace(requests)
        self.growing = Growing(2.0, 300.0, random)
        self.asker: Asker[Question] | None = None
        self.busy = False

    @property
    def domain(self) -> str:
        return self.about.domain if self.about else self.host


class Channel:
    """One hashtag on one instance.

    `newest` is the id up to which everything was taken; `good`: it is being followed, `reason` why it is not;
    `held`: it was followed before without a hole, so that what was missed is asked for by id; `ok_at`: until when
    it was seen. `opened_at`: since when its stream is open; `live`: and nothing before the stream is missing.
    """

    def __init__(self, instance: Followed, tag: str, newest: str, earlier: str, random: Random) -> None:
        self.instance, self.tag = instance, tag
        self.newest = newest
        self._marks: deque[tuple[datetime, str]] = deque(maxlen=1000)
        if earlier:
            self._marks.append((EPOCH, earlier))
        self.held = bool(newest)
        self.good = False
        self.reason = ""
        self.misses = 0
        self.ok_at: datetime | None = None
        self.due = 0.0
        self.again_at = 0.0
        self.again_from = ""
        self.missed = 0
        self.stream: TagStream | None = None
        self.stream_key = 0
        self.opened_at: datetime | None = None
        self.opened_mono = 0.0
        self.live = False
        self.redial_at = 0.0
        self.redial = Growing(1.0, 300.0, random)

    @property
    def name(self) -> str:
        return channel_name(self.instance.base_url, self.tag)

    def place(self, how: str) -> Place:
        one = self.instance
        return Place(one.host, one.domain, one.base_url, f"mastodon {how} {one.host} #{self.tag}")

    def move(self, id_: str, at: datetime) -> None:
        """Everything up to this id has been taken."""
        self.newest = later(self.newest, id_)
        if self.newest:
            self.mark(self.newest, at)

    def mark(self, id_: str, at: datetime) -> None:
        """The newest id of a time, to begin from when what came late is looked for."""
        if not self._marks or at - self._marks[-1][0] >= _MARKS_EVERY:
            self._marks.append((at, id_))

    def earlier(self, at: datetime) -> str:
        """The newest id of a time before `at`, or the earliest that is remembered."""
        while len(self._marks) > 1 and self._marks[1][0] <= at:
            self._marks.popleft()
        return self._marks[0][1] if self._marks else ""


def channel_name(base_url: str, tag: str) -> str:
    return f"{base_url.rstrip('/')} {tag}"


def later(one: str, other: str) -> str:
    """The id that stands later: ids are numbers, or texts that sort by time."""
    return max(one, other, key=lambda id_: (len(id_), id_))


class _Error(msgspec.Struct):
    error: str = ""


def error_in(body: bytes) -> str:
    """What an instance says is wrong, to be put behind what it answered."""
    try:
        said = msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return f": {said[:120]}" if said else ""
