"""Mastodon statuses in the platform's own shape (4.6), by people who do not exist."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

BASE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOME = "https://velgrad.example"


def id_at(at: datetime) -> int:
    """As Mastodon makes ids: milliseconds, and 16 bits of its own."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) << 16


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def account(name: str = "mira", host: str = "", **changed: object) -> Json:
    """`host`: where it is from, as another instance shows it; "" on its own."""
    base = f"https://{host}" if host else HOME
    return {
        "id": "109000000000000001",
        "username": name,
        "acct": f"{name}@{host}" if host else name,
        "display_name": "Mira of Velgrad",
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": False,
        "group": False,
        "created_at": "2022-11-05T00:00:00.000Z",
        "note": "<p>Harbour, bridges, weather.</p>",
        "url": f"{base}/@{name}",
        "uri": f"{base}/users/{name}",
        "avatar": f"{base}/avatars/original/missing.png",
        "avatar_static": f"{base}/avatars/original/missing.png",
        "header": f"{base}/headers/original/missing.png",
        "header_static": f"{base}/headers/original/missing.png",
        "followers_count": 214,
        "following_count": 80,
        "statuses_count": 1200,
        "last_status_at": "2026-03-01",
        "hide_collections": None,
        "noindex": False,
        "emojis": [],
        "roles": [],
        "fields": [],
        **changed,
    }


def tag(name: str) -> Json:
    return {"name": name.lower(), "url": f"{HOME}/tags/{name.lower()}"}


def status(
    number: int,
    *,
    at: datetime | None = None,
    home: str = HOME,
    tags: tuple[str, ...] = ("Velgrad",),
    **changed: object,
) -> Json:
    """Written `number` seconds after `BASE`, unless said otherwise, on `home`."""
    written = at or BASE + timedelta(seconds=number)
    id_ = str(id_at(written) + number % 65_536)
    anchors = " ".join(
        f'<a href="{home}/tags/{name}" class="mention hashtag" rel="tag">#<span>{name}</span></a>' for name in tags
    )
    who = account("mira", "" if home == HOME else home.removeprefix("https://"))
    return {
        "id": id_,
        "created_at": iso(written),
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"{home}/users/mira/statuses/{id_}",
        "url": f"{home}/@mira/{id_}",
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None,
        "content": f"<p>The bridge is closed, number {number} {anchors}</p>",
        "filtered": [],
        "reblog": None,
        "application": {"name": "Web", "website": None},
        "account": who,
        "media_attachments": [],
        "mentions": [],
        "tags": [tag(name) for name in tags],
        "emojis": [],
        "quote": None,
        "card": None,
        "poll": None,
        **changed,
    }


def body(one: Json) -> bytes:
    return json.dumps(one, ensure_ascii=False).encode()
