"""Counts of Mastodon posts, asked of the instance each was written on: only that one knows all of them.

A post's name holds its instance and its id there where that is a Mastodon; of others nothing is asked. `id[]` exists
since Mastodon 4.3: an instance that does not know it is left alone for a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Protocol
from urllib.parse import urlencode

from ingest.collectors.mastodon.pace import Pace, until_reset
from ingest.collectors.mastodon.settings import host_of
from ingest.formats.mastodon import Status, counts_of, decode, home_id, page_of, uid_of
from ingest.refreshing import Asked
from ingest.surroundings import Surroundings
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Counts
from secondsource.outside.web import Answer, Limits, Web


class _Named(Protocol):
    @property
    def base_url(self) -> str: ...


class Asking(Protocol):
    """What of the collector's settings is about asking."""

    @property
    def instances(self) -> Sequence[_Named]: ...
    @property
    def counts_elsewhere(self) -> bool: ...
    @property
    def max_answer_bytes(self) -> int: ...


_DAY: Final = 86_400.0
_AWAY: Final = 60.0
_REQUESTS: Final = 50  #: in five minutes, beside what the collector asks of the same instance
_PUBLIC = frozenset({None, "public", "unlisted"})


def counter(settings: Asking, around: Surroundings) -> MastodonCounts:
    """With the collector's settings: an instance that an operator named may be one inside."""
    hosts = [host_of(one.base_url) for one in settings.instances]
    web = Web(around.clock, Limits(max_bytes=settings.max_answer_bytes), around.user_agent, private=hosts)
    return MastodonCounts(web, around.clock, only=() if settings.counts_elsewhere else hosts)


class MastodonCounts:
    """Asks anonymously. `only`: hosts that may be asked; empty for every public one.

    `web` must refuse addresses that are not public, except those an operator named: a post's name is a stranger's.
    """

    platform: ClassVar[str] = "mastodon"
    batch: ClassVar[int] = 20  #: the most ids that Mastodon takes at a time

    def __init__(self, web: Web, clock: Clock, *, only: Sequence[str] = ()) -> None:
        self._web, self._clock = web, clock
        self._only = frozenset(host.lower() for host in only)
        self._paces: dict[str, Pace] = {}
        self._not_before: dict[str, float] = {}

    def ask(self, uids: Sequence[str]) -> Asked:
        """One request an instance. A uid in neither part of the answer could not be asked for now.

        Raises:
            SourceAway: not one of the instances answered; `retry_after` where they say when.
        """
        counts: dict[str, Counts] = {}
        gone: dict[str, str] = {}
        troubles: list[SourceAway] = []
        answered = False
        for base_url, wanted in self._by_home(uids).items():
            try:
                found = self._asked(base_url, wanted)
            except SourceAway as error:
                troubles.append(error)
                continue
            if found is None:
                continue
            answered = True
            for uid in wanted.values():
                status = found.get(uid)
                if status is None:
                    gone[uid] = f"no longer shown by {base_url}"
                elif (hidden := _hidden(status)) != "":
                    gone[uid] = hidden
                else:
                    counts[uid] = counts_of(status)
        if troubles and not answered:
            waits = [error.retry_after for error in troubles if error.retry_after is not None]
            # each is left alone for as long as it asks, all others only for so long: any of them may be a stranger's
            raise SourceAway(f"mastodon: {troubles[0]}", retry_after=min([*waits, _AWAY]) if waits else None)
        return Asked(counts, gone)

    def _by_home(self, uids: Sequence[str]) -> Mapping[str, dict[str, str]]:
        """Uids by their instance's id, by base URL."""
        found: dict[str, dict[str, str]] = {}
        for uid in uids:
            home = home_id(uid)
            if home is not None and (not self._only or home[0].partition("://")[2].lower() in self._only):
                wanted = found.setdefault(home[0], {})
                if len(wanted) < self.batch:
                    wanted[home[1]] = uid
        return found

    def _asked(self, base_url: str, wanted: Mapping[str, str]) -> Mapping[str, Status] | None:
        """Statuses by uid; None where this instance is not to be asked now, or does not answer such questions."""
        now = self._clock.monotonic()
        pace = self._paces.setdefault(base_url, Pace(_REQUESTS))
        if self._not_before.get(base_url, 0.0) > now or pace.wait(now) > 0:
            return None
        pace.asked(now)
        try:
            answer = self._web.get(
                f"{base_url}/api/v1/statuses?{urlencode([('id[]', id_) for id_ in wanted])}",
                {"Accept": "application/json"},
            )
        except BadRecord:  # an address that may not be asked, or far too long an answer
            self._not_before[base_url] = now + _DAY
            return None
        self._heard(base_url, answer, now)
        if answer.status != 200:
            return None
        try:
            statuses = [decode(body) for body in page_of(answer.body)]
            return {uid_of(status): status for status in statuses}
        except BadRecord as error:
            raise SourceAway(f"{base_url}: expected statuses: {error}") from error

    def _heard(self, base_url: str, answer: Answer, now: float) -> None:
        """Raises SourceAway where it is to be asked again later."""
        wall = self._clock.now()
        self._paces[base_url].heard(answer.headers, now, wall)
        if answer.status == 429 or answer.status >= 500:
            wait = answer.retry_after(wall)
            wait = until_reset(answer.headers, wall) if wait is None and answer.status == 429 else wait
            self._not_before[base_url] = now + (60.0 if wait is None else min(wait, _DAY))
            raise SourceAway(f"{base_url}: it answered {answer.status}", retry_after=wait)
        if answer.status != 200:
            self._not_before[base_url] = now + _DAY


def _hidden(status: Status) -> str:
    """Why it must go although it is there; "" where it may stay."""
    if status.account.suspended:
        return "account suspended"
    if status.account.noindex:
        return "its author asks not to be indexed"
    return "" if status.visibility in _PUBLIC else "no longer public"
