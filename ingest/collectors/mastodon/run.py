"""One run of the Mastodon collector: what is asked and dialled next, what came of it, and what is told of coverage.

One thread decides everything (this one); threads that only ask (asking) or only read events (stream)
hand it what happened.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from queue import Empty, Queue
from threading import Event
from typing import Final, Protocol

import msgspec

from ingest.collectors.mastodon.asking import About, Asked, Asker, about, handing
from ingest.collectors.mastodon.channels import (
    PAGE,
    Channel,
    Followed,
    Question,
    channel_name,
    error_in,
    later,
)
from ingest.collectors.mastodon.pace import LONGEST, until_reset
from ingest.collectors.mastodon.settings import MastodonSettings
from ingest.collectors.mastodon.statuses import Statuses, look_back
from ingest.collectors.mastodon.stream import Came, Ended, Opened, ServerSentEvent, TagStream
from ingest.formats.mastodon import id_at, id_of, ids_tell_time, page_of, written_at
from ingest.formats.reading import EPOCH, MICROSECOND
from ingest.matching import Matcher
from ingest.sight import Sight
from ingest.surroundings import Surroundings
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Engagement, Post, Struct, Takedown, Tick
from secondsource.contracts.stage import Batch
from secondsource.outside.web import Answer, Limits, Web

log = logging.getLogger(__name__)

_LOOK_UP_SECONDS: Final = 0.2  #: how long anything blocks before `stop` is looked at
_REFUSED_SECONDS: Final = 600.0  #: until a hashtag that was refused is asked for again
_HELD_SECONDS: Final = 60.0  #: a stream that lasted this long was a good one: waits start over
_MUTE_AFTER: Final = timedelta(seconds=90)  #: a post this old should have come by the stream
_SLOW: Final = timedelta(seconds=20)  #: between what comes and its being taken, when it is said
_WAITING: Final = 64  #: happenings handed over and not yet taken
_TOO_SLOW = "what comes is taken too slowly here: nothing more is read until it has been"
_NO_HASHTAG = "Mastodon is followed by hashtag, and this watch names none"


class Standing(Struct, frozen=True, kw_only=True):
    """Where a hashtag stands on one instance: the newest id taken, and one from some time before that."""

    newest: str = ""
    earlier: str = ""


class Cursor(Struct, frozen=True, kw_only=True):
    """`at`: when it was made; places by "instance hashtag"; until when each watch was seen."""

    at: datetime | None = None
    places: Mapping[str, Standing] = {}
    good: Mapping[str, datetime] = {}


class Following(Protocol):
    """The collector whose run this is."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> MastodonSettings: ...
    @property
    def around(self) -> Surroundings: ...
    @property
    def matcher(self) -> Matcher: ...
    @property
    def tags(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def seen(self) -> Counter[str]: ...


Happening = Opened | Came | Ended | Asked[Question]


class Run:
    """One run of a collector: where each hashtag stands, and the batch being filled."""

    def __init__(self, collector: Following, begun: Cursor, stop: Event) -> None:
        self._following, self._settings, self._around = collector, collector.settings, collector.around
        self._clock, self._stop = collector.around.clock, stop
        settings, now = self._settings, self._clock.now()
        self._look_back = look_back(now, settings.look_back_hours)
        self._promised = begun.at or EPOCH
        self._queue: Queue[Happening] = Queue(_WAITING)
        self._put = handing(self._queue)
        self._statuses = Statuses(
            collector.name,
            collector.matcher,
            self._around.known,
            collector.seen,
            remembered=settings.remembered,
            searchable_only=settings.searchable_only,
            begun_at=now,
            resumed=begun.at is not None,
        )
        self._instances = [
            Followed(
                one.base_url,
                one.token.reveal().strip() if one.token else "",
                settings.requests_per_five_minutes,
                self._around.random,
            )
            for one in settings.instances
        ]
        self._of_tag: dict[str, list[Channel]] = {}
        for tag in dict.fromkeys(tag for tags in collector.tags.values() for tag in tags):
            for one in self._instances:
                place = begun.places.get(channel_name(one.base_url, tag), Standing())
                channel = Channel(one, tag, place.newest, place.earlier, self._around.random)
                self._of_tag.setdefault(tag, []).append(channel)
        self._channels = [channel for channels in self._of_tag.values() for channel in channels]
        self._sights = {
            name: Sight(collector.name, [name], self._clock, begun=begun.good.get(name)) for name in collector.tags
        }
        self._streams: dict[int, Channel] = {}
        self._dialled = 0
        self._ticked_at = self._clock.monotonic()
        self._quiet = 0
        self._behind = False

    def batches(self) -> Iterator[Batch]:
        web = Web(
            self._clock,
            Limits(max_bytes=self._settings.max_answer_bytes),
            self._around.user_agent,
            private=[instance.host for instance in self._instances],  # an operator may name one inside
        )
        try:
            for instance in self._instances:
                instance.asker = Asker(web, self._clock.now, self._put)
            for name, tags in self._following.tags.items():
                if not tags:
                    self._sights[name].lost(_NO_HASHTAG)
            while not self._stop.is_set():
                self._plan()
                happening = self._take()
                if happening is not None:
                    self._handle(happening)
                if self._full(happening):
                    yield self._batch()
        finally:
            for channel in self._channels:
                self._hang_up(channel)
            for instance in self._instances:
                if instance.asker is not None:
                    instance.asker.close()

    # --- what is to be done next

    def _plan(self) -> None:
        now = self._clock.monotonic()
        for instance in self._instances:
            if not instance.busy and instance.asker is not None and instance.pace.wait(now) <= 0:
                question = self._question(instance, now)
                if question is not None:
                    instance.busy = True
                    instance.pace.asked(now)
                    self._following.seen["requests"] += 1
                    instance.asker.ask(question, question.url, question.headers)
            self._dial(instance, now)

    def _question(self, instance: Followed, now: float) -> Question | None:
        authorised = bool(instance.token)
        if instance.about is None:
            return Question(instance, "about", authorised=authorised)
        channels = self._on(instance)
        soonest = min(channels, key=lambda channel: channel.due, default=None)
        if soonest is not None and soonest.due <= now:
            return Question(instance, "page", soonest, soonest.newest, authorised)
        for channel in channels:
            if channel.good and channel.again_at <= now:
                after = channel.again_from or channel.earlier(self._late())
                if after:
                    return Question(instance, "again", channel, after, authorised)
                channel.again_at = now + self._settings.recheck_seconds
        return None

    def _dial(self, instance: Followed, now: float) -> None:
        if not instance.token or instance.about is None or not instance.about.streaming:
            return
        for channel in self._on(instance)[: self._settings.streams]:
            if channel.stream is not None or channel.redial_at > now:
                continue
            self._dialled += 1
            self._following.seen["dials"] += 1
            self._streams[self._dialled] = channel
            channel.stream_key = self._dialled
            channel.stream = TagStream(
                self._dialled,
                f"{instance.about.streaming}/api/v1/streaming/hashtag",
                tag=channel.tag,
                headers={"Authorization": f"Bearer {instance.token}", "User-Agent": self._around.user_agent},
                stall_seconds=self._settings.stall_seconds,
                now=self._clock.now,
                put=self._put,
            )

    def _on(self, instance: Followed) -> list[Channel]:
        return [channel for channel in self._channels if channel.instance is instance]

    def _late(self) -> datetime:
        return self._clock.now() - timedelta(minutes=self._settings.late_minutes)

    def _take(self) -> Happening | None:
        """The next happening, or None after some time."""
        try:
            return self._queue.get_nowait()
        except Empty:
            pass
        if self._statuses.messages or self._statuses.rejected:
            return None
        if self._streams or any(instance.busy for instance in self._instances):
            try:
                return self._queue.get(timeout=_LOOK_UP_SECONDS)
            except Empty:
                return None
        self._clock.wait(_LOOK_UP_SECONDS, self._stop)
        return None

    # --- streams

    def _handle(self, happening: Happening) -> None:
        self._behind = self._clock.now() - happening.at >= _SLOW
        if isinstance(happening, Asked):
            self._answered(happening)
            return
        channel = self._streams.get(happening.key)
        if channel is None:
            return  # of a stream that has been given up
        if isinstance(happening, Opened):
            channel.opened_at, channel.opened_mono = happening.at, self._clock.monotonic()
            channel.due = 0.0
        elif isinstance(happening, Came):
            for event in happening.events:
                self._event(channel, event, happening.at)
            if channel.live:  # later than before, by whatever clock
                channel.ok_at = max(happening.at, (channel.ok_at or EPOCH) + MICROSECOND)
        else:
            self._ended(channel, happening)
        self._judge(channel.tag)

    def _event(self, channel: Channel, event: ServerSentEvent, at: datetime) -> None:
        if not event.name:
            return
        if event.cut:
            reason = f"an event of more than {len(event.data):,} bytes"
            self._statuses.reject(event.data[:65_536], channel.place("stream").source, reason)
        elif event.name in {"update", "status.update"}:
            self._statuses.came(event.data, self._observed(at), channel.place("stream"))
            # while what came before the stream is still being asked for, a cursor past it would skip that
            if channel.live:
                channel.move(id_of(event.data), at)
        elif event.name == "delete":
            id_ = event.data.decode(errors="replace").strip()
            self._statuses.deleted(channel.instance.host, id_, self._observed(at))
        else:
            self._following.seen["unknown events"] += 1

    def _ended(self, channel: Channel, ended: Ended) -> None:
        instance, now = channel.instance, self._clock.monotonic()
        if channel.opened_at is not None and now - channel.opened_mono >= _HELD_SECONDS:
            channel.redial.healthy()
        self._hang_up(channel)
        if ended.status in {401, 403} and instance.token:
            self._token_refused(instance, f"{ended.reason}: the token is refused")
            return
        wait = max(channel.redial.next(), min(_seconds(ended.retry_after, self._clock.now()), LONGEST))
        channel.redial_at = now + wait
        log.warning(
            "mastodon: %s #%s: %s; asking meanwhile, next try in %.0f s", instance.host, channel.tag, ended.reason, wait
        )

    def _token_refused(self, instance: Followed, reason: str) -> None:
        """Without a token posts still come, by asking; the ledger says from when on."""
        log.warning("mastodon: %s: %s; asking without it until the next start", instance.host, reason)
        instance.token = ""
        for channel in self._on(instance):
            self._hang_up(channel)
            channel.good, channel.reason = False, f"{reason}; asking without it"
            self._judge(channel.tag)

    def _hang_up(self, channel: Channel) -> None:
        if channel.stream is not None:
            channel.stream.close()
            self._streams.pop(channel.stream_key, None)
        channel.stream, channel.opened_at, channel.live = None, None, False
        channel.due = min(channel.due, self._clock.monotonic())

    # --- answers

    def _answered(self, asked: Asked[Question]) -> None:
        question, answer = asked.question, asked.answer
        instance, channel = question.instance, question.channel
        instance.busy = False
        if answer is None:
            self._failed(instance, asked.trouble, instance.growing.next())
            return
        instance.pace.heard(answer.headers, self._clock.monotonic(), asked.at)
        if answer.status == 429:
            wait = answer.retry_after(asked.at)
            wait = until_reset(answer.headers, asked.at) if wait is None else wait
            self._failed(instance, "it asks us to wait (429)", max(wait or 0.0, instance.growing.next()))
        elif answer.status in {401, 403} and question.authorised:
            if instance.token:
                self._token_refused(instance, f"it answered {answer.status}: the token is refused")
        elif channel is None:
            self._about(instance, answer)
        elif 400 <= answer.status < 500:
            self._refused(channel, answer)
        elif answer.status != 200:
            self._failed(instance, f"it answered {answer.status}", instance.growing.next())
        else:
            self._page(channel, answer, asked)
        if channel is not None:
            self._judge(channel.tag)

    def _failed(self, instance: Followed, trouble: str, wait: float) -> None:
        """No usable answer: the instance is left alone for some time."""
        instance.pace.pause(self._clock.monotonic(), wait)
        log.warning("mastodon: %s: %s; next try in %.0f s", instance.host, trouble, wait)
        for channel in self._on(instance):
            if channel.live:
                continue
            channel.misses += 1
            # one answer that fails is made good by the next: it is asked for by id
            if channel.misses >= 2 or not channel.good:
                channel.good, channel.reason = False, trouble
                self._judge(channel.tag)

    def _about(self, instance: Followed, answer: Answer) -> None:
        found = about(answer.body, instance.base_url) if answer.status == 200 else None
        if found is not None:
            instance.about = found._replace(domain=found.domain or instance.host)
            instance.growing.healthy()
            if instance.token and not found.streaming:
                log.warning("mastodon: %s names no place to stream from; asking instead", instance.host)
        elif answer.status >= 500:
            self._failed(instance, f"it answered {answer.status}", instance.growing.next())
        elif instance.about_path.startswith("/api/v2"):
            instance.about_path = "/api/v1/instance"
        else:  # it will not say who it is; its timelines may be open all the same
            instance.about = About(instance.host, "")

    def _refused(self, channel: Channel, answer: Answer) -> None:
        channel.good = False
        channel.reason = f"it answered {answer.status} for #{channel.tag}{error_in(answer.body)}"
        channel.due = self._clock.monotonic() + _REFUSED_SECONDS
        log.warning("mastodon: %s: %s", channel.instance.host, channel.reason)

    def _page(self, channel: Channel, answer: Answer, asked: Asked[Question]) -> None:
        question, instance = asked.question, channel.instance
        try:
            page = page_of(answer.body)
        except BadRecord as error:
            kind = answer.headers.get("content-type", "nothing").partition(";")[0][:60]
            self._failed(instance, f"expected a JSON list, came {kind}: {error}", instance.growing.next())
            return
        instance.growing.healthy()
        channel.misses = 0
        place, observed = channel.place("timeline"), self._observed(asked.at)
        self._statuses.recall(page, observed, place)
        newest, missed = "", 0
        for body in reversed(page):
            since = None if question.after else self._look_back
            post = self._statuses.came(body, observed, place, since=since)
            missed += post is not None and _overdue(channel, post, asked.sent_at)
            newest = later(newest, id_of(body))
        if question.kind == "again":
            self._looked_again(channel, newest, len(page), missed)
        else:
            self._moved_on(channel, asked, newest, page)

    def _moved_on(self, channel: Channel, asked: Asked[Question], newest: str, page: Sequence[bytes]) -> None:
        """After a page of what is newer than what was there before."""
        now = self._clock.monotonic()
        caught_up = len(page) < PAGE // 2
        if not asked.question.after:
            # a first look: the newest page, and where that does not reach back far enough, forward from there
            oldest = written_at(page[-1]) if page else None
            timed = bool(page) and ids_tell_time(page[0])
            caught_up = len(page) < PAGE or not timed or oldest is None or oldest < self._look_back
            if timed:
                channel.mark(id_at(self._late()), EPOCH)
            if not caught_up:
                newest = id_at(self._look_back)
        before = channel.newest
        channel.move(newest, asked.at)
        if not caught_up and channel.newest != before:
            channel.due = now
            return
        channel.good, channel.reason, channel.ok_at = True, "", asked.sent_at
        if channel.opened_at is None:
            asking = sum(not one.live for one in self._on(channel.instance))
            channel.due = now + channel.instance.pace.interval(asking, self._settings.poll_seconds)
        elif asked.sent_at >= channel.opened_at:
            channel.live, channel.due = True, inf
        else:
            channel.due = now
        channel.again_at = channel.again_at or now + self._settings.recheck_seconds / 5

    def _looked_again(self, channel: Channel, newest: str, came: int, missed: int) -> None:
        now = self._clock.monotonic()
        channel.missed += missed
        if came >= PAGE // 2 and newest not in {"", channel.again_from}:
            channel.again_from = newest
            return
        missed, channel.missed = channel.missed, 0
        channel.again_from, channel.again_at = "", now + self._settings.recheck_seconds
        if missed and channel.live:
            self._following.seen["mute"] += 1
            reason = f"connected but silent: {missed} posts that its stream did not bring were there when asked for"
            log.warning("mastodon: %s #%s: %s", channel.instance.host, channel.tag, reason)
            opened = channel.opened_at
            self._hang_up(channel)
            channel.redial_at = now + channel.redial.next()
            if sum(one.good for one in self._of_tag[channel.tag]) < 2:
                for name, tags in self._following.tags.items():
                    if channel.tag in tags:
                        self._sights[name].lost(f"{channel.instance.host} #{channel.tag}: {reason}", opened)

    # --- coverage

    def _judge(self, tag: str) -> None:
        """A watch is seen while each of its hashtags is followed on at least one instance."""
        for name, tags in self._following.tags.items():
            if tag in tags:
                self._judge_watch(name, tags)

    def _judge_watch(self, name: str, tags: Sequence[str]) -> None:
        sight = self._sights[name]
        if self._behind:
            sight.lost(_TOO_SLOW)
            return
        missing: list[str] = []
        seen_until: list[datetime] = []
        whole = True
        for tag in tags:
            good = [channel for channel in self._of_tag[tag] if channel.good]
            times = [channel.ok_at for channel in good if channel.ok_at is not None]
            if times:
                seen_until.append(max(times))
                whole &= any(channel.held for channel in good)
            else:
                missing += [f"{one.instance.host}: {one.reason}" for one in self._of_tag[tag] if one.reason]
        if len(seen_until) < len(tags):
            if missing:
                sight.lost("; ".join(dict.fromkeys(missing))[:300])
            return
        at, start = min(seen_until), sight.good_at
        if sight.seeing:
            sight.alive(at)
        else:
            sight.opened(at)
            if whole and start is not None:
                sight.recovered(start, at, "made up for afterwards, by id")
        for tag in tags:
            for channel in self._of_tag[tag]:
                channel.held = channel.held or channel.good

    # --- batches

    def _observed(self, at: datetime) -> datetime:
        """When it was seen: when it came, or right after what has been promised to be complete."""
        return max(at, self._promised + MICROSECOND)

    def _full(self, happening: Happening | None) -> bool:
        """Whether the batch is to go now: nothing more is waiting, it is long, or a tick is due."""
        waiting = len(self._statuses.messages) + len(self._statuses.rejected)
        if waiting >= 500 or self._clock.monotonic() - self._ticked_at >= 1.0:
            return True
        # counted too: by a clock that stands still a tick would never be due
        self._quiet += 1 if happening is not None else 4
        return self._quiet >= 20 or (happening is None and waiting > 0)

    def _batch(self) -> Batch:
        messages, rejected = self._statuses.drained()
        for sight in self._sights.values():
            messages.extend(sight.due())
        now = self._promised if not self._queue.empty() else self._clock.now()
        sent = [one.observed_at for one in messages if isinstance(one, Post | Takedown | Engagement)]
        self._promised = max(now, self._promised + MICROSECOND, *sent)
        late = self._late()
        cursor = Cursor(
            at=self._promised,
            places={
                channel.name: Standing(newest=channel.newest, earlier=channel.earlier(late))
                for channel in self._channels
                if channel.newest
            },
            good={name: sight.good_at for name, sight in self._sights.items() if sight.good_at is not None},
        )
        tick = Tick(collector=self._following.name, at=self._promised)
        self._ticked_at, self._quiet = self._clock.monotonic(), 0
        return Batch([*messages, tick], rejected, msgspec.json.encode(cursor).decode())


def _overdue(channel: Channel, post: Post, asked_at: datetime) -> bool:
    """Whether asking brought what the stream should have brought before."""
    opened = channel.opened_at
    return channel.live and opened is not None and opened < post.created_at < asked_at - _MUTE_AFTER


def _seconds(retry_after: str, now: datetime) -> float:
    if retry_after.isdecimal():
        return float(retry_after[:6])
    return until_reset({"x-ratelimit-reset": retry_after}, now) or 0.0
