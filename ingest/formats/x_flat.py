"""X API v2 posts with everything inside, one a line: as 4CAT keeps them, and as `twarc flatten` writes them.

Each is put back into the shape X sends (`data` beside `includes`) and read as that.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.formats.reading import FAULTS, Part, Refused, Span, unreadable, without_nul
from ingest.formats.x_v2 import XV2
from secondsource.contracts.errors import BadRecord

_anything = msgspec.json.Decoder(dict[str, Any])
_AUTHORS = ("author_user", "author")


class XFlat:
    """Files of posts that hold their author."""

    def __init__(self, collector: str, span: Span) -> None:
        self._inner = XV2(collector, span)

    def times(self, body: bytes) -> list[int | None]:
        return self._inner.times(b'{"data":' + without_nul(body) + b"}")

    def parts(self, body: bytes) -> list[Part | Refused]:
        try:
            post = _anything.decode(without_nul(body))
        except FAULTS as error:
            raise unreadable(error, body) from error
        return self._inner.parts(_enveloped(post))


def _enveloped(post: dict[str, Any]) -> bytes:
    users: list[Any] = []
    media: list[Any] = []
    others: list[Any] = []
    try:
        _taken_out(post, users, media)
        for reference in post.get("referenced_tweets") or ():
            if reference.get("text") is not None:
                _taken_out(reference, users, media)
                others.append({name: value for name, value in reference.items() if name != "type"})
        post["referenced_tweets"] = [
            {"type": reference.get("type", ""), "id": reference.get("id")}
            for reference in post.get("referenced_tweets") or ()
        ]
    except (AttributeError, TypeError) as error:
        raise BadRecord(f"expected a post of API v2 with its author inside: {error}") from error
    return msgspec.json.encode({"data": post, "includes": {"users": users, "media": media, "tweets": others}})


def _taken_out(post: dict[str, Any], users: list[Any], media: list[Any]) -> None:
    """Its author and media go where X has them; what it was not told of stays an id."""
    for name in _AUTHORS:
        author = post.pop(name, None)
        if isinstance(author, dict) and "id" in author:
            users.append(author)
    attached = post.get("attachments") or {}
    found = [*(attached.get("media_keys") or ()), *(attached.pop("media", None) or ())]
    media.extend(one for one in found if isinstance(one, dict))
    if "media_keys" in attached or found:
        keys = [one.get("media_key") if isinstance(one, dict) else one for one in found]
        attached["media_keys"] = list(dict.fromkeys(key for key in keys if key))
        post["attachments"] = attached
    post.pop("geo", None)
