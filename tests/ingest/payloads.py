"""Invented payloads in the platforms' shapes. Velgrad is no town, and nobody here exists."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ingest.formats.reading import EARLIEST, Span

Json = dict[str, Any]

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SPAN = Span(EARLIEST, NOW)
FIRST_ID = (1_795_168_800_000 - 1_288_834_974_657) << 22  #: an id X gives at ten o'clock that day


def body(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def v2_post(number: int, text: str = "", **more: object) -> Json:
    """One entry of `data`, at second `number` after ten."""
    return {
        "id": str(FIRST_ID + number),
        "text": text or f"Post {number} on the bridge #Velgrad",
        "author_id": "42",
        "created_at": f"2026-11-20T{10 + number // 3600}:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
        "entities": {"hashtags": [{"start": 0, "end": 8, "tag": "Velgrad"}]},
        **more,
    }


def v2_line(number: int, text: str = "", *, includes: Json | None = None, **more: object) -> Json:
    users = [{"id": "42", "username": "mira_k", "name": "Mira K", "public_metrics": {"followers_count": 7}}]
    return {
        "data": v2_post(number, text, **more),
        "includes": {"users": users, **(includes or {})},
        "matching_rules": [{"id": "1001", "tag": "secondsource:velgrad:0:00000000"}],
    }


def v2_repost(number: int, of: int) -> Json:
    original = v2_post(of)
    named = [{"type": "retweeted", "id": original["id"]}]
    return v2_line(number, "RT …", referenced_tweets=named, includes={"tweets": [original]})


def v1_status(number: int, text: str = "", **more: object) -> Json:
    return {
        "id": FIRST_ID + number,
        "id_str": str(FIRST_ID + number),
        "created_at": f"Fri Nov 20 10:{number // 60:02d}:{number % 60:02d} +0000 2026",
        "text": text or f"Post {number} #Velgrad",
        "user": {"id_str": "42", "screen_name": "mira_k", "name": "Mira K", "followers_count": 7},
        "entities": {"hashtags": [{"text": "Velgrad"}], "urls": [], "user_mentions": []},
        **more,
    }
