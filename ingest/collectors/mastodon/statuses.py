"""From what an instance shows to what is sent: whose a status is, whether it is new, and what is taken back."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from ingest.collectors.mastodon.memory import Sent
from ingest.formats.mastodon import MappedStatus, Terms, to_posts
from ingest.matching import Matcher
from ingest.ports import Known
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Message, Post, Takedown
from secondsource.contracts.stage import Rejected

log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a status was met: the instance's host, its accounts' domain and address, and a name for people."""

    host: str
    domain: str
    base_url: str
    source: str


class Statuses:
    """`messages` and `rejected` gather until they are drained.

    `begun_at` is when this run began, `resumed`: it goes on from where another one stopped.
    """

    def __init__(
        self,
        collector: str,
        matcher: Matcher,
        known: Known,
        seen: Counter[str],
        *,
        remembered: int,
        searchable_only: bool,
        begun_at: datetime,
        resumed: bool,
    ) -> None:
        self.messages: list[Message] = []
        self.rejected: list[Rejected] = []
        self.sent = Sent(collector, remembered)
        self._collector, self._matcher, self._known, self._seen = collector, matcher, known, seen
        self._searchable_only = searchable_only
        self._begun_at, self._resumed = begun_at, resumed

    def drained(self) -> tuple[list[Message], list[Rejected]]:
        drained = self.messages, self.rejected
        self.messages, self.rejected = [], []
        return drained

    def came(self, body: bytes, at: datetime, place: Place, *, since: datetime | None = None) -> Post | None:
        """Sends what a status has of news. Returns the post where it is new. None older than `since` is taken."""
        try:
            mapped = to_posts(body, self._terms(place, at))
        except BadRecord as error:
            self.reject(body, place.source, str(error))
            return None
        if mapped.hidden:
            self._hidden(mapped, at)
            return None
        main = mapped.posts[-1][1]
        if since is not None and main.created_at < since:
            return None
        watches = self._matcher.watches(main, mapped.context)
        watches = tuple(dict.fromkeys((*self.sent.watches(mapped.uid), *watches)))
        if not watches:
            self._seen["nobody's"] += 1
            return None
        new = main.uid not in self.sent
        for id_, post in mapped.posts:
            edited_at = mapped.edited_at if post is main else None
            named = msgspec.structs.replace(post, watches=watches)
            self._count(post.uid in self.sent, self.sent.seen(place.host, id_, named, edited_at))
        return main if new else None

    def reject(self, body: bytes, source: str, reason: str) -> None:
        self._seen["rejected"] += 1
        self.rejected.append(Rejected(body, source, reason))

    def recall(self, page: Sequence[bytes], at: datetime, place: Place) -> None:
        """Remember those of a page that a run before this one has sent, as far as the store tells.

        One that was edited is sent once more: whether that run had looked at it since then is not known.
        """
        if not self._resumed:
            return
        uids: list[str] = []
        for body in page:
            try:
                mapped = to_posts(body, self._terms(place, at))
            except BadRecord:
                continue  # it is rejected when its turn comes
            uids += [
                post.uid for _, post in mapped.posts if post.created_at < self._begun_at and post.uid not in self.sent
            ]
        if not uids:
            return
        try:
            stored = self._known.posts(uids)
        except SourceAway as error:
            log.warning("mastodon: posts may be sent once more: %s", error)
            return
        for uid, watches in stored.items():
            self.sent.stored(uid, watches)

    def deleted(self, host: str, id_: str, at: datetime) -> None:
        """An instance says only its own id of what is gone: known of what came from it while this process ran."""
        uid = self.sent.uid(host, id_)
        if not uid:
            self._seen["unknown deletes"] += 1
            log.info("mastodon: %s deletes %s, which did not come from it", host, id_[:40])
            return
        self._take_down(self.sent.gone(uid, at, f"deleted, says {host}"))

    def _hidden(self, mapped: MappedStatus, at: datetime) -> None:
        """What may not be collected; where it was, it is taken back."""
        self._seen["hidden"] += 1
        self._take_down(self.sent.gone(mapped.uid, at, f"now {mapped.hidden}"))
        if mapped.hidden != "account suspended":
            return
        try:
            stored = self._known.of_accounts([mapped.author])
        except SourceAway as error:
            log.warning("mastodon: posts of a suspended account stay until they are asked for again: %s", error)
            return
        for uid, watches in stored.items():
            if uid not in self.sent:
                self.sent.stored(uid, watches)
            self._take_down(self.sent.gone(uid, at, mapped.hidden))

    def _take_down(self, taken: Sequence[Takedown]) -> None:
        self._seen["deleted"] += len(taken)
        self.messages.extend(taken)

    def _count(self, known: bool, message: Message | None) -> None:
        if message is None:
            self._seen["copies"] += 1
            return
        what = "counts" if not isinstance(message, Post) else "edits" if known else "posts"
        self._seen[what] += 1
        self.messages.append(message)

    def _terms(self, place: Place, at: datetime) -> Terms:
        return Terms(
            self._collector,
            at,
            place.domain,
            place.base_url,
            self._searchable_only,
            lambda id_: self.sent.uid(place.host, id_),
        )


def look_back(begun_at: datetime, hours: float) -> datetime:
    """From when on a hashtag is read that was not followed before."""
    return begun_at - timedelta(hours=hours)
