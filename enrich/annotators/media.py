"""The pictures of a post: fetched safely, fingerprinted, each once however many posts carry it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from enrich.annotator import Tags
from enrich.looking import Clip, Keeping, Looker, Reading, Recognising, Watch
from enrich.media.fetch import Fetched
from enrich.media.pictures import KEY_FRAMES, NO_VIDEO, Unusable
from enrich.memo import Memo
from secondsource.contracts import bounds
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import MediaRef, Picture, Post, Struct

_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".heic", ".heif")


_TOGETHER = 128  # pictures that are fetched, then recognised: half a megabyte each in between
_KEPT_FOR = 60.0  # seconds for which what is kept of a picture is not asked for again


class MediaLimits(Struct, frozen=True, kw_only=True):
    max_pixels: int = bounds.PICTURE_PIXELS  #: of one picture, before it is decoded
    threads: int = bounds.FETCHED_AT_ONCE  #: pictures fetched at a time
    remembered: int = 20_000  #: links whose picture is remembered
    retry_unavailable_seconds: float = 600.0  #: for so long a link that failed is not asked again
    key_frames: int = KEY_FRAMES  #: of one animation
    batch_seconds: float = 120.0  #: for the pictures of one batch; a broker gives a stage up that is silent for longer


class Fetching(Protocol):
    def fetch(self, url: str) -> Fetched: ...


class FetchingOff:
    """For deployments that fetch no pictures."""

    def fetch(self, url: str) -> Fetched:  # noqa: ARG002 -- every link gets the same answer
        return Fetched("unavailable", reason="fetching of pictures is turned off")


class MediaAnnotator:
    """The pictures of a post: one for each media reference, in their order, then the later frames of those that move.

    A picture that fails never fails its post. `kept` takes what is to be kept of pictures, `clip` reads videos,
    `reader` what is written in pictures; `archive` knows those that are seen in others, and is asked for what moves by
    what `watch` sees of it.
    """

    fills = "pictures"

    def __init__(
        self,
        fetcher: Fetching,
        clock: Clock,
        limits: MediaLimits | None = None,
        *,
        kept: Keeping | None = None,
        clip: Clip | None = None,
        reader: Reading | None = None,
        archive: Recognising | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits or MediaLimits()
        self._looker = Looker(
            max_pixels=self._limits.max_pixels,
            key_frames=self._limits.key_frames,
            kept=kept,
            clip=clip,
            reader=reader,
            archive=archive,
            watch=watch,
        )
        self._pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="media")
        self._by_url: Memo[tuple[str, str], tuple[Picture, ...]] = Memo(self._limits.remembered)
        self._failed: dict[tuple[str, str], tuple[float, tuple[Picture, ...]]] = {}
        self._by_bytes: Memo[str, tuple[Picture, ...] | Unusable] = Memo(self._limits.remembered)
        self._kept_until: Memo[str, float] = Memo(self._limits.remembered)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[tuple[Picture, ...]]:  # noqa: ARG002 -- pictures speak for themselves
        """Raises SourceAway where we were asked to end meanwhile, or what is to be kept cannot be."""
        # In order of event time, so that what is found in which does not depend on how a batch was put together.
        ordered = sorted((post for post in posts if post.media), key=lambda post: (post.observed_at, post.uid))
        wanted: dict[tuple[str, str], MediaRef] = {(ref.url, ref.kind): ref for post in ordered for ref in post.media}
        if not wanted:
            return [()] * len(posts)
        known = {key: found for key in wanted if (found := self._recall(key)) is not None}
        missing = [key for key in wanted if key not in known]
        until = self._clock.monotonic() + self._limits.batch_seconds
        self._looker.forget()
        # Some at a time: what is seen of each waits in memory until those before it are recognised.
        for start in range(0, len(missing), _TOGETHER):
            some = missing[start : start + _TOGETHER]
            turns = _by_turns(some)
            looked = dict(zip(turns, self._pool.map(lambda key: self._look(wanted[key], until), turns), strict=True))
            for key in some:
                known[key] = self._looker.recognise(looked[key])
                self._keep(key, known[key])
        return [_in_order([known[ref.url, ref.kind] for ref in post.media]) for post in posts]

    def _recall(self, key: tuple[str, str]) -> tuple[Picture, ...] | None:
        until, found = self._failed.get(key, (0.0, None))
        if found is not None and self._clock.monotonic() < until:
            return found
        remembered = self._by_url.get(key)
        return remembered if remembered is not None and self._still_kept(remembered) else None

    def _still_kept(self, pictures: tuple[Picture, ...]) -> bool:
        """Remembered pictures of which something is missing are looked at again, as if they were new."""
        now = self._clock.monotonic()
        if now < (self._kept_until.get(pictures[0].id) or 0.0):
            return True
        if not self._looker.keeps(pictures):
            return False
        self._kept_until.put(pictures[0].id, now + _KEPT_FOR)
        return True

    def _keep(self, key: tuple[str, str], found: tuple[Picture, ...]) -> None:
        self._failed.pop(key, None)
        if found[0].state != "unavailable":
            self._by_url.put(key, found)
            return
        if len(self._failed) >= self._limits.remembered:
            self._failed.clear()
        self._failed[key] = (self._clock.monotonic() + self._limits.retry_unavailable_seconds, found)

    def _look(self, ref: MediaRef, until: float) -> tuple[Picture, ...]:
        if ref.kind != "image" and not self._looker.sees_clips and not _names_a_picture(ref):
            return _without_bytes(ref, "unavailable", NO_VIDEO)
        if self._clock.monotonic() > until:
            return _without_bytes(ref, "unavailable", "other pictures took all the time there was")
        fetched = self._fetcher.fetch(ref.url)
        if fetched.state == "stopped":
            raise SourceAway("asked to end while pictures were fetched; the posts are left for the next start")
        if fetched.state != "fetched":
            return _without_bytes(ref, fetched.state, fetched.reason)
        digest = sha256(fetched.body).hexdigest()
        found = self._by_bytes.get(digest)
        if found is None or not (isinstance(found, Unusable) or self._still_kept(found)):
            found = self._looker.look(fetched.body)
            self._by_bytes.put(digest, found)
        if isinstance(found, Unusable):
            return _without_bytes(ref, "unavailable" if found.reason == NO_VIDEO else "refused", found.reason)
        return tuple(msgspec.structs.replace(picture, url=ref.url, kind=ref.kind) for picture in found)


def _by_turns(keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first of each host, then the second of each, and so on: a slow host must not stand before all others."""
    seen: Counter[str] = Counter()
    turns = []
    for url, kind in keys:
        host = url[:300].partition("//")[2].partition("/")[0]
        turns.append((seen[host], (url, kind)))
        seen[host] += 1
    return [key for _, key in sorted(turns, key=lambda turn: turn[0])]


def _in_order(found: Sequence[tuple[Picture, ...]]) -> tuple[Picture, ...]:
    """First each reference's picture, so that they stand as the references do, then the later frames."""
    firsts = tuple(pictures[0] for pictures in found)
    return firsts + tuple(later for pictures in found for later in pictures[1:])


def _names_a_picture(ref: MediaRef) -> bool:
    """Whether a video's or animation's link is to its preview picture."""
    try:
        path = urlsplit(ref.url).path.lower()
    except ValueError:
        return False
    return path.endswith(_PICTURE_ENDINGS) or (ref.kind == "gif" and path.endswith(".gif"))


def _without_bytes(ref: MediaRef, state: Literal["unavailable", "refused"], reason: str) -> tuple[Picture, ...]:
    name = sha256(ref.url.encode("utf-8", "replace")).hexdigest()
    return (Picture(id=name, url=ref.url, state=state, reason=reason, kind=ref.kind),)
