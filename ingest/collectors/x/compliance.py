"""X asked, for all posts we keep, which of them are gone: its batch compliance job.

A job is created, the ids are uploaded as lines to an address X gives, and once it is complete X gives the address of
lines that say of each id that changed, how. The addresses carry their own permission: the token is not sent there.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from threading import Event
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import requests
import tweepy

from ingest.collectors.x.client import asked
from ingest.collectors.x.counts import numbered
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway

log = logging.getLogger(__name__)

IDS_A_JOB: Final = 100_000
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 5.0, 300.0
_GIVEN_UP_SECONDS = 6 * 3600.0
_TIMEOUT: Final = (10.0, 120.0)
_REASONS = frozenset({"deleted", "bounced", "protected", "suspended", "deactivated"})


class Gone(NamedTuple):
    """A post that must leave every place we put it. `at` is when it went, as far as X says."""

    uid: str
    reason: str
    at: datetime | None


class Jobs(Protocol):
    """What is used of tweepy's client, so that a test may stand in for it."""

    def create_compliance_job(self, type: str, *, name: str | None = None, resumable: bool | None = None) -> Any: ...  # noqa: A002 - tweepy's name
    def get_compliance_jobs(self, type: str) -> Any: ...  # noqa: A002 - tweepy's name
    def get_compliance_job(self, id: str) -> Any: ...  # noqa: A002 - tweepy's name


class _Row(msgspec.Struct):
    id: str | int
    reason: str = ""
    action: str = ""
    redacted_at: datetime | None = None
    created_at: datetime | None = None


_row = msgspec.json.Decoder(_Row)


def compliance(client: Jobs | tweepy.Client, uids: Iterable[str], clock: Clock, stop: Event) -> Iterator[Gone]:
    """What X says of these posts ("x:ID"), job by job of 100,000. `client` as `client.rest` makes it.

    A job of ours that an interrupted run has left behind, of just these ids, is taken up rather than made again.
    Ends early, without the rest, where `stop` is set; asking again is harmless.

    Raises:
        SourceAway: X refuses or cannot be reached, or a job fails or does not end in six hours.
    """
    ids = filter(None, map(numbered, uids))
    while chunk := list(itertools.islice(ids, IDS_A_JOB)):
        yield from _job(client, chunk, clock, stop)
        if stop.is_set():
            return


def _job(client: Jobs | tweepy.Client, ids: Sequence[str], clock: Clock, stop: Event) -> Iterator[Gone]:
    name = _name(ids)
    job = _standing(client, name)
    if job is None:
        answer = asked(client.create_compliance_job, "tweets", name=name, resumable=False)
        job = answer.get("data") or {}
    if job.get("status") == "created":
        _upload(str(job.get("upload_url")), ids)
    job = _complete(client, job, clock, stop)
    if job is not None:
        yield from _download(str(job.get("download_url")))


def _name(ids: Sequence[str]) -> str:
    """The same for the same ids: how a job is known again."""
    return f"secondsource-{hashlib.blake2b(' '.join(ids).encode(), digest_size=8).hexdigest()}"


def _standing(client: Jobs | tweepy.Client, name: str) -> dict[str, Any] | None:
    jobs = asked(client.get_compliance_jobs, "tweets").get("data") or ()
    return next(
        (job for job in jobs if job.get("name") == name and job.get("status") in {"created", "in_progress"}), None
    )


def _upload(url: str, ids: Sequence[str]) -> None:
    try:
        answer = requests.put(
            url, data="\n".join(ids).encode(), headers={"Content-Type": "text/plain"}, timeout=_TIMEOUT
        )
    except requests.RequestException as error:
        raise SourceAway(f"the ids for X's compliance job could not be sent: {type(error).__name__}") from error
    if not answer.ok:
        raise SourceAway(f"the ids for X's compliance job were refused: {answer.status_code}")


def _complete(client: Jobs | tweepy.Client, job: dict[str, Any], clock: Clock, stop: Event) -> dict[str, Any] | None:
    """The job once X has done it; None where `stop` came first."""
    wait, waited = _FIRST_POLL_SECONDS, 0.0
    while True:
        job = asked(client.get_compliance_job, str(job.get("id"))).get("data") or {}
        if job.get("status") == "complete":
            return job
        if job.get("status") == "failed" or waited > _GIVEN_UP_SECONDS:
            raise SourceAway(f"X's compliance job {job.get('id')} is {job.get('status')} after {waited:.0f} s")
        if clock.wait(wait, stop):
            return None
        waited += wait
        wait = min(2 * wait, _LONGEST_POLL_SECONDS)


def _download(url: str) -> Iterator[Gone]:
    skipped = 0
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT) as answer:
            if not answer.ok:
                raise SourceAway(f"the result of X's compliance job was refused: {answer.status_code}")
            for line in answer.iter_lines():
                gone = to_gone(line) if line.strip() else None
                skipped += bool(line.strip()) and gone is None
                if gone is not None:
                    yield gone
    except requests.RequestException as error:
        raise SourceAway(f"the result of X's compliance job broke off: {type(error).__name__}") from error
    if skipped:
        log.info("x: %d lines of the compliance job ask for nothing here (no deletion, or not readable)", skipped)


def to_gone(line: bytes) -> Gone | None:
    """One line of the result; None where it asks for nothing: we keep no places (scrub_geo), or it cannot be read."""
    try:
        row = _row.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if row.reason not in _REASONS:
        return None
    return Gone(f"x:{row.id}", row.reason, row.redacted_at or row.created_at)
