"""Decoding a post: msgspec (ours) beside pydantic, in one run on the same bytes."""

from __future__ import annotations

from datetime import datetime

import pydantic

from benchmarks.report import Report, measured
from benchmarks.stream import posts
from secondsource.contracts.messages import decode, encode


class PydanticAccount(pydantic.BaseModel):
    uid: str
    handle: str
    followers: int | None = None


class PydanticPost(pydantic.BaseModel):
    uid: str
    platform: str
    author: PydanticAccount
    text: str
    created_at: datetime
    observed_at: datetime
    collector: str
    watches: tuple[str, ...]
    repost_of: str = ""
    reply_to: str = ""
    hashtags: tuple[str, ...] = ()


def run(report: Report, scale: float) -> None:
    bodies = [encode(post) for post in posts(int(50_000 * scale))]
    with measured() as ours:
        for body in bodies:
            decode(body)
    with measured() as theirs:
        for body in bodies:
            PydanticPost.model_validate_json(body)
    report.add("decoding", "msgspec, typed (ours)", len(bodies) / ours.cpu, "posts/s/core")
    report.add("decoding", "pydantic 2, from JSON", len(bodies) / theirs.cpu, "posts/s/core")
    report.add("decoding", "ours against pydantic", theirs.cpu / ours.cpu, "times")
