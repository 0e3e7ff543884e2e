"""The pictures of a post: fetched safely, fingerprinted, each once however many posts carry it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Lock
from typing import Protocol
from urllib.parse import urlsplit

from enrich.annotator import Tags
from enrich.fetch import Fetched
from enrich.memo import Memo
from enrich.pictures import Fingerprint, Unusable, fingerprint
from secondsource.contracts import bounds
from secondsource.contracts.clock import Clock
from secondsource.contracts.messages import MediaRef, Picture, Post, Struct

_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp")
_NO_VIDEO = "video not fingerprinted yet"


class MediaLimits(Struct, frozen=True, kw_only=True):
    max_pixels: int = bounds.PICTURE_PIXELS  #: of one picture, before it is decoded
    threads: int = bounds.FETCHED_AT_ONCE  #: pictures fetched at a time
    remembered: int = 20_000  #: links whose picture is remembered
    retry_unavailable_seconds: float = 600.0  #: for so long a link that failed is not asked again


class Fetching(Protocol):
    def fetch(self, url: str) -> Fetched: ...


class FetchingOff:
    """For deployments that fetch no pictures."""

    def fetch(self, url: str) -> Fetched:  # noqa: ARG002 -- every link gets the same answer
        return Fetched("unavailable", reason="fetching of pictures is turned off")


class MediaAnnotator:
    """One `Picture` for each media reference of a post, in their order. A picture that fails never fails its post."""

    fills = "pictures"

    def __init__(self, fetcher: Fetching, clock: Clock, limits: MediaLimits | None = None) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits or MediaLimits()
        self._pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="media")
        self._by_url: Memo[tuple[str, str], Picture] = Memo(self._limits.remembered)
        self._failed: dict[tuple[str, str], tuple[float, Picture]] = {}
        self._by_bytes: Memo[str, Fingerprint | Unusable] = Memo(self._limits.remembered)
        self._alone = Lock()  # of a large picture being decoded

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[tuple[Picture, ...]]:  # noqa: ARG002 -- pictures speak for themselves
        wanted = {(ref.url, ref.kind): ref for post in posts for ref in post.media}
        if not wanted:
            return [()] * len(posts)
        known = {key: picture for key in wanted if (picture := self._recall(key)) is not None}
        missing = [key for key in wanted if key not in known]
        for key, picture in zip(missing, self._pool.map(self._look, (wanted[key] for key in missing)), strict=True):
            known[key] = picture
            self._keep(key, picture)
        return [tuple(known[ref.url, ref.kind] for ref in post.media) for post in posts]

    def _recall(self, key: tuple[str, str]) -> Picture | None:
        until, picture = self._failed.get(key, (0.0, None))
        if picture is not None and self._clock.monotonic() < until:
            return picture
        return self._by_url.get(key)

    def _keep(self, key: tuple[str, str], picture: Picture) -> None:
        self._failed.pop(key, None)
        if picture.state != "unavailable":
            self._by_url.put(key, picture)
            return
        if len(self._failed) >= self._limits.remembered:
            self._failed.clear()
        self._failed[key] = (self._clock.monotonic() + self._limits.retry_unavailable_seconds, picture)

    def _look(self, ref: MediaRef) -> Picture:
        if ref.kind != "image" and not _names_a_picture(ref):
            return _without_bytes(ref, Fetched("unavailable", reason=_NO_VIDEO))
        fetched = self._fetcher.fetch(ref.url)
        if fetched.state != "fetched":
            return _without_bytes(ref, fetched)
        digest = sha256(fetched.body).hexdigest()
        result = self._by_bytes.get(digest)
        if result is None:
            result = fingerprint(fetched.body, max_pixels=self._limits.max_pixels, alone=self._alone)
            self._by_bytes.put(digest, result)
        if isinstance(result, Unusable):
            if result.reason == _NO_VIDEO:
                return _without_bytes(ref, Fetched("unavailable", reason=_NO_VIDEO))
            return _without_bytes(ref, Fetched("refused", reason=result.reason))
        return Picture(
            id=digest,
            url=ref.url,
            state="fingerprinted",
            pdq=result.pdq,
            quality=result.quality,
            width=result.width,
            height=result.height,
            kind=ref.kind,
        )


def _names_a_picture(ref: MediaRef) -> bool:
    """Whether a video's or animation's link is to its preview picture."""
    try:
        path = urlsplit(ref.url).path.lower()
    except ValueError:
        return False
    return path.endswith(_PICTURE_ENDINGS) or (ref.kind == "gif" and path.endswith(".gif"))


def _without_bytes(ref: MediaRef, fetched: Fetched) -> Picture:
    assert fetched.state != "fetched"
    name = sha256(ref.url.encode("utf-8", "replace")).hexdigest()
    return Picture(id=name, url=ref.url, state=fetched.state, reason=fetched.reason, kind=ref.kind)
